package httpauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// A token is accepted in the places that the options allow. Two credentials are refused, wherever they are.
func TestTokensInPlacesOfTheHostsChoice(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	inQuery := func(r *http.Request) string { return r.URL.Query().Get("key") }
	password := &httpauth.Options{BasicPassword: true}
	both := &httpauth.Options{Basic: true, BasicPassword: true}
	elsewhere := &httpauth.Options{Elsewhere: inQuery, Header: "X-API-Key"}
	for _, c := range []struct {
		name   string
		opts   *httpauth.Options
		target string
		fields []field
		want   int
	}{
		{"as password", password, "/", auth("Basic " + basic("ada:"+token)), 200},
		{"as password of any user", password, "/", auth("Basic " + basic("__token__:"+token)), 200},
		{"as password without a user", password, "/", auth("Basic " + basic(":"+token)), 200},
		{"as password with more behind it", password, "/", auth("Basic " + basic("ada:"+token+":x")), 401},
		{"as user name, which is not allowed", password, "/", auth("Basic " + basic(token+":")), 401},
		{"as password, which is not allowed", &httpauth.Options{Basic: true}, "/", auth("Basic " + basic("ada:"+token)), 401},
		{"as user name, if both are allowed", both, "/", auth("Basic " + basic(token+":")), 200},
		{"as password, if both are allowed", both, "/", auth("Basic " + basic("ada:"+token)), 200},
		{"a password of the host", both, "/", auth("Basic " + basic("ada:secret")), 401},
		{"elsewhere", elsewhere, "/?key=" + token, nil, 200},
		{"elsewhere, a wrong one", elsewhere, "/?key=" + token + "x", nil, 401},
		{"elsewhere, two words", elsewhere, "/?key=" + token + "+x", nil, 400},
		{"elsewhere and as Bearer", elsewhere, "/?key=" + token, auth("Bearer " + token), 400},
		{"elsewhere and in the header", elsewhere, "/?key=" + token, key(token), 400},
		{"elsewhere and a bad Bearer", elsewhere, "/?key=" + token, auth("Bearer"), 400},
		{"elsewhere beside another scheme", elsewhere, "/?key=" + token, auth("Digest x"), 200},
		{"nowhere", elsewhere, "/", nil, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "GET", c.target, nil)
			for _, f := range c.fields {
				r.Header.Add(f.name, f.value)
			}
			w := httptest.NewRecorder()
			requireOK(tt.Manager, c.opts).ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("status is %d, want %d", w.Code, c.want)
			}
		})
	}
}

// Optional serves nobody as anonymous who has presented something.
func TestOptionalLooksElsewhereToo(t *testing.T) {
	tt := tokentest.New(t)
	h := httpauth.Optional(tt.Manager, &httpauth.Options{Elsewhere: func(r *http.Request) string { return r.URL.Query().Get("key") }})(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for target, want := range map[string]int{"/": 200, "/?key=wrong": 401, "/?key=" + tt.Token("ada"): 200} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", target, nil))
		if w.Code != want {
			t.Errorf("%s: status is %d, want %d", target, w.Code, want)
		}
	}
}

func TestBasicPasswordIsOfferedByA401(t *testing.T) {
	tt := tokentest.New(t)
	w := httptest.NewRecorder()
	requireOK(tt.Manager, &httpauth.Options{BasicPassword: true}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	if got := w.Header().Values("WWW-Authenticate"); len(got) != 1 || got[0] != `Basic realm="api"` {
		t.Errorf("challenges are %q, want Basic alone", got)
	}
}
