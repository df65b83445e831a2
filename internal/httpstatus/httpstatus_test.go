package httpstatus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/httpstatus"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"no error", nil, 200},
		{"unavailable", apitoken.ErrUnavailable, 503},
		{"cancelled", fmt.Errorf("%w: %w", apitoken.ErrUnavailable, context.Canceled), 503},
		{"a denial that could not be recorded", fmt.Errorf("%w, and %w", apitoken.ErrDenied, apitoken.ErrUnavailable), 503},
		{"invalid", &apitoken.InvalidError{Field: "name"}, 422},
		{"lifetime", &apitoken.LifetimeError{}, 422},
		{"owner disabled", apitoken.ErrUserDisabled, 409},
		{"expired", apitoken.ErrExpired, 401},
		{"denied", apitoken.ErrDenied, 403},
		{"not found", apitoken.ErrNotFound, 404},
		{"uncertain", apitoken.ErrUncertain, 503},
		{"exists", apitoken.ErrExists, 409},
		{"repeated", apitoken.ErrRepeated, 409},
		{"too many", apitoken.ErrTooMany, 409},
		{"conflict", apitoken.ErrConflict, 409},
		{"truncated", &apitoken.TruncatedError{First: 7}, 410},
		{"another error", errors.New("disk full"), 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err != nil {
				c.err = fmt.Errorf("apitoken: token.generate: %w", c.err)
			}
			if got := httpstatus.Of(c.err); got != c.want {
				t.Errorf("status is %d, want %d", got, c.want)
			}
		})
	}
}
