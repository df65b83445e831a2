package httpauth

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// The headers in which [Verify] returns the identity. Every response with status 200 has all of them, so that a proxy that
// copies them overwrites headers of the same names that the client sent.
const (
	UserHeader      = "X-Auth-User"       // the user id
	TokenIDHeader   = "X-Auth-Token-Id"   // the token id
	TokenKindHeader = "X-Auth-Token-Kind" // the token kind
)

// Verify returns an endpoint for a proxy that asks whether to let a request pass: auth_request of nginx, forward_auth of
// Caddy, ForwardAuth of Traefik. The proxy sends the header of the client's request. Verify ignores the method and the path,
// and does not read the body. Nil options mean all defaults. A nil Manager and invalid options panic.
//
//	200  UserHeader, TokenIDHeader and TokenKindHeader, without a body
//	401  no token, a refused token, or a header that cannot be parsed. Where Require responds with 400, this is 401 with
//	     error="invalid_request", because nginx turns every status except 2xx, 401 and 403 into 500
//	403  the token's kind is not in Options.Kinds or not declared by the Manager, or it does not carry Options.Permission
//	503  the store failed; with Retry-After. Caddy and Traefik pass it on, nginx turns it into 500. It is never 401: a client
//	     would discard a good token
//
// Otherwise the responses are those of [Require]. All of them have Cache-Control: no-store, because a revoked token would keep
// working with a proxy that stores one.
//
// User ids and kinds are percent-encoded (RFC 3986 section 2.1), except letters, digits and -_.~$&=:@. So any id is an ASCII
// header value, and an ordinary name or mail address stays readable. [url.PathUnescape] decodes them, and so does every
// function that decodes part of a URL: a plus sign is encoded too, because some take it for a space.
//
// Headers of these names in the request are ignored, because a client can send anything. For the same reason, an application
// behind the proxy may trust them only if nothing but the proxy can reach it.
func Verify(m *apitoken.Manager, opts *Options) http.Handler {
	g := newGuard(m, opts, http.StatusUnauthorized)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, refusal := g.authenticate(r)
		if refusal != nil {
			refusal.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Add("Vary", g.vary)
		g.setExpiry(h, identity.Token)
		h.Set(UserHeader, percentEncoded(string(identity.User.ID)))
		h.Set(TokenIDHeader, identity.Token.ID.String())
		h.Set(TokenKindHeader, percentEncoded(string(identity.Token.Kind)))
		w.WriteHeader(http.StatusOK)
	})
}

// percentEncoded returns any text as visible ASCII.
func percentEncoded(text string) string {
	return strings.ReplaceAll(url.PathEscape(text), "+", "%2B")
}
