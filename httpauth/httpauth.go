package httpauth

import (
	"context"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// Require lets a request pass only with a token that the Manager accepts; the handler finds the identity with
// [FromContext]. Nil options mean all defaults. A nil Manager is a mistake in the program, and panics.
func Require(m *apitoken.Manager, opts *Options) func(http.Handler) http.Handler {
	g := newGuard(m, opts, http.StatusBadRequest)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, next) })
	}
}

// Optional lets a request that presents nothing pass as well: one without an Authorization header, and without
// [Options.Header] where that is set; [FromContext] then gives none. A request that does present something is treated as
// by [Require], so that nobody who means to be somebody is served as nobody: also another scheme and an empty header are
// refused.
func Optional(m *apitoken.Manager, opts *Options) func(http.Handler) http.Handler {
	g := newGuard(m, opts, http.StatusBadRequest)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if g.credentials.presented(r.Header) {
				g.serve(w, r, next)
				return
			}
			w.Header().Add("Vary", g.vary)
			if _, outer := FromContext(r.Context()); outer {
				r = r.WithContext(withoutIdentity(r.Context()))
			}
			next.ServeHTTP(w, r)
		})
	}
}

// FromContext gives the identity that [Require] or [Optional] has found, and whether there is one. Where several of them are
// nested, the innermost decides: its identity replaces that of the outer ones, and an Optional that finds none removes it.
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

// withoutIdentity hides the identity that an outer middleware has found, perhaps with another Manager.
func withoutIdentity(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, nil)
}
