package httpauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// whoami is a handler of a host: it wants somebody to be signed in, by a token or in another way.
func whoami(w http.ResponseWriter, r *http.Request) {
	identity, ok := httpauth.FromContext(r.Context())
	if !ok {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	fmt.Fprint(w, identity.User.ID, " ", httpauth.Actor(r.Context()).User)
}

func TestWithIdentityStandsForAToken(t *testing.T) {
	tt := tokentest.New(t)
	identity, err := tt.Manager.Authenticate(t.Context(), tt.Token("bob"))
	must(t, err)
	r := httptest.NewRequestWithContext(httpauth.WithIdentity(t.Context(), identity), "GET", "/", nil)
	w := httptest.NewRecorder()
	whoami(w, r)
	if got := w.Body.String(); got != "bob bob" {
		t.Errorf("the handler answers %d %q, want bob", w.Code, got)
	}
}

func ExampleStatus() {
	fmt.Println(httpauth.Status(nil), httpauth.Status(apitoken.ErrNotFound), httpauth.Status(apitoken.ErrUnavailable))
	// Output: 200 404 503
}
