package httpauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// newManager gives a Manager with one user, Ada, and the text of a token of hers.
func newManager() (*apitoken.Manager, string) {
	ctx := context.Background()
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		panic(err)
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Name: "Ada"}); err != nil {
		panic(err)
	}
	_, secret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "laptop"})
	if err != nil {
		panic(err)
	}
	return m, secret.Reveal()
}

func ExampleRequire() {
	m, token := newManager()
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := httpauth.FromContext(r.Context())
		fmt.Fprintf(w, "hello, %s", identity.User.Name)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /hello", httpauth.Require(m, &httpauth.Options{Realm: "hello"})(hello))

	for _, presented := range []string{token, "", "tok_wrong"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, tokentest.Request("GET", "/hello", presented))
		fmt.Printf("%d %q\n%s\n", w.Code, w.Header().Get("WWW-Authenticate"), w.Body)
	}

	// Output:
	// 200 ""
	// hello, Ada
	// 401 "Bearer realm=\"hello\""
	// {"type":"about:blank","title":"Unauthorized","status":401,"code":"unauthenticated","detail":"Present a token in the Authorization header, with the scheme Bearer."}
	//
	// 401 "Bearer realm=\"hello\", error=\"invalid_token\""
	// {"type":"about:blank","title":"Unauthorized","status":401,"code":"invalid_token","detail":"The token is not valid."}
}

func ExampleOptional() {
	m, token := newManager()
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "stranger"
		if identity, ok := httpauth.FromContext(r.Context()); ok {
			name = identity.User.Name
		}
		fmt.Fprintf(w, "hello, %s", name)
	})
	handler := httpauth.Optional(m, nil)(hello)

	for _, presented := range []string{token, "", "tok_wrong"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, tokentest.Request("GET", "/hello", presented))
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("WWW-Authenticate"))
	}

	// Output:
	// 200 ""
	// 200 ""
	// 401 "Bearer realm=\"api\", error=\"invalid_token\""
}
