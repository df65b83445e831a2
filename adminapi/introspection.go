package adminapi

import (
	"fmt"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// IntrospectionOptions configure [Introspection].
type IntrospectionOptions struct {
	// Clients says who may ask: gateways and services that are sent tokens. It is required (RFC 7662 section 2.1).
	// [FixedClients] makes one.
	Clients ClientCheck

	// ExpiryCap is the farthest in the future that an answer says a token ends, in whole seconds cut off: exp is the
	// end of the token, or this much from now if that is earlier. 0: one minute. [apitoken.NoExpiration]: no cap. What
	// is negative or less than a second is a mistake.
	//
	// Gateways keep an answer until exp, and go on letting a revoked token pass for as long. The longest that they may
	// by RFC 7662 section 4 is therefore what the cap says, and not the 90 days that the token has. Keep it longer than
	// their clocks are apart.
	ExpiryCap time.Duration

	// OnError is told why a request was answered 503, for the host's log. The request still has the client's credentials
	// in its header. Nil: nobody.
	OnError func(r *http.Request, err error)
}

// defaultExpiryCap bounds what a cache does to a revocation without a host thinking of it, is more than clocks are apart,
// and still spares a busy gateway nearly all requests.
const defaultExpiryCap = time.Minute

// Introspection is the endpoint at which gateways and services in any language ask what a token is worth (RFC 7662). It
// serves every path: mount it where you like, /oauth2/introspect say, under TLS.
//
//	POST /oauth2/introspect
//	Authorization: Basic Z2F0ZXdheTouLi4=
//	Content-Type: application/x-www-form-urlencoded
//
//	token=tok_...
//
// The client authenticates by HTTP Basic, or by client_id and client_secret in the form, and not by a token. An active
// token is answered so, and every other exactly {"active":false}, be it malformed, unknown, expired or revoked, of a
// disabled user, or of a kind that the Manager does not declare. What such a token may do is unknown here, and a gateway would
// let it pass: declare a new kind on all replicas before you generate tokens of it.
//
//	{
//	  "active":     true,
//	  "sub":        "bob",         the id of the owner
//	  "username":   "Bob",         his name; absent: none
//	  "token_type": "Bearer",
//	  "iat":        1767268800,    created, in seconds since 1970
//	  "exp":        1767268860,    ends, see IntrospectionOptions.ExpiryCap; absent: no expiration
//	  "jti":        "01890a5d-..." the id of the token
//	}
//
// The other answers are of the form {"error": "...", "error_description": "..."} of RFC 6749 section 5.2:
//
//	400  invalid_request          no form in UTF-8, a parameter twice, no token, anything in the query, two ways to
//	                              authenticate the client
//	401  invalid_client           no client, or a wrong one; with WWW-Authenticate: Basic
//	405  invalid_request          not POST
//	413  invalid_request          a form of more than 16 KiB
//	503  temporarily_unavailable  the store is in trouble, with Retry-After. It is never {"active":false}: the token may
//	                              well be good
//
// token_type_hint and unknown parameters are ignored. Every answer says Cache-Control: no-store. That a gateway asks for
// a token counts as a use of it.
//
// A missing Manager or Options.Clients, and a cap that is none, are [apitoken.ErrInvalid].
func Introspection(m *apitoken.Manager, opts *IntrospectionOptions) (http.Handler, error) {
	switch {
	case m == nil:
		return nil, fmt.Errorf("adminapi: introspection: %w: the manager is nil", apitoken.ErrInvalid)
	case opts == nil || opts.Clients == nil:
		return nil, fmt.Errorf("adminapi: introspection: %w: IntrospectionOptions.Clients is nil", apitoken.ErrInvalid)
	case opts.ExpiryCap != 0 && opts.ExpiryCap < time.Second:
		return nil, fmt.Errorf("adminapi: introspection: %w: IntrospectionOptions.ExpiryCap is %s; a second is the least", apitoken.ErrInvalid, opts.ExpiryCap)
	}
	i := introspection{manager: m, expiryCap: opts.ExpiryCap}
	if i.expiryCap == 0 {
		i.expiryCap = defaultExpiryCap
	}
	return &formHandler{check: opts.Clients, onError: opts.OnError, do: i.answer}, nil
}

type introspection struct {
	manager   *apitoken.Manager
	expiryCap time.Duration
}

// inactive is all that is said of a token that is not active (RFC 7662 section 2.2).
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

func (i introspection) answer(w http.ResponseWriter, r *http.Request, token string) error {
	identity, err := i.manager.Authenticate(r.Context(), token)
	switch {
	case isRefusal(err):
		writeForm(w, http.StatusOK, inactive{})
		return nil
	case err != nil:
		return fmt.Errorf("adminapi: introspection: %w", err)
	}
	if _, declared := i.manager.KindRule(identity.Token.Kind); !declared {
		writeForm(w, http.StatusOK, inactive{})
		return nil
	}
	writeForm(w, http.StatusOK, active{
		Active: true, Subject: identity.User.ID, Username: identity.User.Name, TokenType: "Bearer",
		IssuedAt: identity.Token.CreatedAt.Unix(), Expires: i.expires(identity.Token.ExpiresAt), ID: identity.Token.ID,
	})
	return nil
}

// expires gives the end that the answer says, in seconds since 1970, or nil for none. It is cut off, never rounded up: a
// token is not to live longer elsewhere than here.
func (i introspection) expires(end time.Time) *int64 {
	if end.IsZero() {
		return nil
	}
	// apitoken.NoExpiration from now is after every end that there can be.
	if latest := i.manager.Now().Add(i.expiryCap); latest.Before(end) {
		end = latest
	}
	seconds := end.Unix()
	return &seconds
}
