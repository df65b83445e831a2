package adminapi

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// RevocationOptions configure [Revocation]. Nil options mean all defaults.
type RevocationOptions struct {
	// Clients says who may revoke a token that he presents. Nil: everybody, and credentials of a client are not looked
	// at. Who has the text of a token can do worse with it than to end it.
	Clients ClientCheck

	// Origin says where a request comes from, for the event of the revocation, as Options.Origin does. Nil: it has no origin.
	Origin func(*http.Request) apitoken.Origin

	// OnError is told why a request was answered 503, for the host's log. The request still has the client's credentials
	// in its header. Nil: nobody.
	OnError func(r *http.Request, err error)
}

// Revocation is the endpoint at which whoever has a token ends it (RFC 7009): a program that is done, or a scanner that
// has found it where it does not belong. Every token may revoke itself, whatever its kind carries and whatever it is bound to.
// The form is that of [Introspection]. It serves every path.
//
//	200  the token is not active: it was revoked now, or had ended before, or never was one; with an empty
//	     object, for clients that read JSON whatever the answer
//	503  the store is in trouble, with Retry-After: the token may still be active. Send the request again
//
// The other answers are those of Introspection, 401 only where there are RevocationOptions.Clients. The event of the
// revocation has the holder of the token as its actor.
//
// Another site's page can make a browser send this request, which does nothing without the text of a token. There is no
// JSONP (RFC 7009 section 2.3), and no CORS.
//
// A missing Manager is [apitoken.ErrInvalid].
func Revocation(m *apitoken.Manager, opts *RevocationOptions) (http.Handler, error) {
	if m == nil {
		return nil, fmt.Errorf("adminapi: revocation: %w: the manager is nil", apitoken.ErrInvalid)
	}
	var o RevocationOptions
	if opts != nil {
		o = *opts
	}
	return &formHandler{check: o.Clients, onError: o.OnError, do: revocation{m, o.Origin}.answer}, nil
}

type revocation struct {
	manager *apitoken.Manager
	origin  func(*http.Request) apitoken.Origin // may be nil
}

func (v revocation) answer(w http.ResponseWriter, r *http.Request, token string) error {
	if err := v.revoke(r, token); err != nil {
		return fmt.Errorf("adminapi: revocation: %w", err)
	}
	writeForm(w, http.StatusOK, struct{}{})
	return nil
}

// revoke answers nil only once the token is refused.
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
		// It has ended since it was looked up, by its time or by somebody else's revocation, and ended tokens may
		// nothing. Look again rather than believe that.
		if _, again := v.manager.Authenticate(r.Context(), token); isRefusal(again) {
			return nil
		}
	}
	return err
}
