package httpauth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// ActorFunc returns a function that finds out who sends a request: the holder of the token that the request presents. It is
// for handlers that ask the host for the actor, such as those of package adminapi, and replaces middleware in front of them.
//
//	api, err := adminapi.New(m, &adminapi.Options{Actor: httpauth.ActorFunc(m, nil)})
//
// Nil options mean all defaults. The options mean the same as for [Require], except that Realm and those on expiry have no
// effect, because the handler writes the response. A nil Manager and invalid options panic.
//
// If the request does not present exactly one accepted token, the function returns the zero Actor and exactly one of these:
//
//   - [apitoken.ErrUnauthenticated] for a refused token, no token, or more than one
//   - [apitoken.ErrDenied] for a token whose kind is not in Options.Kinds or not declared by the Manager, or that does not
//     carry Options.Permission
//   - [apitoken.ErrUnavailable] if the store failed, which says nothing about the token
func ActorFunc(m *apitoken.Manager, opts *Options) func(*http.Request) (apitoken.Actor, error) {
	authenticate := Authenticator(m, opts)
	return func(r *http.Request) (apitoken.Actor, error) {
		identity, refusal := authenticate(r)
		if refusal == nil {
			return identity.Actor(), nil
		}
		err := refusal.Cause
		if errors.Is(err, apitoken.ErrInvalid) {
			err = fmt.Errorf("%w: %w", apitoken.ErrUnauthenticated, err) // the credentials are invalid, not the handler's request
		}
		return apitoken.Actor{}, err
	}
}
