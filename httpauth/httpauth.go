package httpauth

import (
	"context"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// Require returns middleware that calls its handler only for a request with a token that the Manager accepts. The handler gets
// the identity from [FromContext]. Nil options mean all defaults. A nil Manager and invalid options panic.
func Require(m *apitoken.Manager, opts *Options) func(http.Handler) http.Handler {
	g := newGuard(m, opts, http.StatusBadRequest)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, next) })
	}
}

// Optional is like [Require], but also calls its handler for a request without credentials: one that has neither an
// Authorization header nor, if set, [Options.Header], and in which [Options.Elsewhere] finds nothing. [FromContext] then
// returns false. All other requests are treated as by Require, also those with another scheme or an empty header: a client
// with wrong credentials is not served as an anonymous one.
func Optional(m *apitoken.Manager, opts *Options) func(http.Handler) http.Handler {
	g := newGuard(m, opts, http.StatusBadRequest)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if g.credentials.presented(r) {
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

// WithIdentity returns a context from which [FromContext] and [Actor] return the identity, as if a token had been presented.
// It is for a host that accepts other credentials too, and for testing a handler without a token. Pass only an
// identity that the host has authenticated: handlers trust it.
func WithIdentity(ctx context.Context, identity apitoken.Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, identity)
}

// FromContext returns the identity that [Require], [Optional] or [WithIdentity] put into the context. ok is false if there is
// none. If they are nested, the innermost decides: its identity replaces the outer one, and an Optional that finds none
// removes the outer one.
func FromContext(ctx context.Context) (identity apitoken.Identity, ok bool) {
	identity, ok = ctx.Value(contextKey{}).(apitoken.Identity)
	return identity, ok
}

// Actor returns the identity of [FromContext] as an actor for the methods of [apitoken.Manager]. Without an identity it returns
// the zero Actor, which is denied everything.
func Actor(ctx context.Context) apitoken.Actor {
	identity, ok := FromContext(ctx)
	if !ok {
		return apitoken.Actor{}
	}
	return identity.Actor()
}

type contextKey struct{}

// withoutIdentity removes the identity that an outer middleware found, possibly with another Manager.
func withoutIdentity(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, nil)
}
