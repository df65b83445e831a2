package httpauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestARealmCannotEndItsQuotes(t *testing.T) {
	tt := tokentest.New(t)
	for realm, want := range map[string]string{
		"":                         `Bearer realm="api"`,
		"my api":                   `Bearer realm="my api"`,
		`a "b" \c`:                 `Bearer realm="a \"b\" \\c"`,
		"x\", error=\"y":           `Bearer realm="x\", error=\"y"`,
		"x\r\nSet-Cookie: a=b\x00": `Bearer realm="x??Set-Cookie: a=b?"`,
		"é\u200b\x7f\xff":          `Bearer realm="????"`,
	} {
		w := serve(httpauth.Require(tt.Manager, &httpauth.Options{Realm: realm})(http.HandlerFunc(ok)))
		if got := w.Header().Get("WWW-Authenticate"); got != want {
			t.Errorf("the realm %q is sent as %s, want %s", realm, got, want)
		}
	}
}

func TestOnErrorGetsTheCauseWithoutTheToken(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	tests := []struct {
		name   string
		fields []field
		want   error // nil: OnError is not called
	}{
		{"a wrong token as Basic", auth("Basic " + basic(token+"x:")), apitoken.ErrMalformed},
		{"a token as password", auth("Basic " + basic("ada:"+token)), apitoken.ErrUnauthenticated},
		{"Basic that cannot be decoded", auth("Basic " + token), apitoken.ErrInvalid},
		{"passed", auth("Bearer " + token), nil},
		{"no header", nil, apitoken.ErrUnauthenticated},
		{"another scheme", auth("Digest " + token), apitoken.ErrUnauthenticated},
		{"no scheme", auth(token), apitoken.ErrUnauthenticated},
		{"a wrong token", auth("Bearer " + token + "x"), apitoken.ErrMalformed},
		{"two tokens", auth("Bearer " + token + "," + token), apitoken.ErrInvalid},
		{"two headers", auth("Bearer "+token, "Bearer "+token), apitoken.ErrInvalid},
		{"a wrong key", key(token + "x"), apitoken.ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var told error
			opts := &httpauth.Options{Basic: true, Header: "x-api-key", OnError: func(r *http.Request, err error) {
				told = err
				if r.Header.Get("Authorization")+r.Header.Get("X-API-Key") != "" || r.Header.Get("Accept") != "text/plain" || r.URL.Path != "/" {
					t.Errorf("OnError got the request %+v", r)
				}
			}}
			r := requestWith(append(test.fields, field{"Accept", "text/plain"}))
			before := r.Header.Clone()
			requireOK(tt.Manager, opts).ServeHTTP(httptest.NewRecorder(), r)
			if diff := cmp.Diff(before, r.Header); diff != "" {
				t.Errorf("the request was changed (-before +after):\n%s", diff)
			}
			if (told == nil) != (test.want == nil) || !errors.Is(told, test.want) {
				t.Errorf("OnError got %v, want %v", told, test.want)
			}
			if told != nil && strings.Contains(told.Error(), token) {
				t.Error("the error shows the token")
			}
		})
	}
}

// makers are the functions that take Options.
var makers = map[string]func(*apitoken.Manager, *httpauth.Options){
	"Require":       func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.Require(m, opts) },
	"Optional":      func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.Optional(m, opts) },
	"Verify":        func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.Verify(m, opts) },
	"Authenticator": func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.Authenticator(m, opts) },
	"ActorFunc":     func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.ActorFunc(m, opts) },
}

func TestInvalidOptionsPanicBeforeAnyRequest(t *testing.T) {
	m := tokentest.New(t).Manager
	tests := []struct {
		name string
		m    *apitoken.Manager
		opts *httpauth.Options
		want string // part of the text; empty: it does not panic
	}{
		{"no options", m, nil, ""},
		{"the zero options", m, &httpauth.Options{}, ""},
		{"a header", m, &httpauth.Options{Header: "x-api-key", ExpiryHeader: "X-Ends", ExpiryWindow: 1}, ""},
		{"a nil manager", nil, nil, "manager is nil"},
		{"no kind", m, &httpauth.Options{Kinds: []apitoken.Kind{}}, "Kinds"},
		{"a header with a space", m, &httpauth.Options{Header: "X API"}, "Header"},
		{"a header with a colon", m, &httpauth.Options{Header: "X-API-Key:"}, "Header"},
		{"a header with a line end", m, &httpauth.Options{Header: "X\r\nY"}, "Header"},
		{"a header that is not ASCII", m, &httpauth.Options{Header: "X-Schl\u00fcssel"}, "Header"},
		{"the header Authorization", m, &httpauth.Options{Header: "authorization"}, "Header"},
		{"the header of proxies", m, &httpauth.Options{Header: "Proxy-authorization"}, "Header"},
		{"the header of cookies", m, &httpauth.Options{Header: "cookie"}, "Header"},
		{"the host", m, &httpauth.Options{Header: "Host"}, "Header"},
		{"an expiry header with a space", m, &httpauth.Options{ExpiryHeader: "X Ends"}, "ExpiryHeader"},
		{"a negative window", m, &httpauth.Options{ExpiryWindow: -1}, "ExpiryWindow"},
	}
	for _, test := range tests {
		for name, newOne := range makers {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				defer func() {
					got := recover()
					text, _ := got.(string)
					if (got == nil) != (test.want == "") || !strings.Contains(text, test.want) {
						t.Errorf("it panics with %v, want %q", got, test.want)
					}
				}()
				newOne(test.m, test.opts)
			})
		}
	}
}
