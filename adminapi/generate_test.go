package adminapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
)

func TestGenerateOnBehalfShowsTheSecretOnce(t *testing.T) {
	s := newSite(t)
	w := s.call("ada", "POST", "/users/bob/tokens", `{"name": "nightly <build>", "lifetime_seconds": 2592000}`)
	wantStatus(t, http.StatusCreated, w)
	got := decode[struct {
		Token  struct{ ID, Hint string }
		Secret string
	}](t, w)
	wantJSON(t, `{
		"token": {
			"id": "ID",
			"owner": "bob",
			"name": "nightly <build>",
			"kind": "user",
			"status": "active",
			"created_at": "2026-01-01T12:00:00.000000Z",
			"expires_at": "2026-01-31T12:00:00.000000Z",
			"created_by": "ada",
			"hint": "HINT"
		},
		"secret": "SECRET"
	}`, w, got.Token.ID, "ID", got.Secret, "SECRET", got.Token.Hint, "HINT")
	if location := w.Header().Get("Location"); location != "../../tokens/"+got.Token.ID {
		t.Errorf("Location is %q", location)
	}
	identity, err := s.Manager.Authenticate(ctx, got.Secret)
	if err != nil || identity.User.ID != "bob" {
		t.Errorf("the secret authenticates %q, %v", identity.User.ID, err)
	}
	for _, path := range []string{"/tokens/" + got.Token.ID, "/users/bob/tokens", "/tokens"} {
		w := s.call("ada", "GET", path, "")
		wantStatus(t, http.StatusOK, w)
		if strings.Contains(w.Body.String(), got.Secret[8:40]) {
			t.Errorf("GET %s shows the secret again", path)
		}
	}
}

func TestGenerateForAResource(t *testing.T) {
	s := newSite(t)
	w := s.call("ada", "POST", "/users/bob/tokens", `{"name": "deploy", "resource": "project:<web>", "lifetime_seconds": 3600}`)
	wantStatus(t, http.StatusCreated, w)
	got := decode[struct {
		Token  struct{ ID, Hint, Resource string }
		Secret string
	}](t, w)
	identity, err := s.Manager.Authenticate(ctx, got.Secret)
	must(t, err)
	if got.Token.Resource != "project:<web>" || identity.Token.Resource != "project:<web>" {
		t.Errorf("it is bound to %q, and answered as bound to %q", identity.Token.Resource, got.Token.Resource)
	}
	s.Generate(apitoken.GenerateParams{Owner: "bob", Name: "anything"})
	for path, want := range map[string]int{
		"/tokens?resource=project:%3Cweb%3E": 1, "/users/bob/tokens?resource=project:%3Cweb%3E": 1, "/tokens?resource=project:web": 0, "/tokens": 2,
	} {
		w := s.call("ada", "GET", path, "")
		wantStatus(t, http.StatusOK, w)
		page := decode[struct{ Tokens []map[string]any }](t, w)
		if len(page.Tokens) != want {
			t.Errorf("GET %s gives %d tokens, want %d", path, len(page.Tokens), want)
		}
		for _, token := range page.Tokens {
			if resource, bound := token["resource"]; bound != (token["name"] == "deploy") || bound && resource != "project:<web>" {
				t.Errorf("GET %s: %v is bound: %t", path, token, bound)
			}
		}
	}
}

// Who comes with a token that is bound is refused what is bound to anything else.
func TestGenerateWithABoundToken(t *testing.T) {
	s := newSite(t)
	_, text := s.Generate(apitoken.GenerateParams{Owner: "bob", Name: "web", Resource: "project:web"})
	identity, err := s.Manager.Authenticate(ctx, text)
	must(t, err)
	h, err := adminapi.New(s.Manager, &adminapi.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return identity.Actor(), nil }})
	must(t, err)
	wantProblem(t, 403, "denied", call(h, "", "POST", "/users/bob/tokens", `{"name": "x"}`))
	wantProblem(t, 403, "denied", call(h, "", "POST", "/users/bob/tokens", `{"name": "x", "resource": "project:api"}`))
	wantStatus(t, http.StatusCreated, call(h, "", "POST", "/users/bob/tokens", `{"name": "x", "resource": "project:web"}`))
}

