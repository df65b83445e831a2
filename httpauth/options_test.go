package httpauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestRealmCannotBreakOutOfItsQuotes(t *testing.T) {
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
			t.Errorf("the realm %q gives %s, want %s", realm, got, want)
		}
	}
}

func TestOnErrorIsToldTheCauseAndNeverTheToken(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	tests := []struct {
		name          string
		authorization []string
		want          error // nil: not told
	}{
		{"a wrong token as Basic", []string{"Basic " + basic(token+"x:")}, apitoken.ErrMalformed},
		{"a token as password", []string{"Basic " + basic("ada:"+token)}, apitoken.ErrUnauthenticated},
		{"Basic that cannot be read", []string{"Basic " + token}, apitoken.ErrInvalid},
		{"passed", []string{"Bearer " + token}, nil},
		{"no header", nil, apitoken.ErrUnauthenticated},
		{"another scheme", []string{"Digest " + token}, apitoken.ErrUnauthenticated},
		{"no scheme", []string{token}, apitoken.ErrUnauthenticated},
		{"a wrong token", []string{"Bearer " + token + "x"}, apitoken.ErrMalformed},
		{"two tokens", []string{"Bearer " + token + "," + token}, apitoken.ErrInvalid},
		{"two headers", []string{"Bearer " + token, "Bearer " + token}, apitoken.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var told error
			opts := &httpauth.Options{Basic: true, Header: "x-api-key", OnError: func(r *http.Request, err error) {
				told = err
				if got := r.Header.Values("Authorization"); len(got) > 0 {
					t.Errorf("the request has the header %q", got)
				}
				if got := r.Header.Values("X-API-Key"); len(got) > 0 {
					t.Errorf("the request has the header %q", got)
				}
				if r.URL.Path != "/" || r.Context() == nil {
					t.Errorf("the request is not the one that was sent: %+v", r)
				}
			}}
			serve(requireOK(tt.Manager, opts), test.authorization...)
			if (told == nil) != (test.want == nil) || !errors.Is(told, test.want) {
				t.Errorf("OnError was told %v, want %v", told, test.want)
			}
			if told != nil && strings.Contains(told.Error(), token) {
				t.Error("the error shows the token")
			}
			told = nil
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("X-API-Key", token+"x")
			requireOK(tt.Manager, opts).ServeHTTP(httptest.NewRecorder(), r)
			if !errors.Is(told, apitoken.ErrMalformed) || r.Header.Get("X-API-Key") == "" {
				t.Errorf("for a wrong key OnError was told %v", told)
			}
		})
	}
}

// makers make all that there is to make.
var makers = map[string]func(*apitoken.Manager, *httpauth.Options){
	"Require":       func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.Require(m, opts) },
	"Optional":      func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.Optional(m, opts) },
	"Verify":        func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.Verify(m, opts) },
	"Authenticator": func(m *apitoken.Manager, opts *httpauth.Options) { httpauth.Authenticator(m, opts) },
}

func TestMistakesPanicBeforeAnyRequest(t *testing.T) {
	m := tokentest.New(t).Manager
	tests := []struct {
		name string
		m    *apitoken.Manager
		opts *httpauth.Options
		want string // in the text; empty: it does not panic
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
