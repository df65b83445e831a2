package httpauth

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Authenticator gives the one function by which [Require], [Optional] and [Verify] decide, for a host whose framework has
// handlers of another form, or whose answers have one. It finds the token in the header of a request, asks the
// Manager, and gives the identity or the refusal, of which the other is zero. It writes nothing: a refusal is answered by
// its ServeHTTP, or by the host as it likes.
//
//	authenticate := httpauth.Authenticator(m, nil)
//	...
//	identity, refusal := authenticate(r)
//	if refusal != nil {
//		refusal.ServeHTTP(w, r)
//		return
//	}
//
// Of the request it reads the header and the context, and nothing else. Without a request, of a message broker say, call
// [apitoken.Manager.Authenticate].
func Authenticator(m *apitoken.Manager, opts *Options) func(*http.Request) (apitoken.Identity, *Refusal) {
	return newGuard(m, opts, http.StatusBadRequest).authenticate
}

// guard decides on requests and answers those that may not pass.
type guard struct {
	manager     *apitoken.Manager
	credentials credentials
	kinds       []apitoken.Kind // nil: every
	permission  apitoken.Permission
	expiry      expiry
	vary        string
	onError     func(*http.Request, error)
	answers     answers
}

// newGuard makes a guard that answers a request that cannot be read with the given status.
func newGuard(m *apitoken.Manager, opts *Options, unreadable int) *guard {
	if m == nil {
		panic("httpauth: the manager is nil")
	}
	o := complete(opts)
	return &guard{
		manager:     m,
		credentials: credentials{basic: o.Basic, own: http.CanonicalHeaderKey(o.Header)},
		kinds:       o.Kinds,
		permission:  o.Permission,
		expiry:      expiry{window: o.ExpiryWindow, header: http.CanonicalHeaderKey(o.ExpiryHeader), layout: o.ExpiryLayout},
		vary:        o.vary(),
		onError:     o.OnError,
		answers:     newAnswers(o, unreadable),
	}
}

// authenticate is the way of every request.
func (g *guard) authenticate(r *http.Request) (apitoken.Identity, *Refusal) {
	identity, err := g.identify(r)
	if err == nil {
		return identity, nil
	}
	if g.onError != nil {
		g.onError(g.bare(r), err)
	}
	return apitoken.Identity{}, &Refusal{Cause: err, answer: g.answers.to(err)}
}

func (g *guard) identify(r *http.Request) (apitoken.Identity, error) {
	token, err := g.credentials.find(r.Header)
	if err != nil {
		return apitoken.Identity{}, err
	}
	identity, err := g.manager.Authenticate(r.Context(), token)
	if err != nil {
		return apitoken.Identity{}, err
	}
	kind := identity.Token.Kind
	if _, declared := g.manager.KindRule(kind); !declared {
		return apitoken.Identity{}, fmt.Errorf("httpauth: %w: token %s is of kind %q, which is not declared", apitoken.ErrDenied, identity.Token.ID, kind)
	}
	if g.kinds != nil && !slices.Contains(g.kinds, kind) {
		return apitoken.Identity{}, fmt.Errorf("httpauth: %w: token %s is of kind %q", apitoken.ErrDenied, identity.Token.ID, kind)
	}
	if !g.manager.PermissionsOf(identity).Has(g.permission) {
		return apitoken.Identity{}, fmt.Errorf("httpauth: %w: token %s does not carry what is needed", apitoken.ErrDenied, identity.Token.ID)
	}
	return identity, nil
}

// bare is the request without the headers that can hold a token.
func (g *guard) bare(r *http.Request) *http.Request {
	bare := r.Clone(r.Context())
	bare.Header.Del("Authorization")
	if g.credentials.own != "" {
		bare.Header.Del(g.credentials.own)
	}
	return bare
}

// serve lets the handler serve a request that may pass, and refuses any other.
func (g *guard) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	identity, refusal := g.authenticate(r)
	if refusal != nil {
		refusal.ServeHTTP(w, r)
		return
	}
	w.Header().Add("Vary", g.vary)
	g.warn(w.Header(), identity.Token)
	next.ServeHTTP(w, r.WithContext(withIdentity(r.Context(), identity)))
}

// expiry says when and how an answer tells that the token is about to end.
type expiry struct {
	window         time.Duration
	header, layout string
}

// warn says when the token ends, if that is soon. It replaces what is there, so that the answer of the one who decided is
// the one that counts.
func (g *guard) warn(h http.Header, token apitoken.Token) {
	if g.expiry.window == 0 || token.ExpiresAt.IsZero() {
		return
	}
	if token.ExpiresAt.Sub(g.manager.Now()) <= g.expiry.window {
		h.Set(g.expiry.header, token.ExpiresAt.UTC().Format(g.expiry.layout))
	}
}
