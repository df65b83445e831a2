package httpauth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// ActorFunc gives a function that says who sends a request: the holder of the token that it presents. It is for handlers
// that ask the host who that is, such as those of package adminapi, and takes the place of middleware in front of them. Options
// mean what they mean to [Require], but for those on the answers, which are the asking handler's: Realm, and all on
// expiry. Nil options mean all defaults. A nil Manager is a mistake in the program, and panics.
//
//	api, err := adminapi.New(m, &adminapi.Options{Actor: httpauth.ActorFunc(m, nil)})
//
// Where there is no one token that the Manager accepts, the actor is the zero Actor and the error is one of these alone:
// [apitoken.ErrUnauthenticated], also for no token and for two; [apitoken.ErrDenied] for a token of another kind than
// Options.Kinds, of a kind that the Manager does not declare, or without Options.Permission; [apitoken.ErrUnavailable] for trouble with the store, which says nothing of the token.
func ActorFunc(m *apitoken.Manager, opts *Options) func(*http.Request) (apitoken.Actor, error) {
	authenticate := Authenticator(m, opts)
	return func(r *http.Request) (apitoken.Actor, error) {
		identity, refusal := authenticate(r)
		if refusal == nil {
			return identity.Actor(), nil
		}
		err := refusal.Cause
		if errors.Is(err, apitoken.ErrInvalid) {
			err = fmt.Errorf("%w: %w", apitoken.ErrUnauthenticated, err) // of the credentials, and not of the request
		}
		return apitoken.Actor{}, err
	}
}
