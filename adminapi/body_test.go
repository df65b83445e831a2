package adminapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestBodiesAreReadStrictly(t *testing.T) {
	tests := []struct {
		name, body string
		field      string
	}{
		{"empty", " ", ""},
		{"no JSON", `name=x`, ""},
		{"a string", `"name"`, ""},
		{"an array", `[{"name": "x"}]`, ""},
		{"null", `null`, ""},
		{"cut off", `{"name": "x"`, ""},
		{"a comma at the end", `{"name": "x",}`, ""},
		{"a comment", `{"name": "x"} // y`, ""},
		{"a byte order mark", "\ufeff" + `{"name": "x"}`, ""},
		{"two values", `{"name": "x"} {"name": "y"}`, ""},
		{"something behind", `{"name": "x"} x`, ""},
		{"single quotes", `{'name': 'x'}`, ""},
		{"not UTF-8", "{\"name\": \"\xff\"}", ""},
		{"half a surrogate pair", `{"name": "\ud800"}`, "name"},
		{"the replacement character", `{"name": "a` + "\ufffd" + `"}`, "name"},
		{"an unknown member", `{"name": "x", "scope": "all"}`, "scope"},
		{"an unknown member of objects", `{"name": "x", "a": {"b": 1, "b": 2}}`, "a"},
		{"the owner", `{"name": "x", "owner": "carol"}`, "owner"},
		{"another case", `{"Name": "x"}`, "Name"},
		{"another case of a member that is there", `{"name": "x", "NAME": "y"}`, "NAME"},
		{"a folding letter", `{"name": "x", "` + "\u212a" + `ind": "user"}`, "\u212aind"},
		{"an empty member", `{"name": "x", "": 1}`, ""},
		{"twice", `{"name": "x", "name": "x"}`, "name"},
		{"twice, once escaped", `{"name": "x", "n\u0061me": "y"}`, "name"},
		{"null for a text", `{"name": null}`, "name"},
		{"a number for a text", `{"name": 1}`, "name"},
		{"an object for a text", `{"name": {"a": 1, "a": 2}}`, "name"},
		{"an array for a text", `{"name": ["x"]}`, "name"},
		{"a boolean for a text", `{"name": true}`, "name"},
		{"null for a boolean", `{"name": "x", "no_expiration": null}`, "no_expiration"},
		{"a text for a boolean", `{"name": "x", "no_expiration": "true"}`, "no_expiration"},
		{"a number for a boolean", `{"name": "x", "no_expiration": 1}`, "no_expiration"},
		{"a boolean for a number", `{"name": "x", "lifetime_seconds": true}`, "lifetime_seconds"},
		{"very deep", `{"name": ` + strings.Repeat("[", 8000) + strings.Repeat("]", 8000) + `}`, "name"},
		{"a very long unknown member", `{"a` + strings.Repeat("é", 5000) + `": 1}`, "a" + strings.Repeat("é", 31) + "..."},
	}
	s := newSite(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := wantProblem(t, 400, "malformed", s.call("bob", "POST", "/users/bob/tokens", test.body))
			if p.Field != test.field {
				t.Errorf("the field is %q, want %q", p.Field, test.field)
			}
			if test.name == "null for a boolean" && p.Detail != "no_expiration is null; leave it out" {
				t.Errorf("the detail does not say what to do: %s", p.Detail)
			}
			if !strings.Contains(p.Detail, test.field) {
				t.Errorf("the detail does not name the field: %s", p.Detail)
			}
		})
	}
	for range s.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}) {
		t.Fatal("a refused request generated a token")
	}
}

func TestBodiesHaveToSayThatTheyAreJSON(t *testing.T) {
	tests := []struct {
		contentType []string
		encoding    string
		status      int
	}{
		{[]string{"application/json"}, "", 201},
		{[]string{"Application/JSON; charset=UTF-8"}, "", 201},
		{[]string{"application/json; charset=latin1"}, "", 415},
		{nil, "", 415},
		{[]string{""}, "", 415},
		{[]string{"text/plain"}, "", 415},
		{[]string{"application/x-www-form-urlencoded"}, "", 415},
		{[]string{"multipart/form-data; boundary=x"}, "", 415},
		{[]string{"application/json, text/plain"}, "", 415},
		{[]string{"application/json; ;"}, "", 415},
		{[]string{"application/json", "text/plain"}, "", 415},
		{[]string{"application/problem+json"}, "", 415},
		{[]string{"application/json"}, "gzip", 415},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.contentType, " | ")+" "+test.encoding, func(t *testing.T) {
			s := newSite(t)
			r := httptest.NewRequest("POST", "/users/bob/tokens", strings.NewReader(`{"name": "x"}`))
			r.Header.Set("Test-User", "bob")
			for _, value := range test.contentType {
				r.Header.Add("Content-Type", value)
			}
			if test.encoding != "" {
				r.Header.Set("Content-Encoding", test.encoding)
			}
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			wantStatus(t, test.status, w)
			if test.status == http.StatusUnsupportedMediaType {
				wantProblem(t, test.status, "unsupported_media_type", w)
			}
		})
	}
}

func TestBodiesAreLimitedTo16KiB(t *testing.T) {
	s := newSite(t)
	body := func(size int) string {
		const object = `{"name": "x"}`
		return object + strings.Repeat(" ", size-len(object))
	}
	wantStatus(t, http.StatusCreated, s.call("bob", "POST", "/users/bob/tokens", body(16<<10)))
	wantProblem(t, 413, "too_large", s.call("bob", "POST", "/users/bob/tokens", body(16<<10+1)))
	wantProblem(t, 413, "too_large", s.call("ada", "PUT", "/policy", body(1<<20)))
}

func TestABodyThatBreaksOffIsMalformed(t *testing.T) {
	s := newSite(t)
	r := httptest.NewRequest("POST", "/users/bob/tokens", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`{"name": "x"}`))))
	r.Header.Set("Test-User", "bob")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	wantProblem(t, 400, "malformed", w)
}

// FuzzGenerate holds whatever body to the promise that it is answered from the table and never lives longer than allowed.
func FuzzGenerate(f *testing.F) {
	for _, body := range []string{
		`{"name": "x"}`, `{"name": "x", "lifetime_seconds": 0.5}`, `{"name": "x", "no_expiration": true}`,
		`{"name": "x", "expires_at": "2026-01-02T12:00:00Z"}`, `{"name": "x", "name": "y"}`, `{"Name": null}`, `[[`,
	} {
		f.Add(body)
	}
	tt := tokentest.NewWith(f, apitoken.Options{DefaultMaxLifetime: apitoken.Days(30)})
	tt.User("bob", apitoken.RoleUser)
	h := newHandler(f, tt.Manager)
	end := tt.Clock.Now().Add(apitoken.Days(30))
	f.Fuzz(func(t *testing.T, body string) {
		if body == "" {
			return
		}
		w := call(h, "bob", "POST", "/users/bob/tokens", body)
		switch w.Code {
		case 400, 409, 413, 422:
		case 201:
			for token, err := range tt.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive}) {
				if err != nil || token.ExpiresAt.IsZero() || token.ExpiresAt.After(end) {
					t.Errorf("%q gives a token until %s, %v", body, token.ExpiresAt, err)
				}
			}
			if err := tt.Manager.RevokeAll(ctx, apitoken.System(), "bob"); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%q is answered %d: %s", body, w.Code, w.Body)
		}
	})
}
