package tokentest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// newHandler stands for the host's own handler, made as in production.
func newHandler(m *apitoken.Manager) http.Handler {
	return httpauth.Require(m, nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := httpauth.FromContext(r.Context())
		fmt.Fprint(w, "hello, ", identity.User.ID)
	}))
}

// This is all that a host needs to test what its handler does when a token ends.
func TestATokenOpensTheHandlerUntilItExpires(t *testing.T) {
	tt := tokentest.New(t)
	_, token := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: apitoken.Days(30)})
	for _, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		w := httptest.NewRecorder()
		newHandler(tt.Manager).ServeHTTP(w, tokentest.Request("GET", "/hello", token))
		if w.Code != want {
			t.Errorf("on %s the handler answers %d, want %d", tt.Clock.Now(), w.Code, want)
		}
		tt.Clock.Add(apitoken.Days(30))
	}
}

// An example has no testing.TB, so here t stands for the test's.
func Example() {
	test := func(t testing.TB) {
		tt := tokentest.New(t)
		token := tt.Token("ada") // provisions ada, too

		w := httptest.NewRecorder()
		newHandler(tt.Manager).ServeHTTP(w, tokentest.Request("GET", "/hello", token))
		fmt.Println(w.Code, w.Body)

		tt.Clock.Add(apitoken.Days(90)) // nobody set a maximum, so it lives for 90 days
		w = httptest.NewRecorder()
		newHandler(tt.Manager).ServeHTTP(w, tokentest.Request("GET", "/hello", token))
		fmt.Println(w.Code)
	}
	test(&example{})

	// Output:
	// 200 hello, ada
	// 401
}
