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

// newHandler is the handler of the host, as in production.
func newHandler(m *apitoken.Manager) http.Handler {
	return httpauth.Require(m, nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := httpauth.FromContext(r.Context())
		fmt.Fprint(w, "hello, ", identity.User.ID)
	}))
}

// In a test, pass its t. An example has none.
func Example() {
	test := func(t testing.TB) {
		tt := tokentest.New(t)
		token := tt.Token("ada") // also provisions ada

		w := httptest.NewRecorder()
		newHandler(tt.Manager).ServeHTTP(w, tokentest.Request("GET", "/hello", token))
		fmt.Println(w.Code, w.Body)

		tt.Clock.Add(apitoken.Days(90)) // without a maximum, a token expires after 90 days
		w = httptest.NewRecorder()
		newHandler(tt.Manager).ServeHTTP(w, tokentest.Request("GET", "/hello", token))
		fmt.Println(w.Code)
	}
	test(&example{})

	// Output:
	// 200 hello, ada
	// 401
}
