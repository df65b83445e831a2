package httpauth_test

import (
	"net/http"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// discard is a ResponseWriter that keeps only the header.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkRequire compares the middleware with an empty handler and with Authenticate alone. The store is in memory, and the
// clock is the real one.
func BenchmarkRequire(b *testing.B) {
	m, err := apitoken.New(memstore.New(), nil)
	must(b, err)
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada"}); err != nil {
		b.Fatal(err)
	}
	_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "ada", Name: "bench"})
	must(b, err)
	text := secret.Reveal()
	reached := 0
	empty := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ })
	everything := &httpauth.Options{
		Basic: true, Header: "X-API-Key", Kinds: []apitoken.Kind{apitoken.KindUser}, ExpiryWindow: apitoken.NoExpiration,
	}

	tests := []struct {
		name    string
		handler http.Handler
		token   string
		passes  bool
	}{
		{"empty handler", empty, text, true},
		{"Authenticate alone", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := m.Authenticate(r.Context(), text); err == nil {
				empty(w, r)
			}
		}), text, true},
		{"Require", httpauth.Require(m, nil)(empty), text, true},
		{"Require, everything on", httpauth.Require(m, everything)(empty), text, true},
		{"Optional, nothing presented", httpauth.Optional(m, nil)(empty), "", true},
		{"Require, nothing presented", httpauth.Require(m, nil)(empty), "", false},
		{"Require, malformed", httpauth.Require(m, nil)(empty), "tok_x", false},
		{"Verify", httpauth.Verify(m, nil), text, false},
	}
	for _, test := range tests {
		b.Run(test.name, func(b *testing.B) {
			r := tokentest.Request("GET", "/", test.token)
			w := discard{http.Header{}}
			reached = 0
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				test.handler.ServeHTTP(w, r)
			}
			if reached > 0 != test.passes {
				b.Errorf("the handler was called %d times of %d", reached, b.N)
			}
		})
	}
}
