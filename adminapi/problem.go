package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
)

// problem is an error as the client sees it: the problem details of RFC 9457, with the members of this package.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`

	Field              string           `json:"field,omitempty"`
	LifetimeSeconds    json.Number      `json:"lifetime_seconds,omitempty"`
	NoExpiration       bool             `json:"no_expiration,omitempty"`
	MaxLifetimeSeconds json.Number      `json:"max_lifetime_seconds,omitempty"`
	TokenID            apitoken.TokenID `json:"token_id,omitzero"`
}

func (p *problem) Error() string { return p.Code + ": " + p.Detail }

func newProblem(status int, code, detail string) problem {
	return problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// retryAfter is the Retry-After of an answer that the store could not give, in seconds.
const retryAfter = "5"

// The problems that carry nothing of the request.
var (
	unauthenticated      = newProblem(http.StatusUnauthorized, "unauthenticated", "Sign in to use this.")
	denied               = newProblem(http.StatusForbidden, "denied", "You may not do this.")
	methodNotAllowed     = newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "The header Allow lists the methods of this path.")
	preconditionFailed   = newProblem(http.StatusPreconditionFailed, "precondition_failed", "This is not as If-Match wants it: read it again.")
	tooLarge             = newProblem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("The body is longer than %d bytes.", maxBody))
	unsupportedMediaType = newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body has to be application/json in UTF-8, not compressed.")
	unavailable          = newProblem(http.StatusServiceUnavailable, "unavailable", "This cannot be answered at the moment. Nothing was done.")
	invalidRequest       = newProblem(http.StatusUnprocessableEntity, "invalid", "")
	lifetimeOverMaximum  = newProblem(http.StatusUnprocessableEntity, "lifetime_over_maximum", "")
)

// answers gives each error of the Manager its problem. The first that applies is the answer, so trouble comes before the
// verdict that it kept from being recorded, a verdict before the doubt whether it was recorded, and a special case before
// what it is a case of.
var answers = []struct {
	err     error
	problem problem
}{
	{apitoken.ErrUnavailable, unavailable},
	{apitoken.ErrLifetime, lifetimeOverMaximum},
	{apitoken.ErrInvalid, invalidRequest},
	{apitoken.ErrUserDisabled, newProblem(http.StatusConflict, "user_disabled", "The user is disabled and can have no tokens.")},
	{apitoken.ErrDenied, denied},
	{apitoken.ErrNotFound, newProblem(http.StatusNotFound, "not_found", "There is no such thing, or none that you may know of.")},
	{apitoken.ErrUncertain, newProblem(http.StatusServiceUnavailable, "outcome_unknown", "This may have been done or not: look before you repeat it.")},
	{apitoken.ErrRepeated, newProblem(http.StatusConflict, "repeated", "This was done before, and the token that came of it is in use.")},
	{apitoken.ErrExists, newProblem(http.StatusConflict, "exists", "The user has a token of this name that is neither expired nor revoked.")},
	{apitoken.ErrConflict, newProblem(http.StatusConflict, "conflict", "This changed in the meantime: ask again.")},
}

// problemOf is what the client is told of an error. An error that is none of the Manager's is trouble.
func problemOf(err error) *problem {
	var own *problem
	if errors.As(err, &own) {
		return own
	}
	p := unavailable
	for _, a := range answers {
		if errors.Is(err, a.err) {
			p = a.problem
			break
		}
	}
	switch p.Code {
	case invalidRequest.Code:
		p.explainInvalid(err)
	case lifetimeOverMaximum.Code:
		p.explainLifetime(err)
	}
	return &p
}

// explainInvalid tells the field and its limit, without what was attempted.
func (p *problem) explainInvalid(err error) {
	var invalid *apitoken.InvalidError
	if !errors.As(err, &invalid) {
		p.Detail = err.Error()
		return
	}
	p.Field = wireName(invalid.Field)
	p.Detail = p.Field + " " + invalid.Problem
}

// wireNames are the names that a request has for the fields of the Manager, where they differ.
var wireNames = map[string]string{
	"user id":          "id",
	"user name":        "name",
	"lifetime":         "lifetime_seconds",
	"expiry":           "expires_at",
	"idempotency key":  "Idempotency-Key",
	"maximum lifetime": "max_lifetime_seconds",
}

func wireName(field string) string {
	if name, differs := wireNames[field]; differs {
		return name
	}
	return strings.ReplaceAll(field, " ", "_")
}

func (p *problem) explainLifetime(err error) {
	var over *apitoken.LifetimeError
	if !errors.As(err, &over) {
		p.Detail = apitoken.ErrLifetime.Error()
		return
	}
	p.Field, p.Detail = "lifetime_seconds", over.Error()
	p.MaxLifetimeSeconds = secondsOf(over.Max)
	if over.Requested == apitoken.NoExpiration {
		p.Field, p.NoExpiration = "no_expiration", true
		return
	}
	p.LifetimeSeconds = secondsOf(over.Requested)
}

// inQuery makes the problem name the query parameter that the Manager refuses. It is for routes whose parameters are called as
// the Manager calls them.
func inQuery(err error) error {
	var refused *apitoken.InvalidError
	if !errors.As(err, &refused) {
		return err
	}
	p := problemOf(err)
	p.Field = refused.Field
	return p
}

// malformed refuses what cannot be read: 400.
func malformed(field, format string, args ...any) error {
	return about(newProblem(http.StatusBadRequest, "malformed", ""), field, format, args...)
}

// invalid refuses what can be read and is not allowed: 422.
func invalid(field, format string, args ...any) error {
	return about(invalidRequest, field, format, args...)
}

func about(p problem, field, format string, args ...any) error {
	p.Field = shortened(field)
	p.Detail = fmt.Sprintf(format, args...)
	if field != "" {
		p.Detail = p.Field + " " + p.Detail
	}
	return &p
}

// shortened keeps a name that the client made up, which may be no text at all, from filling the answer.
func shortened(name string) string {
	const most = 64
	name = strings.ToValidUTF8(name, "?")
	if len(name) <= most {
		return name
	}
	end := most
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + "..."
}
