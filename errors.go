package apitoken

import (
	"context"
	"errors"
	"fmt"
)

// The errors that a caller distinguishes with [errors.Is]. Every error of this package wraps at least one of them.
var (
	// ErrInvalid means that the request is wrong. An [InvalidError] names the field and its limit. Nothing was changed.
	ErrInvalid error = &sentinel{text: "invalid"}

	// ErrLifetime means that the requested lifetime exceeds the maximum. A [LifetimeError] carries both. It is [ErrInvalid].
	ErrLifetime error = &sentinel{text: "lifetime over the maximum", is: ErrInvalid}

	// ErrDenied means that the [Actor] lacks a permission. The denial is recorded as an [Event].
	ErrDenied error = &sentinel{text: "denied"}

	// ErrNotFound means that the user or token does not exist, or that the actor may not know of it.
	ErrNotFound error = &sentinel{text: "not found"}

	// ErrExists means that the owner already has an active token of that name.
	ErrExists error = &sentinel{text: "exists already"}

	// ErrRepeated means that the same request generated a token before, which has been used since. It is [ErrExists].
	ErrRepeated error = &sentinel{text: "done before, and the token is in use", is: ErrExists}

	// ErrTooMany means that the owner has as many active tokens as [Options.MaxActivePerOwner] allows, or as many open offers as
	// [Manager.Offer] allows. A [TooManyError] carries that number.
	ErrTooMany error = &sentinel{text: "too many active tokens"}

	// ErrConflict means that the object of the change has changed in the meantime. Read it again and decide anew.
	ErrConflict error = &sentinel{text: "changed in the meantime"}

	// ErrTruncated means that events after the cursor of a reader have been removed, so that it would miss them. A
	// [TruncatedError] carries the first event that is kept. See [Manager.Sweep].
	ErrTruncated error = &sentinel{text: "events have been removed"}

	// ErrUnavailable means that the store failed. It says nothing about a token: respond with 503, not 401.
	ErrUnavailable error = &sentinel{text: "store unavailable"}

	// ErrAborted means that the database has rolled back the host's own transaction, or can only do that, because of a deadlock
	// or a serialization failure: see [Manager.WithStore]. Roll back and start again. It is [ErrUnavailable].
	ErrAborted error = &sentinel{text: "transaction aborted", is: ErrUnavailable}

	// ErrUncertain means that a write may or may not have been committed, because the response to its commit was lost.
	ErrUncertain error = &sentinel{text: "outcome unknown"}

	// ErrUnauthenticated is every refusal of [Manager.Authenticate]. Tell the client no more than this. The causes below are
	// for logs and tests.
	ErrUnauthenticated error = &sentinel{text: "unauthenticated"}

	// ErrMalformed means that the text is not a token of this Manager, by its prefix, length, alphabet or checksum, and that
	// no [ForeignFormat] accepts it.
	ErrMalformed error = &sentinel{text: "malformed token", is: ErrUnauthenticated}

	// ErrUnknownToken means that the text is well formed and is not a stored token.
	ErrUnknownToken error = &sentinel{text: "unknown token", is: ErrUnauthenticated}

	// ErrExpired means that the token has expired.
	ErrExpired error = &sentinel{text: "token expired", is: ErrUnauthenticated}

	// ErrRevoked means that the token was revoked, alone or with all tokens of its owner.
	ErrRevoked error = &sentinel{text: "token revoked", is: ErrUnauthenticated}

	// ErrReplaced means that the token was revoked because it was replaced: by its successor's first use, or, if it was an unused
	// successor itself, by another one. See [Manager.Rotate]. It is [ErrRevoked].
	ErrReplaced error = &sentinel{text: "token replaced", is: ErrRevoked}

	// ErrUserDisabled means that the owner is disabled: their tokens are revoked, and none can be generated for them. It is
	// [ErrRevoked].
	ErrUserDisabled error = &sentinel{text: "user disabled", is: ErrRevoked}

	// ErrSuspended means that the owner is suspended: their tokens are refused until the owner is resumed, and none can be
	// generated for them. It is not [ErrRevoked].
	ErrSuspended error = &sentinel{text: "user suspended", is: ErrUnauthenticated}
)

// reasons maps sentinels to words, in order of precedence: store failures, then decisions, then unknown outcomes; specific
// causes before general ones.
var reasons = []struct {
	err  error
	word string
}{
	{ErrAborted, "aborted"},
	{ErrUnavailable, "unavailable"},
	{ErrMalformed, "malformed"},
	{ErrUnknownToken, "unknown"},
	{ErrExpired, "expired"},
	{ErrUserDisabled, "user_disabled"},
	{ErrReplaced, "replaced"},
	{ErrRevoked, "revoked"},
	{ErrSuspended, "suspended"},
	{ErrUnauthenticated, "unauthenticated"},
	{ErrLifetime, "lifetime_over_maximum"},
	{ErrInvalid, "invalid"},
	{ErrDenied, "denied"},
	{ErrNotFound, "not_found"},
	{ErrUncertain, "outcome_unknown"},
	{ErrRepeated, "repeated"},
	{ErrExists, "exists"},
	{ErrTooMany, "too_many"},
	{ErrConflict, "conflict"},
	{ErrTruncated, "truncated"},
}

// Reason returns one word for the sentinel under an error: "expired", "revoked", "replaced", "user_disabled", "suspended",
// "unknown", "malformed", "unauthenticated", "denied", "not_found", "invalid", "lifetime_over_maximum", "exists", "repeated", "too_many",
// "conflict", "truncated", "unavailable", "aborted" or "outcome_unknown". [ErrUnavailable] is "canceled" if the store's error says that the
// caller's context was cancelled. nil is the empty string, and an error of another package is "other".
//
// The words are stable. New words come only with new sentinels.
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

// InvalidError names the part of a request that is wrong, so that a form can show it there. It is [ErrInvalid]. A
// [LifetimeError] is ErrInvalid too.
type InvalidError struct {
	Field   string // in lower-case words, such as "name" and "token id"
	Problem string // what is wrong with it, with the limit: "is empty"
}

// Error returns the field and the problem.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s: %s: %s", ErrInvalid, e.Field, e.Problem)
}

// Unwrap returns [ErrInvalid].
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// TooManyError carries the number of active tokens, or of open offers, that an owner may have. It is [ErrTooMany].
type TooManyError struct {
	Max    int
	Offers bool // Max is a number of offers that wait for their owner
}

// Error returns the number, and of what.
func (e *TooManyError) Error() string {
	if e.Offers {
		return fmt.Sprintf("too many offers: at most %d wait for one owner", e.Max)
	}
	return fmt.Sprintf("%s: at most %d are allowed for one owner", ErrTooMany, e.Max)
}

// Unwrap returns [ErrTooMany].
func (e *TooManyError) Unwrap() error { return ErrTooMany }

// invalid returns an InvalidError.
func invalid(field, format string, args ...any) error {
	return &InvalidError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// storeSentinels are the errors of a Store that describe the request rather than a failure.
var storeSentinels = [...]error{ErrInvalid, ErrNotFound, ErrExists, ErrTooMany, ErrConflict, ErrTruncated, ErrUncertain, ErrUnavailable}

// storeError returns a sentinel of the Store as it is, and wraps every other error in ErrUnavailable.
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
