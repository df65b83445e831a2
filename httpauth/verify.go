package httpauth

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// The headers in which [Verify] says whose token it is. All of them are in every answer of status 200, so that a proxy
// which copies them overwrites what a client has sent under the same name.
const (
	UserHeader      = "X-Auth-User"       // the user id
	TokenIDHeader   = "X-Auth-Token-Id"   // the id of the token
	TokenKindHeader = "X-Auth-Token-Kind" // its kind
)

// Verify is an endpoint for a proxy that asks whether to let a request pass: auth_request of nginx, forward_auth of
// Caddy, ForwardAuth of Traefik. The proxy sends the header of the client's request; the method, the path and the body
// do not matter, and the body is not read.
//
//	200  UserHeader, TokenIDHeader and TokenKindHeader, without a body
//	401  no token, a refused one, or a header that cannot be read: where Require answers 400, this is 401 with
//	     error="invalid_request", because nginx takes anything but 2xx, 401 and 403 for a failure and answers 500
//	403  a token of another kind than Options.Kinds or of one that the Manager does not declare, or without
//	     Options.Permission
//	503  the store is in trouble, with Retry-After. Caddy and Traefik pass it on, nginx makes 500 of it. It is never 401:
//	     a client would throw a good token away
//
// Else the answers are those of [Require], and ask not to be stored: with a proxy that keeps one, a revoked token goes on
// working.
//
// A user id and a kind are percent-encoded (RFC 3986 section 2.1) but for letters, digits and -_.~$&=:@, so that any id is
// a header value of ASCII, and one that is an ordinary name or mail address reads as it is. [url.PathUnescape] gives them
// back, and so does every function that decodes a part of a URL: a plus sign is encoded too, for those that take it for a
// space.
//
// Headers of these names in the request are not read: a client can send what it likes. For the same reason whatever is
// behind the proxy may believe them only if nothing but the proxy can reach it.
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
		g.warn(h, identity.Token)
		h.Set(UserHeader, escaped(string(identity.User.ID)))
		h.Set(TokenIDHeader, identity.Token.ID.String())
		h.Set(TokenKindHeader, escaped(string(identity.Token.Kind)))
		w.WriteHeader(http.StatusOK)
	})
}

// escaped writes any text as visible ASCII.
func escaped(text string) string {
	return strings.ReplaceAll(url.PathEscape(text), "+", "%2B")
}
