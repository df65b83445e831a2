package adminapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestPolicyHasOneSpelling(t *testing.T) {
	s := newSite(t)
	w := s.call("bob", "GET", "/policy", "")
	wantStatus(t, http.StatusOK, w)
	wantJSON(t, `{"no_maximum": true, "revision": 0}`, w)
	if etag, found := w.Header()["Etag"]; found {
		t.Errorf("the policy that nobody set has the ETag %q", etag)
	}

	tests := []struct {
		put, want, etag string
	}{
		{`{"max_lifetime_seconds": 2592000}`,
			`{"max_lifetime_seconds": 2592000, "revision": 1, "updated_at": "2026-01-01T12:00:00.000000Z", "updated_by": "ada"}`, `"1"`},
		{`{"no_maximum": true}`,
			`{"no_maximum": true, "revision": 2, "updated_at": "2026-01-01T12:00:00.000000Z", "updated_by": "ada"}`, `"2"`},
		{`{"max_lifetime_seconds": 90.5}`,
			`{"max_lifetime_seconds": 90.5, "revision": 3, "updated_at": "2026-01-01T12:00:00.000000Z", "updated_by": "ada"}`, `"3"`},
		{`{"max_lifetime_seconds": 60.000001}`,
			`{"max_lifetime_seconds": 60.000001, "revision": 4, "updated_at": "2026-01-01T12:00:00.000000Z", "updated_by": "ada"}`, `"4"`},
	}
	for _, test := range tests {
		t.Run(test.put, func(t *testing.T) {
			put := s.call("ada", "PUT", "/policy", test.put)
			wantStatus(t, http.StatusOK, put)
			wantJSON(t, test.want, put)
			get := s.call("bob", "GET", "/policy", "")
			wantStatus(t, http.StatusOK, get)
			wantJSON(t, test.want, get)
			for _, w := range []http.Header{put.Header(), get.Header()} {
				if got := w.Get("ETag"); got != test.etag {
					t.Errorf("the ETag is %s, want %s", got, test.etag)
				}
			}
		})
	}
}

func TestPolicySetByTheHostHasNoUser(t *testing.T) {
	s := newSite(t)
	if _, err := s.Manager.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: 36 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, `{"max_lifetime_seconds": 129600, "revision": 1, "updated_at": "2026-01-01T12:00:00.000000Z"}`,
		s.call("bob", "GET", "/policy", ""))
}

func TestSetPolicyRefusals(t *testing.T) {
	s := newSite(t)
	tests := []struct {
		name, user, body string
		status           int
		code, field      string
	}{
		{"by a user", "bob", `{"no_maximum": true}`, 403, "denied", ""},
		{"nothing", "ada", `{}`, 422, "invalid", "max_lifetime_seconds"},
		{"both", "ada", `{"max_lifetime_seconds": 1, "no_maximum": true}`, 422, "invalid", "no_maximum"},
		{"no maximum false", "ada", `{"no_maximum": false}`, 422, "invalid", "no_maximum"},
		{"no maximum null", "ada", `{"no_maximum": null}`, 400, "malformed", "no_maximum"},
		{"no maximum 1", "ada", `{"no_maximum": 1}`, 400, "malformed", "no_maximum"},
		{"zero", "ada", `{"max_lifetime_seconds": 0}`, 422, "invalid", "max_lifetime_seconds"},
		{"less than a minute", "ada", `{"max_lifetime_seconds": 59.999999}`, 422, "invalid", "max_lifetime_seconds"},
		{"negative", "ada", `{"max_lifetime_seconds": -5}`, 422, "invalid", "max_lifetime_seconds"},
		{"null", "ada", `{"max_lifetime_seconds": null}`, 400, "malformed", "max_lifetime_seconds"},
		{"a text", "ada", `{"max_lifetime_seconds": "30d"}`, 400, "malformed", "max_lifetime_seconds"},
		{"more than a hundred years", "ada", `{"max_lifetime_seconds": 3153600001}`, 422, "invalid", "max_lifetime_seconds"},
		{"overflow", "ada", `{"max_lifetime_seconds": 9223372036.854775807}`, 422, "invalid", "max_lifetime_seconds"},
		{"what is only answered", "ada", `{"no_maximum": true, "revision": 3}`, 400, "malformed", "revision"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := wantProblem(t, test.status, test.code, s.call(test.user, "PUT", "/policy", test.body))
			if p.Field != test.field {
				t.Errorf("the field is %q, want %q", p.Field, test.field)
			}
		})
	}
	p := wantProblem(t, 422, "invalid", s.call("ada", "PUT", "/policy", `{}`))
	if want := "max_lifetime_seconds is not given: one of max_lifetime_seconds, no_maximum has to be"; p.Detail != want {
		t.Errorf("the detail of nothing is %q, want %q", p.Detail, want)
	}
	if p, err := s.Manager.Policy(ctx); err != nil || p.Revision != 0 {
		t.Errorf("a refused request changed the policy: %+v, %v", p, err)
	}
}

