package httpauth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// identityHeaders returns the headers with the identity.
func identityHeaders(h http.Header) map[string][]string {
	got := map[string][]string{}
	for name, values := range h {
		if strings.HasPrefix(name, "X-Auth-") {
			got[name] = values
		}
	}
	return got
}

func TestVerifyReturnsTheIdentity(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{Kinds: []apitoken.Kind{"für CI"}})
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada", Kind: "für CI"})
	verify := httpauth.Verify(tt.Manager, nil)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"} {
		t.Run(method, func(t *testing.T) {
			r := tokentest.Request(method, "/anything?at=all", text)
			r.Header.Set("X-Forwarded-Method", "DELETE")
			w := httptest.NewRecorder()
			verify.ServeHTTP(w, r)
			if w.Code != http.StatusOK || w.Body.Len() > 0 {
				t.Errorf("the response is %d %q, want 200 without a body", w.Code, w.Body)
			}
			want := map[string][]string{"X-Auth-User": {"ada"}, "X-Auth-Token-Id": {token.ID.String()}, "X-Auth-Token-Kind": {"f%C3%BCr%20CI"}}
			if diff := cmp.Diff(want, identityHeaders(w.Header())); diff != "" {
				t.Errorf("the identity differs (-want +got):\n%s", diff)
			}
		})
	}
}

// A proxy may pass headers of these names on from the client.
func TestVerifyIgnoresIdentityHeadersOfTheRequest(t *testing.T) {
	tt := tokentest.New(t)
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	verify := httpauth.Verify(tt.Manager, nil)
	ada := map[string][]string{"X-Auth-User": {"ada"}, "X-Auth-Token-Id": {token.ID.String()}, "X-Auth-Token-Kind": {"user"}}
	for presented, want := range map[string]map[string][]string{text: ada, text + "0": {}, "": {}} {
		r := tokentest.Request("GET", "/", presented)
		for _, name := range []string{httpauth.UserHeader, httpauth.TokenIDHeader, httpauth.TokenKindHeader, "X-Forwarded-User", "Remote-User"} {
			r.Header.Set(name, "admin")
		}
		w := httptest.NewRecorder()
		verify.ServeHTTP(w, r)
		if diff := cmp.Diff(want, identityHeaders(w.Header())); diff != "" {
			t.Errorf("%q: the identity differs (-want +got):\n%s", presented, diff)
		}
		for name, values := range w.Header() {
			if strings.Contains(strings.Join(values, ""), "admin") {
				t.Errorf("%q: %s has the value that the client sent", presented, name)
			}
		}
	}
}

// unreadable is a body that must not be read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func (u unreadable) Close() error { return nil }

func TestNoHandlerReadsTheBody(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	opts := &httpauth.Options{Basic: true, Header: "X-API-Key", OnError: func(*http.Request, error) {}}
	for _, h := range everyHandler(tt.Manager, opts) {
		for _, presented := range []string{token, "", "x"} {
			r := tokentest.Request("POST", "/", presented)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Body = unreadable{t}
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
}

// A user id may contain any visible character. The header is visible ASCII, and every decoder of URLs restores the id, also one
// that takes a plus sign for a space.
func TestVerifySendsAnyUserID(t *testing.T) {
	tt := tokentest.New(t)
	verify := httpauth.Verify(tt.Manager, nil)
	for id, want := range map[apitoken.UserID]string{
		"ada":                      "ada",
		"ada.lovelace@example.org": "ada.lovelace@example.org",
		"-_.~$&=:@":                "-_.~$&=:@",
		"0123":                     "0123",
		"ada+ci@example.org":       "ada%2Bci@example.org",
		"ada ci":                   "ada%20ci",
		" ada ":                    "%20ada%20",
		"50%":                      "50%25",
		"%41da":                    "%2541da",
		"a,b;c":                    "a%2Cb%3Bc",
		`a"b\c`:                    "a%22b%5Cc",
		"domain\\ada":              "domain%5Cada",
		"urn:x:a/b?c#d":            "urn:x:a%2Fb%3Fc%23d",
		"jürgen":                   "j%C3%BCrgen",
		"日本":                       "%E6%97%A5%E6%9C%AC",
		"(a)'*!<>[]{}|^`":          "%28a%29%27%2A%21%3C%3E%5B%5D%7B%7D%7C%5E%60",
		apitoken.UserID(strings.Repeat("ü", 64)): strings.Repeat("%C3%BC", 64),
	} {
		w := serve(verify, "Bearer "+tt.Token(id))
		got := w.Header().Get("X-Auth-User")
		if got != want {
			t.Errorf("the id %q is sent as %q, want %q", id, got, want)
		}
		for name, decode := range map[string]func(string) (string, error){"path": url.PathUnescape, "query": url.QueryUnescape} {
			if back, err := decode(got); err != nil || back != string(id) {
				t.Errorf("the id %q is decoded as in a %s to %q, %v", id, name, back, err)
			}
		}
	}
}

func FuzzPercentEncoded(f *testing.F) {
	for _, text := range []string{"", "ada", "a b+c", "\r\nSet-Cookie: a=b", "\x00\x7f\xff", "%", "日本"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		escaped := httpauth.PercentEncoded(text)
		if strings.ContainsFunc(escaped, func(r rune) bool { return r <= ' ' || r > '~' }) || strings.ContainsAny(escaped, `,;"\+`) {
			t.Errorf("%q is sent as %q", text, escaped)
		}
		for _, decode := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
			if back, err := decode(escaped); err != nil || back != text {
				t.Errorf("%q is decoded to %q, %v", text, back, err)
			}
		}
	})
}
