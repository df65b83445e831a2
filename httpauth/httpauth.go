package httpauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// Options configure the middleware. The zero value of every field has a sensible meaning.
type Options struct {
	// Realm names what is protected, in the challenge to the client. Empty: "api". Anything but printable ASCII in it is
	// shown as a question mark.
	Realm string

	// OnError is told why a request was not let pass, for the host's log. The error is [apitoken.ErrUnauthenticated],
	// also for no credentials at all; [apitoken.ErrInvalid] for a header that cannot be read; or the store's trouble,
	// [apitoken.ErrUnavailable]. The request is a copy without the Authorization header. Nil: nobody is told.
	OnError func(r *http.Request, err error)
}

// Require lets a request pass only with a token that the Manager accepts; the handler finds the identity with
// [FromContext]. Nil options mean all defaults. A nil Manager is a mistake in the program, and panics.
func Require(m *apitoken.Manager, opts *Options) func(http.Handler) http.Handler {
	g := newGuard(m, opts)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", "Authorization")
			identity, err := g.authenticate(r)
			if err != nil {
				g.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(withIdentity(r.Context(), identity)))
		})
	}
}

// Optional lets a request without an Authorization header pass as well; [FromContext] then gives none. A request that
// does present something is treated as by [Require], so that nobody who means to be somebody is served as nobody: also
// another scheme and an empty header are refused.
func Optional(m *apitoken.Manager, opts *Options) func(http.Handler) http.Handler {
	require := Require(m, opts)
	return func(next http.Handler) http.Handler {
		authenticated := require(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if len(r.Header.Values("Authorization")) > 0 {
				authenticated.ServeHTTP(w, r)
				return
			}
			w.Header().Add("Vary", "Authorization")
			next.ServeHTTP(w, r)
		})
	}
}

// FromContext gives the identity that [Require] or [Optional] has found, and whether there is one.
func FromContext(ctx context.Context) (apitoken.Identity, bool) {
	identity, ok := ctx.Value(contextKey{}).(apitoken.Identity)
	return identity, ok
}

// Actor gives the identity as an actor for the methods of [apitoken.Manager]. Without an identity it is the zero Actor,
// who is denied everything.
func Actor(ctx context.Context) apitoken.Actor {
	identity, ok := FromContext(ctx)
	if !ok {
		return apitoken.Actor{}
	}
	return identity.Actor()
}

type contextKey struct{}

func withIdentity(ctx context.Context, identity apitoken.Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, identity)
}

// guard decides on requests and answers those that may not pass.
type guard struct {
	manager *apitoken.Manager
	onError func(*http.Request, error)
	answers answers
}

func newGuard(m *apitoken.Manager, opts *Options) *guard {
	if m == nil {
		panic("httpauth: the manager is nil")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Realm == "" {
		o.Realm = "api"
	}
	return &guard{manager: m, onError: o.OnError, answers: newAnswers(o.Realm)}
}

func (g *guard) authenticate(r *http.Request) (apitoken.Identity, error) {
	token, err := bearer(r.Header.Values("Authorization"))
	if err != nil {
		return apitoken.Identity{}, err
	}
	return g.manager.Authenticate(r.Context(), token)
}

func (g *guard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if g.onError != nil {
		bare := r.Clone(r.Context())
		bare.Header.Del("Authorization")
		g.onError(bare, err)
	}
	g.answers.to(err).write(w)
}

// to is the answer to an error. Whatever is no verdict on the request is trouble.
func (a *answers) to(err error) *answer {
	switch {
	case errors.Is(err, apitoken.ErrUnavailable):
		return &a.unavailable
	case errors.Is(err, errNoBearer):
		return &a.unauthenticated
	case errors.Is(err, apitoken.ErrInvalid):
		return &a.invalidRequest
	case errors.Is(err, apitoken.ErrUnauthenticated):
		return &a.invalidToken
	}
	return &a.unavailable
}