func TestIfMatchGuardsTheRevision(t *testing.T) {
	tests := []struct {
		name    string
		ifMatch string
		status  int
		code    string
	}{
		{"the revision", `"2"`, 200, ""},
		{"any", `*`, 200, ""},
		{"an earlier one", `"1"`, 412, "precondition_failed"},
		{"a later one", `"3"`, 412, "precondition_failed"},
		{"the one that nobody set", `"0"`, 412, "precondition_failed"},
		{"a weak one", `W/"2"`, 412, "precondition_failed"},
		{"another spelling", `"02"`, 412, "precondition_failed"},
		{"with a sign", `"+2"`, 412, "precondition_failed"},
		{"empty tag", `""`, 412, "precondition_failed"},
		{"no number", `"abc"`, 412, "precondition_failed"},
		{"more than 64 bits", `"18446744073709551618"`, 412, "precondition_failed"},
		{"without quotes", `2`, 400, "malformed"},
		{"one quote", `"2`, 400, "malformed"},
		{"only a quote", `"`, 400, "malformed"},
		{"two tags", `"1", "2"`, 400, "malformed"},
		{"empty", ``, 400, "malformed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			for range 2 {
				wantStatus(t, http.StatusOK, s.call("ada", "PUT", "/policy", `{"max_lifetime_seconds": 60}`))
			}
			w := s.call("ada", "PUT", "/policy", `{"max_lifetime_seconds": 90}`, "If-Match", test.ifMatch)
			wantStatus(t, test.status, w)
			if test.code != "" {
				wantProblem(t, test.status, test.code, w)
			}
			p, err := s.Manager.Policy(ctx)
			if err != nil || (p.Max == 90*time.Second) != (test.status == 200) {
				t.Errorf("the policy is %+v, %v", p, err)
			}
		})
	}
}

// A precondition that fails is for who may set the policy (RFC 9110 section 13.2.1); others are denied as ever.
func TestIfMatchTellsAUserNothingOfThePolicy(t *testing.T) {
	s := newSite(t)
	wantStatus(t, http.StatusOK, s.call("ada", "PUT", "/policy", `{"max_lifetime_seconds": 60}`))
	for _, tag := range []string{`"1"`, `"2"`, `W/"1"`, `"x"`, `*`} {
		wantProblem(t, 403, "denied", s.call("bob", "PUT", "/policy", `{"no_maximum": true}`, "If-Match", tag))
	}
	r := newRequest("PUT", "/policy", `{"no_maximum": true}`)
	r.Header["If-Match"] = []string{`"1"`, `"1"`}
	wantProblem(t, 400, "malformed", s.serve("ada", r))
}

// Every choice can be put into the body that generates a token, and gives the lifetime that it says.
func TestEveryChoiceCanBeGenerated(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		maximum time.Duration
		want    string
	}{
		{apitoken.NoExpiration, `{"choices": [{"lifetime_seconds": 2592000}, {"lifetime_seconds": 7776000}, {"lifetime_seconds": 31536000}, {"no_expiration": true}]}`},
		{400 * day, `{"choices": [{"lifetime_seconds": 2592000}, {"lifetime_seconds": 7776000}, {"lifetime_seconds": 31536000}, {"lifetime_seconds": 34560000}]}`},
		{365 * day, `{"choices": [{"lifetime_seconds": 2592000}, {"lifetime_seconds": 7776000}, {"lifetime_seconds": 31536000}]}`},
		{45 * day, `{"choices": [{"lifetime_seconds": 2592000}, {"lifetime_seconds": 3888000}]}`},
		{30 * day, `{"choices": [{"lifetime_seconds": 2592000}]}`},
		{90500 * time.Millisecond, `{"choices": [{"lifetime_seconds": 90.5}]}`},
		{time.Minute, `{"choices": [{"lifetime_seconds": 60}]}`},
	}
	for _, test := range tests {
		t.Run(test.maximum.String(), func(t *testing.T) {
			s := newSiteWith(t, apitoken.Options{DefaultMaxLifetime: test.maximum})
			w := s.call("bob", "GET", "/policy/choices", "")
			wantStatus(t, http.StatusOK, w)
			wantJSON(t, test.want, w)
			for i, choice := range decode[struct{ Choices []json.RawMessage }](t, w).Choices {
				body := fmt.Sprintf(`{"name": "%d", %s`, i, choice[1:])
				w := s.call("bob", "POST", "/users/bob/tokens", body)
				wantStatus(t, http.StatusCreated, w)
				token := decode[struct {
					Token struct {
						Created time.Time `json:"created_at"`
						Expires time.Time `json:"expires_at"`
					}
				}](t, w).Token
				want := `{"no_expiration":true}`
				if !token.Expires.IsZero() {
					seconds := token.Expires.Sub(token.Created).Seconds()
					want = `{"lifetime_seconds":` + strconv.FormatFloat(seconds, 'f', -1, 64) + `}`
				}
				if string(choice) != want {
					t.Errorf("%s gives a token from %s to %s", choice, token.Created, token.Expires)
				}
			}
		})
	}
}