func TestGenerateObeysThePolicyInEverySpelling(t *testing.T) {
	const start = "2026-01-01T12:00:00Z"
	noMaximum, month := apitoken.NoExpiration, apitoken.Days(30)
	tests := []struct {
		name    string
		maximum time.Duration
		asked   string // more members
		want    string // the end, or the code of the problem
	}{
		{"nothing, no maximum", noMaximum, ``, "2026-04-01T12:00:00.000000Z"},
		{"nothing, a maximum", month, ``, "2026-01-31T12:00:00.000000Z"},
		{"less", month, `, "lifetime_seconds": 3600`, "2026-01-01T13:00:00.000000Z"},
		{"fractions", month, `, "lifetime_seconds": 1.000001`, "2026-01-01T12:00:01.000001Z"},
		{"a second", month, `, "lifetime_seconds": 1`, "2026-01-01T12:00:01.000000Z"},
		{"less than a second", month, `, "lifetime_seconds": 0.999999`, "invalid"},
		{"the maximum", month, `, "lifetime_seconds": 2592000`, "2026-01-31T12:00:00.000000Z"},
		{"the maximum, spelled with decimals", month, `, "lifetime_seconds": 2592000.000000`, "2026-01-31T12:00:00.000000Z"},
		{"a microsecond more", month, `, "lifetime_seconds": 2592000.000001`, "lifetime_over_maximum"},
		{"much more", month, `, "lifetime_seconds": 9223372036`, "lifetime_over_maximum"},
		{"no expiration, a maximum", month, `, "no_expiration": true`, "lifetime_over_maximum"},
		{"no expiration, no maximum", noMaximum, `, "no_expiration": true`, ""},
		{"an end", month, `, "expires_at": "2026-01-31T12:00:00Z"`, "2026-01-31T12:00:00.000000Z"},
		{"an end in another zone", month, `, "expires_at": "2026-01-31T17:30:00+05:30"`, "2026-01-31T12:00:00.000000Z"},
		{"an end in nanoseconds", month, `, "expires_at": "2026-01-31T11:59:59.999999999Z"`, "2026-01-31T11:59:59.999999Z"},
		{"an end too late", month, `, "expires_at": "2026-01-31T12:00:00.000001Z"`, "lifetime_over_maximum"},
		{"an end now", month, `, "expires_at": "` + start + `"`, "invalid"},
		{"an end in the past", month, `, "expires_at": "2025-12-31T00:00:00Z"`, "invalid"},
		{"an end in the year 2200", noMaximum, `, "expires_at": "2200-01-01T00:00:00Z"`, "invalid"},
		{"a lifetime beyond the year 2200", noMaximum, `, "lifetime_seconds": 9000000000`, "invalid"},
		{"the zero time", noMaximum, `, "expires_at": "0001-01-01T00:00:00Z"`, "invalid"},
		{"the zero time in another zone", noMaximum, `, "expires_at": "0001-01-01T01:00:00+01:00"`, "invalid"},
		{"zero", month, `, "lifetime_seconds": 0`, "invalid"},
		{"zero with decimals", month, `, "lifetime_seconds": 0.000000`, "invalid"},
		{"less than a microsecond", month, `, "lifetime_seconds": 0.0000001`, "invalid"},
		{"minus zero", month, `, "lifetime_seconds": -0`, "invalid"},
		{"negative", month, `, "lifetime_seconds": -1`, "invalid"},
		{"an exponent", month, `, "lifetime_seconds": 1e3`, "invalid"},
		{"more than a duration holds", noMaximum, `, "lifetime_seconds": 9223372036.854776`, "invalid"},
		{"what overflows to something small", noMaximum, `, "lifetime_seconds": 18446744074`, "invalid"},
		{"what overflows 64 bits", noMaximum, `, "lifetime_seconds": 18446744073709551617`, "invalid"},
		{"the spelling of no expiration in Go", noMaximum, `, "lifetime_seconds": 9223372036854775807`, "invalid"},
		{"false", noMaximum, `, "no_expiration": false`, "invalid"},
		{"null", month, `, "lifetime_seconds": null`, "malformed"},
		{"a text", month, `, "lifetime_seconds": "3600"`, "malformed"},
		{"a date", month, `, "expires_at": "2026-01-31"`, "malformed"},
		{"a number", month, `, "expires_at": 1769860800`, "malformed"},
		{"an empty text", month, `, "expires_at": ""`, "malformed"},
		{"a month that there is not", month, `, "expires_at": "2026-13-01T00:00:00Z"`, "malformed"},
		{"two, a lifetime and an end", month, `, "lifetime_seconds": 1, "expires_at": "2026-01-02T12:00:00Z"`, "invalid"},
		{"two, a lifetime and none", noMaximum, `, "lifetime_seconds": 1, "no_expiration": true`, "invalid"},
		{"two, an end and none", noMaximum, `, "expires_at": "2026-01-02T12:00:00Z", "no_expiration": true`, "invalid"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSiteWith(t, apitoken.Options{DefaultMaxLifetime: test.maximum})
			w := s.call("ada", "POST", "/users/ada/tokens", `{"name": "x"`+test.asked+`}`)
			var got string
			if w.Code == http.StatusCreated {
				got = decode[struct {
					Token struct {
						Expires string `json:"expires_at"`
					}
				}](t, w).Token.Expires
			} else {
				got = decode[problem](t, w).Code
				wantStatus(t, map[bool]int{true: 400, false: 422}[got == "malformed"], w)
			}
			if got != test.want {
				t.Errorf("it gives %q, want %q: %s", got, test.want, w.Body)
			}
		})
	}
}

