// Package httpstatus maps the errors of package apitoken to HTTP statuses, once for all adapters.
package httpstatus

import (
	"errors"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// statuses is in order of precedence: store failures, then decisions, then unknown outcomes; specific causes before general
// ones. A denial that could not be recorded is therefore 503.
var statuses = []struct {
	err    error
	status int
}{
	{apitoken.ErrUnavailable, http.StatusServiceUnavailable},
	{apitoken.ErrInvalid, http.StatusUnprocessableEntity},
	{apitoken.ErrUserDisabled, http.StatusConflict},
	{apitoken.ErrSuspended, http.StatusConflict},
	{apitoken.ErrUnauthenticated, http.StatusUnauthorized},
	{apitoken.ErrDenied, http.StatusForbidden},
	{apitoken.ErrNotFound, http.StatusNotFound},
	{apitoken.ErrUncertain, http.StatusServiceUnavailable},
	{apitoken.ErrExists, http.StatusConflict},
	{apitoken.ErrTooMany, http.StatusConflict},
	{apitoken.ErrConflict, http.StatusConflict},
	{apitoken.ErrTruncated, http.StatusGone},
}

// Of returns the status for an error of a method of [apitoken.Manager]; 200 for nil. An error that the Manager does not
// document is 503.
func Of(err error) int {
	if err == nil {
		return http.StatusOK
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	return http.StatusServiceUnavailable
}
