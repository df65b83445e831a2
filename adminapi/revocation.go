package adminapi

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// RevocationOptions configures [Revocation]. Nil means all defaults.
type RevocationOptions struct {
	// Clients checks who may revoke. Nil: everyone may, and credentials of a client are ignored. That is safe: the holder
	// of a token can do worse with it than to revoke it.
	Clients ClientCheck

	// Origin returns where a request comes from, for the event of the revocation, like Options.Origin. Nil: the event has
	// no origin.
	Origin func(*http.Request) apitoken.Origin

	// OnError is called with the cause of each 503, for the host's log. The header of the request still holds the
	// credentials of the client. Nil: the cause is dropped.
	OnError func(r *http.Request, err error)
}

// Revocation returns the endpoint at which the holder of a token revokes it (RFC 7009): a program that no longer needs
// it, or a scanner that found it where it does not belong. Every token may revoke itself, whatever its kind carries and
// whatever it is bound to. The form is that of [Introspection]. The handler serves every path and is safe for concurrent
// use.
//
//	200  the token is not active: it was revoked now or earlier, has expired, or never existed. The body is {}, for
//	     clients that read JSON from every response
//	503  the store failed, with Retry-After. The token may still be active: send the request again
//
// The other responses are those of Introspection; 401 only if RevocationOptions.Clients is set. The actor of the event is the
// holder of the token.
//
// Pages of other sites can make a browser send this request. It does nothing without the text of a token. There is no JSONP
// (RFC 7009 section 2.3), and no CORS.
//
// Errors: [apitoken.ErrInvalid] if the Manager is missing.
func Revocation(m *apitoken.Manager, opts *RevocationOptions) (http.Handler, error) {
	if m == nil {
		return nil, fmt.Errorf("adminapi: revocation: %w: the manager is nil", apitoken.ErrInvalid)
	}
	var o RevocationOptions
	if opts != nil {
		o = *opts
	}
	return &formHandler{check: o.Clients, onError: o.OnError, respond: revocation{m, o.Origin}.respond}, nil
}

type revocation struct {
	manager *apitoken.Manager
	origin  func(*http.Request) apitoken.Origin // may be nil
}

func (v revocation) respond(w http.ResponseWriter, r *http.Request, token string) error {
	if err := v.revoke(r, token); err != nil {
		return fmt.Errorf("adminapi: revocation: %w", err)
	}
	writeFormResponse(w, http.StatusOK, struct{}{})
	return nil
}

// revoke returns nil only if Authenticate refuses the token from now on.
func (v revocation) revoke(r *http.Request, token string) error {
	identity, err := v.manager.Authenticate(r.Context(), token)
	switch {
	case isRefusal(err):
		return nil
	case err != nil:
		return err
	}
	err = v.manager.Revoke(r.Context(), withOrigin(identity.Actor(), v.origin, r), identity.Token.ID)
	if errors.Is(err, apitoken.ErrDenied) || errors.Is(err, apitoken.ErrNotFound) {
		// The token has expired or was revoked since the lookup, and such a token may do nothing. Look again: the error
		// alone does not prove it.
		if _, again := v.manager.Authenticate(r.Context(), token); isRefusal(again) {
			return nil
		}
	}
	return err
}
