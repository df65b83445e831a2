package httpauth

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Authenticator returns the function by which [Require], [Optional] and [Verify] decide. It is for a host whose framework has
// handlers of another type, or whose errors have a form of their own. The function finds the token in the header of a request
// and asks the Manager. It returns either the identity or a refusal; the other one is zero. It writes nothing: call the
// refusal's ServeHTTP, or write a response of the host.
//
//	authenticate := httpauth.Authenticator(m, nil)
//	...
//	identity, refusal := authenticate(r)
//	if refusal != nil {
//		refusal.ServeHTTP(w, r)
//		return
//	}
//
// The function reads the header and the context of the request. Without an HTTP request, for example for a message broker, call
// [apitoken.Manager.Authenticate]. Nil options mean all defaults. A nil Manager and invalid options panic.
func Authenticator(m *apitoken.Manager, opts *Options) func(*http.Request) (apitoken.Identity, *Refusal) {
	return newGuard(m, opts, http.StatusBadRequest).authenticate
}

// guard decides whether a request passes.
type guard struct {
	manager     *apitoken.Manager
	credentials credentials
	kinds       []apitoken.Kind // nil: every declared kind
	permission  apitoken.Permission
	expiry      expiry
	vary        string
	onError     func(*http.Request, error)
	refusals    refusals
}

// newGuard returns a guard. badRequest is the status for credentials that cannot be parsed.
func newGuard(m *apitoken.Manager, opts *Options, badRequest int) *guard {
	if m == nil {
		panic("httpauth: the manager is nil")
	}
	o := withDefaults(opts)
	return &guard{
		manager: m,
		credentials: credentials{
			basic: o.Basic, basicPassword: o.BasicPassword, keyHeader: http.CanonicalHeaderKey(o.Header), elsewhere: o.Elsewhere,
		},
		kinds:      o.Kinds,
		permission: o.Permission,
		expiry:     expiry{window: o.ExpiryWindow, header: http.CanonicalHeaderKey(o.ExpiryHeader), layout: o.ExpiryLayout},
		vary:       o.vary(),
		onError:    o.OnError,
		refusals:   newRefusals(o, badRequest, m.PermissionNames(o.Permission)),
	}
}

// authenticate decides on a request.
func (g *guard) authenticate(r *http.Request) (apitoken.Identity, *Refusal) {
	identity, err := g.identify(r)
	if err == nil {
		return identity, nil
	}
	if g.onError != nil {
		g.onError(g.withoutCredentials(r), err)
	}
	return apitoken.Identity{}, &Refusal{Cause: err, response: g.refusals.forError(err)}
}

func (g *guard) identify(r *http.Request) (apitoken.Identity, error) {
	token, err := g.credentials.find(r)
	if err != nil {
		return apitoken.Identity{}, err
	}
	identity, err := g.manager.Authenticate(r.Context(), token)
	if err != nil {
		return apitoken.Identity{}, err
	}
	kind := identity.Token.Kind
	if _, declared := g.manager.KindRule(kind); !declared {
		return apitoken.Identity{}, fmt.Errorf("httpauth: %w: the kind %q of token %s is not declared", apitoken.ErrDenied, kind, identity.Token.ID)
	}
	if g.kinds != nil && !slices.Contains(g.kinds, kind) {
		return apitoken.Identity{}, fmt.Errorf("httpauth: %w: the kind %q of token %s is not in Options.Kinds", apitoken.ErrDenied, kind, identity.Token.ID)
	}
	if !g.manager.PermissionsOf(identity).Has(g.permission) {
		return apitoken.Identity{}, fmt.Errorf("httpauth: %w: token %s: %w", apitoken.ErrDenied, identity.Token.ID, errPermission)
	}
	return identity, nil
}

// withoutCredentials returns a copy of the request without the headers that may hold a token.
func (g *guard) withoutCredentials(r *http.Request) *http.Request {
	stripped := r.Clone(r.Context())
	stripped.Header.Del("Authorization")
	if g.credentials.keyHeader != "" {
		stripped.Header.Del(g.credentials.keyHeader)
	}
	return stripped
}

// serve calls next for a request that passes, and refuses any other.
func (g *guard) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	identity, refusal := g.authenticate(r)
	if refusal != nil {
		refusal.ServeHTTP(w, r)
		return
	}
	w.Header().Add("Vary", g.vary)
	g.setExpiry(w.Header(), identity.Token)
	next.ServeHTTP(w, r.WithContext(WithIdentity(r.Context(), identity)))
}

// expiry says from when on and how a response tells the expiry of the token.
type expiry struct {
	window         time.Duration
	header, layout string
}

// setExpiry sets the header for the expiry of the token, if the token expires within the window. It replaces a value of an
// outer middleware, because this guard decided on the token.
func (g *guard) setExpiry(h http.Header, token apitoken.Token) {
	if g.expiry.window == 0 || token.ExpiresAt.IsZero() {
		return
	}
	if token.ExpiresAt.Sub(g.manager.Now()) <= g.expiry.window {
		h.Set(g.expiry.header, token.ExpiresAt.UTC().Format(g.expiry.layout))
	}
}
