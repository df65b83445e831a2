package apitoken

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The errors that a caller tells apart, with [errors.Is]. Every error of this package wraps at least one of them.
var (
	// ErrInvalid says that the request itself is wrong; an [InvalidError] names the field and its limit. Nothing was changed.
	ErrInvalid error = &sentinel{text: "invalid"}

	// ErrLifetime says that the lifetime asked for is over the maximum; a [LifetimeError] carries both. It is [ErrInvalid].
	ErrLifetime error = &sentinel{text: "lifetime over the maximum", is: ErrInvalid}

	// ErrDenied says that the [Actor] may not do this. The denial is on record as an [Event].
	ErrDenied error = &sentinel{text: "denied"}

	// ErrNotFound says that there is no such user or token, or none that the actor may know of.
	ErrNotFound error = &sentinel{text: "not found"}

	// ErrExists says that the owner already has a live token of that name.
	ErrExists error = &sentinel{text: "exists already"}

	// ErrRepeated says that the same request was done before, and that the token that it generated then is in use. It is
	// [ErrExists].
	ErrRepeated error = &sentinel{text: "done before, and the token is in use", is: ErrExists}

	// ErrConflict says that what was to be changed has changed in the meantime: read it again and decide anew.
	ErrConflict error = &sentinel{text: "changed in the meantime"}

	// ErrUnavailable says that the store is in trouble. It is no verdict on a token: answer 503, not 401.
	ErrUnavailable error = &sentinel{text: "store unavailable"}

	// ErrUncertain says that a write may or may not have been done, because the answer to its commit was lost.
	ErrUncertain error = &sentinel{text: "outcome unknown"}

	// ErrUnauthenticated is every refusal of [Manager.Authenticate]. Tell the client no more than this; the causes
	// below are for logs and tests.
	ErrUnauthenticated error = &sentinel{text: "unauthenticated"}

	// ErrMalformed says that the text is not a token of this prefix: length, alphabet or checksum is wrong.
	ErrMalformed error = &sentinel{text: "malformed token", is: ErrUnauthenticated}

	// ErrUnknownToken says that the text is well formed and nobody's token.
	ErrUnknownToken error = &sentinel{text: "unknown token", is: ErrUnauthenticated}

	// ErrExpired says that the token has reached its end.
	ErrExpired error = &sentinel{text: "token expired", is: ErrUnauthenticated}

	// ErrRevoked says that the token was revoked, alone or with all tokens of its owner.
	ErrRevoked error = &sentinel{text: "token revoked", is: ErrUnauthenticated}

	// ErrUserDisabled says that the owner is disabled: his tokens are revoked, and none can be generated for him.
	// It is [ErrRevoked].
	ErrUserDisabled error = &sentinel{text: "user disabled", is: ErrRevoked}
)

// reasons are the words for what is under an error. The first that applies is the reason, so trouble comes before the verdict
// that it kept from being recorded, a verdict before the doubt whether it was recorded, and a special case before what it is
// a case of.
var reasons = []struct {
	err  error
	word string
}{
	{ErrUnavailable, "unavailable"},
	{ErrMalformed, "malformed"},
	{ErrUnknownToken, "unknown"},
	{ErrExpired, "expired"},
	{ErrUserDisabled, "user_disabled"},
	{ErrRevoked, "revoked"},
	{ErrUnauthenticated, "unauthenticated"},
	{ErrLifetime, "lifetime_over_maximum"},
	{ErrInvalid, "invalid"},
	{ErrDenied, "denied"},
	{ErrNotFound, "not_found"},
	{ErrUncertain, "outcome_unknown"},
	{ErrRepeated, "repeated"},
	{ErrExists, "exists"},
	{ErrConflict, "conflict"},
}

// Reason is one word for the sentinel under an error: "expired", "revoked", "user_disabled", "unknown", "malformed",
// "unauthenticated", "denied", "not_found", "invalid", "lifetime_over_maximum", "exists", "repeated", "conflict",
// "unavailable" or "outcome_unknown". [ErrUnavailable] because the caller gave up, as far as the store's error says so, is "canceled". No
// error is the empty string, and an error of somebody else "other".
//
// The words are stable, and more come only with more sentinels.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	if errors.Is(err, ErrUnavailable) && errors.Is(err, context.Canceled) {
		return "canceled"
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.word
		}
	}
	return "other"
}

// sentinel is an error that may be a special case of another.
type sentinel struct {
	text string
	is   error
}

func (s *sentinel) Error() string { return s.text }
func (s *sentinel) Unwrap() error { return s.is }

// InvalidError says which part of a request is wrong, so that a form can show it there. It is [ErrInvalid]; but not every
// ErrInvalid is one: a [LifetimeError] is another.
type InvalidError struct {
	Field   string // in lower-case words, such as "name" and "token id"
	Problem string // what is wrong with it, and the limit: "is empty"
}

// Error says both.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s: %s: %s", ErrInvalid, e.Field, e.Problem)
}

// Unwrap makes the error an [ErrInvalid].
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// LifetimeError refuses a lifetime and carries the limit, so that a form can offer what is allowed. It is [ErrLifetime].
type LifetimeError struct {
	Requested time.Duration // what was asked for; NoExpiration: a token without end
	Max       time.Duration // the longest lifetime that would have been given
}

// Error says what was asked for and what is allowed.
func (e *LifetimeError) Error() string {
	return fmt.Sprintf("%s: %s requested, at most %s allowed", ErrLifetime, lifetimeText(e.Requested), lifetimeText(e.Max))
}

// Unwrap makes the error an [ErrLifetime].
func (e *LifetimeError) Unwrap() error { return ErrLifetime }

// lifetimeText writes a lifetime the way people say it: in days where it is whole days.
func lifetimeText(d time.Duration) string {
	switch {
	case d == NoExpiration:
		return "no expiration"
	case d == day:
		return "1 day"
	case d > 0 && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	default:
		return d.String()
	}
}

// invalid says which field is wrong and how.
func invalid(field, format string, args ...any) error {
	return &InvalidError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// storeSentinels are the answers of a Store that say something about the request and not about the store.
var storeSentinels = [...]error{ErrNotFound, ErrExists, ErrConflict, ErrUncertain, ErrUnavailable}

// storeError passes on what a Store answered, and makes ErrUnavailable of everything that is no answer.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	for _, s := range storeSentinels {
		if errors.Is(err, s) {
			return err
		}
	}
	return unavailable(err)
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }
