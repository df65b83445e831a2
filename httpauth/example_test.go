package httpauth_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// newManager returns a Manager with one user, Ada, and the text of one of her tokens.
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

// A group of routes accepts tokens of one kind, also as curl -u presents them, and tells clients when their token expires soon.
func ExampleOptions() {
	tt := tokentest.NewWith(new(example), apitoken.Options{Kinds: []apitoken.Kind{"deploy"}})
	_, deploy := tt.Generate(apitoken.GenerateParams{Owner: "ada", Kind: "deploy", Lifetime: apitoken.Days(7)})
	handler := httpauth.Require(tt.Manager, &httpauth.Options{
		Kinds:        []apitoken.Kind{"deploy"},
		Basic:        true,
		Header:       "X-API-Key",
		ExpiryWindow: apitoken.Days(14),
	})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "deployed") }))

	send := func(authorize func(*http.Request)) {
		r := httptest.NewRequest("POST", "/deploy", nil)
		authorize(r)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("Token-Expires"))
	}
	send(func(r *http.Request) { r.SetBasicAuth(deploy, "") })
	send(func(r *http.Request) { r.Header.Set("X-API-Key", deploy) })
	send(func(r *http.Request) { r.Header.Set("X-API-Key", tt.Token("ada")) }) // of the kind user

	// Output:
	// 200 "Thu, 08 Jan 2026 12:00:00 GMT"
	// 200 "Thu, 08 Jan 2026 12:00:00 GMT"
	// 403 ""
}

// A proxy asks this endpoint, and copies the headers of the response into the request that it forwards.
func ExampleVerify() {
	m, token := newManager()
	mux := http.NewServeMux()
	mux.Handle("/verify", httpauth.Verify(m, nil))

	for _, presented := range []string{token, ""} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, tokentest.Request("GET", "/verify", presented))
		fmt.Printf("%d %q %q\n", w.Code, w.Header().Get(httpauth.UserHeader), w.Header().Get("WWW-Authenticate"))
	}

	// Output:
	// 200 "ada" ""
	// 401 "" "Bearer realm=\"api\""
}

// A host with an error format of its own uses the status and the header of a refusal and writes another body.
func ExampleAuthenticator() {
	m, token := newManager()
	authenticate := httpauth.Authenticator(m, nil)
	hello := func(w http.ResponseWriter, r *http.Request) {
		identity, refusal := authenticate(r)
		if refusal != nil {
			maps.Copy(w.Header(), refusal.Header())
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(refusal.Status())
			fmt.Fprint(w, "no entry")
			return
		}
		fmt.Fprintf(w, "hello, %s", identity.User.Name)
	}

	for _, presented := range []string{token, "tok_wrong"} {
		w := httptest.NewRecorder()
		hello(w, tokentest.Request("GET", "/hello", presented))
		fmt.Printf("%d %s %q\n", w.Code, w.Body, w.Header().Get("WWW-Authenticate"))
	}

	// Output:
	// 200 hello, Ada ""
	// 401 no entry "Bearer realm=\"api\", error=\"invalid_token\""
}

// example replaces the testing.TB that an example does not have.
type example struct{ testing.TB }

func (*example) Helper()        {}
func (*example) Cleanup(func()) {}