func TestOverTheMaximumCarriesBothLifetimes(t *testing.T) {
	s := newSiteWith(t, apitoken.Options{DefaultMaxLifetime: apitoken.Days(30)})
	w := s.call("bob", "POST", "/users/bob/tokens", `{"name": "x", "lifetime_seconds": 2592000.5}`)
	wantJSON(t, `{
		"type": "about:blank", "title": "Unprocessable Entity", "status": 422, "code": "lifetime_over_maximum",
		"detail": "lifetime over the maximum: 720h0m0.5s requested, at most 30 days allowed",
		"field": "lifetime_seconds",
		"lifetime_seconds": 2592000.5,
		"max_lifetime_seconds": 2592000
	}`, w)
	w = s.call("bob", "POST", "/users/bob/tokens", `{"name": "x", "no_expiration": true}`)
	wantJSON(t, `{
		"type": "about:blank", "title": "Unprocessable Entity", "status": 422, "code": "lifetime_over_maximum",
		"detail": "lifetime over the maximum: no expiration requested, at most 30 days allowed",
		"field": "no_expiration",
		"no_expiration": true,
		"max_lifetime_seconds": 2592000
	}`, w)
}

func TestGenerateRefusals(t *testing.T) {
	s := newSiteWith(t, apitoken.Options{Kinds: []apitoken.Kind{"robot"}})
	s.Generate(apitoken.GenerateParams{Owner: "bob", Name: "taken"})
	s.User("dan", "")
	if err := s.Manager.DisableUser(ctx, apitoken.System(), "dan"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, user, path, body string
		status                 int
		code                   string
	}{
		{"one's own", "bob", "/users/bob/tokens", `{"name": "x"}`, 201, ""},
		{"another kind", "bob", "/users/bob/tokens", `{"name": "robot", "kind": "robot"}`, 201, ""},
		{"somebody else's", "bob", "/users/carol/tokens", `{"name": "x"}`, 403, "denied"},
		{"an administrator's", "bob", "/users/ada/tokens", `{"name": "x"}`, 403, "denied"},
		{"nobody's, by a user", "bob", "/users/mallory/tokens", `{"name": "x"}`, 403, "denied"},
		{"nobody's, by an administrator", "ada", "/users/mallory/tokens", `{"name": "x"}`, 404, "not_found"},
		{"a disabled user's", "ada", "/users/dan/tokens", `{"name": "x"}`, 409, "user_disabled"},
		{"by a disabled user", "dan", "/users/dan/tokens", `{"name": "x"}`, 403, "denied"},
		{"a name that is taken", "ada", "/users/bob/tokens", `{"name": "taken"}`, 409, "exists"},
		{"no name", "bob", "/users/bob/tokens", `{}`, 422, "invalid"},
		{"an empty name", "bob", "/users/bob/tokens", `{"name": ""}`, 422, "invalid"},
		{"a name of a space", "bob", "/users/bob/tokens", `{"name": " "}`, 422, "invalid"},
		{"a name with a line break", "bob", "/users/bob/tokens", `{"name": "a\nb"}`, 422, "invalid"},
		{"a name that is too long", "bob", "/users/bob/tokens", `{"name": "` + strings.Repeat("x", 101) + `"}`, 422, "invalid"},
		{"a kind that is not declared", "bob", "/users/bob/tokens", `{"name": "x", "kind": "project"}`, 422, "invalid"},
		{"an empty kind", "bob", "/users/bob/tokens", `{"name": "x", "kind": ""}`, 422, "invalid"},
		{"a resource", "bob", "/users/bob/tokens", `{"name": "web", "resource": "project:web"}`, 201, ""},
		{"an empty resource", "bob", "/users/bob/tokens", `{"name": "x", "resource": ""}`, 422, "invalid"},
		{"a resource of a space", "bob", "/users/bob/tokens", `{"name": "x", "resource": " "}`, 422, "invalid"},
		{"a resource with a line break", "bob", "/users/bob/tokens", `{"name": "x", "resource": "a\nb"}`, 422, "invalid"},
		{"a resource that is too long", "bob", "/users/bob/tokens", `{"name": "x", "resource": "` + strings.Repeat("x", 256) + `"}`, 422, "invalid"},
		{"an owner that is no user id", "ada", "/users/" + strings.Repeat("x", 256) + "/tokens", `{"name": "x"}`, 422, "invalid"},
		{"an owner with a control character", "ada", "/users/a%00b/tokens", `{"name": "x"}`, 422, "invalid"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := s.call(test.user, "POST", test.path, test.body)
			if test.code == "" {
				wantStatus(t, test.status, w)
				return
			}
			wantProblem(t, test.status, test.code, w)
		})
	}
}

// A time before 1970, the zero time of Go among them, is never taken for a member that is left out.
func TestAnEndBefore1970IsNotTakenForNone(t *testing.T) {
	for _, at := range []string{
		"0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00.0000001Z", "0000-12-31T23:59:59Z", "0000-12-31T23:59:59.9999999Z",
		"0000-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:59:59+01:00",
	} {
		s := newSite(t)
		p := wantProblem(t, 422, "invalid", s.call("ada", "POST", "/users/bob/tokens", `{"name": "x", "expires_at": "`+at+`"}`))
		if p.Field != "expires_at" || !strings.Contains(p.Detail, "1970") {
			t.Errorf("%s: the field is %q and the detail %q", at, p.Field, p.Detail)
		}
		if got := s.live(); len(got) != 0 {
			t.Errorf("%s: %d tokens were generated", at, len(got))
		}
	}
}
