package adminapi

import (
	"fmt"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// IntrospectionOptions configures [Introspection].
type IntrospectionOptions struct {
	// Clients checks who may ask: gateways and services that are sent tokens. It is required (RFC 7662 section 2.1).
	// [FixedClients] returns one.
	Clients ClientCheck

	// ExpiryCap is the maximum time from now to exp. exp is the expiry of the token or now plus the cap, whichever is
	// earlier, cut off to whole seconds. 0: one minute. [apitoken.NoExpiration]: no cap. A negative cap and one of less
	// than a second are refused.
	//
	// RFC 7662 section 4 lets a gateway cache a response until exp, so a revoked token may pass there for that long. Keep
	// the cap short, but longer than the difference between the clocks.
	ExpiryCap time.Duration

	// OnError is called with the cause of each 503, for the host's log. The header of the request still holds the
	// credentials of the client. Nil: the cause is dropped.
	OnError func(r *http.Request, err error)
}

// defaultExpiryCap bounds how long a cache delays a revocation. It is longer than clocks usually differ, and still spares
// a busy gateway nearly all requests.
const defaultExpiryCap = time.Minute

// Introspection returns the endpoint at which gateways and services in any language ask whether a token is valid and
// whose it is (RFC 7662). It serves every path: mount it where you like, for example at /oauth2/introspect, under TLS.
// The handler is safe for concurrent use.
//
//	POST /oauth2/introspect
//	Authorization: Basic Z2F0ZXdheTouLi4=
//	Content-Type: application/x-www-form-urlencoded
//
//	token=tok_...
//
// The client authenticates by HTTP Basic, or by client_id and client_secret in the form, never by a token. The response for an
// active token is below. The response for every other token is exactly {"active":false}: malformed, unknown, expired, revoked,
// of a disabled user, or of a kind that the Manager does not declare. What a token of an undeclared kind may do is unknown, so
// a gateway must not let it pass. Declare a new kind on all replicas before you generate tokens of it.
//
//	{
//	  "active":     true,
//	  "sub":        "bob",         the id of the owner
//	  "username":   "Bob",         the name of the owner; absent: none
//	  "token_type": "Bearer",
//	  "iat":        1767268800,    the time of creation, in seconds since 1970
//	  "exp":        1767268860,    the expiry, see IntrospectionOptions.ExpiryCap; absent: no expiration
//	  "jti":        "01890a5d-..." the id of the token
//	}
//
// The other responses have the form {"error": "...", "error_description": "..."} of RFC 6749 section 5.2:
//
//	400  invalid_request          no form in UTF-8, a repeated parameter, no token, anything in the query, or two ways to
//	                              authenticate the client
//	401  invalid_client           no client, or a wrong one; with WWW-Authenticate: Basic
//	405  invalid_request          not POST
//	413  invalid_request          a form of more than 16 KiB
//	503  temporarily_unavailable  the store failed, with Retry-After. It is never {"active":false}: the token may be valid
//
// token_type_hint and unknown parameters are ignored. Every response has Cache-Control: no-store. Asking about a token counts
// as a use of it.
//
// Errors: [apitoken.ErrInvalid] if the Manager or IntrospectionOptions.Clients is missing, or the cap is refused.
func Introspection(m *apitoken.Manager, opts *IntrospectionOptions) (http.Handler, error) {
	switch {
	case m == nil:
		return nil, fmt.Errorf("adminapi: introspection: %w: the manager is nil", apitoken.ErrInvalid)
	case opts == nil || opts.Clients == nil:
		return nil, fmt.Errorf("adminapi: introspection: %w: IntrospectionOptions.Clients is nil", apitoken.ErrInvalid)
	case opts.ExpiryCap != 0 && opts.ExpiryCap < time.Second:
		return nil, fmt.Errorf("adminapi: introspection: %w: IntrospectionOptions.ExpiryCap is %s, less than a second", apitoken.ErrInvalid, opts.ExpiryCap)
	}
	i := introspection{manager: m, expiryCap: opts.ExpiryCap}
	if i.expiryCap == 0 {
		i.expiryCap = defaultExpiryCap
	}
	return &formHandler{check: opts.Clients, onError: opts.OnError, respond: i.respond}, nil
}

type introspection struct {
	manager   *apitoken.Manager
	expiryCap time.Duration
}

// inactive is the response for every token that is not active. It says no more, as RFC 7662 section 2.2 requires.
type inactive struct {
	Active bool `json:"active"`
}

type active struct {
	Active    bool             `json:"active"`
	Subject   apitoken.UserID  `json:"sub"`
	Username  string           `json:"username,omitempty"`
	TokenType string           `json:"token_type"`
	IssuedAt  int64            `json:"iat"`
	Expires   *int64           `json:"exp,omitempty"`
	ID        apitoken.TokenID `json:"jti"`
}

func (i introspection) respond(w http.ResponseWriter, r *http.Request, token string) error {
	identity, err := i.manager.Authenticate(r.Context(), token)
	switch {
	case isRefusal(err):
		writeFormResponse(w, http.StatusOK, inactive{})
		return nil
	case err != nil:
		return fmt.Errorf("adminapi: introspection: %w", err)
	}
	if _, declared := i.manager.KindRule(identity.Token.Kind); !declared {
		writeFormResponse(w, http.StatusOK, inactive{})
		return nil
	}
	writeFormResponse(w, http.StatusOK, active{
		Active: true, Subject: identity.User.ID, Username: identity.User.Name, TokenType: "Bearer",
		IssuedAt: identity.Token.CreatedAt.Unix(), Expires: i.expires(identity.Token.ExpiresAt), ID: identity.Token.ID,
	})
	return nil
}

// expires returns exp, in seconds since 1970, or nil for a token that never expires. It is cut off, never rounded up: a token
// must not be valid longer at a gateway than here.
func (i introspection) expires(expiry time.Time) *int64 {
	if expiry.IsZero() {
		return nil
	}
	// Now plus apitoken.NoExpiration is later than every possible expiry.
	if latest := i.manager.Now().Add(i.expiryCap); latest.Before(expiry) {
		expiry = latest
	}
	seconds := expiry.Unix()
	return &seconds
}
