package httpauth

import "github.com/seed-d6cf0a46/apitoken/internal/httpstatus"

// Status returns the HTTP status for an error of a method of [apitoken.Manager] that a handler of the host has called:
//
//	nil                                                 200
//	ErrInvalid                                          422
//	ErrUnauthenticated, except ErrUserDisabled          401
//	ErrDenied                                           403
//	ErrNotFound                                         404
//	ErrUserDisabled, ErrExists, ErrConflict             409
//	ErrUnavailable, ErrUncertain, any other error       503
//
// If several apply, ErrUnavailable comes first. [apitoken.Manager.Generate] returns ErrUserDisabled for an owner who is
// disabled, which says nothing about the caller's own token. To authenticate a request, use [Require] or [Authenticator]
// instead: every refusal of a token is 401 there.
func Status(err error) int { return httpstatus.Of(err) }
