package adminapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestAUserShowsAllThatIsKnownAndNothingElse(t *testing.T) {
	s := newSite(t)
	w := s.call("ada", "PUT", "/users/dan", `{"name": "Dan <dan@example.com>", "role": "admin"}`)
	wantStatus(t, http.StatusOK, w)
	const active = `{
		"id": "dan",
		"name": "Dan <dan@example.com>",
		"role": "admin",
		"created_at": "2026-01-01T12:00:00.000000Z",
		"revision": 1
	}`
	wantJSON(t, active, w)
	s.Clock.Add(1500)
	wantStatus(t, http.StatusNoContent, s.call("ada", "PUT", "/users/dan/disabled", ""))
	w = s.call("ada", "GET", "/users/dan", "")
	wantStatus(t, http.StatusOK, w)
	wantJSON(t, `{
		"id": "dan",
		"name": "Dan <dan@example.com>",
		"role": "admin",
		"created_at": "2026-01-01T12:00:00.000000Z",
		"disabled_at": "2026-01-01T12:00:00.000001Z",
		"revision": 2
	}`, w)
	if got := w.Header().Get("ETag"); got != `"2"` {
		t.Errorf("the ETag is %s", got)
	}
	w = s.call("bob", "GET", "/users/bob", "")
	wantJSON(t, `{"id": "bob", "role": "user", "created_at": "2026-01-01T12:00:00.000000Z", "revision": 1}`, w)
}

func TestPutUserTakesNameAndRole(t *testing.T) {
	tests := []struct {
		name, path, body string
		want             string // name, role and revision
	}{
		{"a new user", "/users/dan", `{"name": "Dan"}`, "Dan user 1"},
		{"a new user with a role", "/users/dan", `{"name": "Dan", "role": "admin"}`, "Dan admin 1"},
		{"a new user without a name", "/users/dan", `{"name": ""}`, " user 1"},
		{"another name", "/users/bob", `{"name": "Bobby"}`, "Bobby user 2"},
		{"another role", "/users/bob", `{"name": "Bob", "role": "admin"}`, "Bob admin 2"},
		{"the role is kept", "/users/ada", `{"name": "Ada L."}`, "Ada L. admin 2"},
		{"an empty name", "/users/named", `{"name": ""}`, "Named user 1"},
		{"no name but a role", "/users/named", `{"role": "admin"}`, "Named admin 2"},
		{"nothing", "/users/named", `{}`, "Named user 1"},
		{"a new user of whom nothing is said", "/users/dan", `{}`, " user 1"},
		{"a name with a line break", "/users/bob", `{"name": " a\nb "}`, "a b user 2"},
		{"a name that is too long", "/users/bob", `{"name": "` + strings.Repeat("x", 101) + `"}`, strings.Repeat("x", 100) + " user 2"},
		{"nothing new", "/users/named", `{"name": "Named", "role": "user"}`, "Named user 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			wantStatus(t, http.StatusOK, s.call("ada", "PUT", "/users/named", `{"name": "Named"}`))
			type user struct {
				Name, Role string
				Revision   int
			}
			put := s.call("ada", "PUT", test.path, test.body)
			wantStatus(t, http.StatusOK, put)
			get := s.call("ada", "GET", test.path, "")
			wantStatus(t, http.StatusOK, get)
			for _, w := range []user{decode[user](t, put), decode[user](t, get)} {
				if got := fmt.Sprint(w.Name, " ", w.Role, " ", w.Revision); got != test.want {
					t.Errorf("the user is %q, want %q", got, test.want)
				}
			}
			etag := fmt.Sprintf(`"%d"`, decode[user](t, get).Revision)
			if put.Header().Get("ETag") != etag || get.Header().Get("ETag") != etag {
				t.Errorf("the ETags are %s and %s, want %s", put.Header().Get("ETag"), get.Header().Get("ETag"), etag)
			}
		})
	}
}

func TestPutUserRefusals(t *testing.T) {
	s := newSite(t)
	tests := []struct {
		name, user, path, body string
		status                 int
		code, field            string
	}{
		{"by a user", "bob", "/users/carol", `{"name": "x"}`, 403, "denied", ""},
		{"by a user on himself", "bob", "/users/bob", `{"name": "x", "role": "admin"}`, 403, "denied", ""},
		{"an empty role", "ada", "/users/bob", `{"name": "x", "role": ""}`, 422, "invalid", "role"},
		{"a role that is not declared", "ada", "/users/bob", `{"name": "x", "role": "Admin"}`, 422, "invalid", "role"},
		{"an invisible id", "ada", "/users/a%E2%80%8Bb", `{"name": "x"}`, 422, "invalid", "id"},
		{"the name is null", "ada", "/users/bob", `{"name": null}`, 400, "malformed", "name"},
		{"the name is a number", "ada", "/users/bob", `{"name": 1}`, 400, "malformed", "name"},
		{"the name is true", "ada", "/users/bob", `{"name": true}`, 400, "malformed", "name"},
		{"the role is null", "ada", "/users/bob", `{"name": "x", "role": null}`, 400, "malformed", "role"},
		{"the role is a list", "ada", "/users/bob", `{"name": "x", "role": ["user"]}`, 400, "malformed", "role"},
		{"the name twice", "ada", "/users/bob", `{"name": "x", "name": "y"}`, 400, "malformed", "name"},
		{"the name in capitals", "ada", "/users/bob", `{"NAME": "x"}`, 400, "malformed", "NAME"},
		{"what is only answered", "ada", "/users/bob", `{"name": "x", "revision": 1}`, 400, "malformed", "revision"},
		{"another id", "ada", "/users/bob", `{"id": "carol", "name": "x"}`, 400, "malformed", "id"},
	}
	before := s.call("ada", "GET", "/users", "").Body.String()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := wantProblem(t, test.status, test.code, s.call(test.user, "PUT", test.path, test.body))
			if p.Field != test.field {
				t.Errorf("the field is %q, want %q", p.Field, test.field)
			}
		})
	}
	if diff := cmp.Diff(before, s.call("ada", "GET", "/users", "").Body.String()); diff != "" {
		t.Errorf("a refused request changed the users (-before +after):\n%s", diff)
	}
}

// Whoever is refused for what he is does not learn from 412 what there is.
func TestIfMatchGuardsTheUser(t *testing.T) {
	tests := []struct {
		name, user, id string
		ifMatch        string
		status         int
		code           string
	}{
		{"the revision", "ada", "bob", `"2"`, 200, ""},
		{"any", "ada", "bob", `*`, 200, ""},
		{"an earlier one", "ada", "bob", `"1"`, 412, "precondition_failed"},
		{"a later one", "ada", "bob", `"3"`, 412, "precondition_failed"},
		{"zero", "ada", "bob", `"0"`, 412, "precondition_failed"},
		{"minus one", "ada", "bob", `"-1"`, 412, "precondition_failed"},
		{"a weak one", "ada", "bob", `W/"2"`, 412, "precondition_failed"},
		{"any, of nobody", "ada", "mallory", `*`, 412, "precondition_failed"},
		{"one, of nobody", "ada", "mallory", `"1"`, 412, "precondition_failed"},
		{"zero, of nobody", "ada", "mallory", `"0"`, 412, "precondition_failed"},
		{"a list", "ada", "bob", `"1", "2"`, 400, "malformed"},
		{"garbage", "ada", "bob", `2`, 400, "malformed"},
		{"any, by a user", "carol", "bob", `*`, 403, "denied"},
		{"any, by a user on himself", "bob", "bob", `*`, 403, "denied"},
		{"any, of nobody, by a user", "carol", "mallory", `*`, 403, "denied"},
		{"the revision, by a user", "carol", "bob", `"2"`, 403, "denied"},
		{"another one, by a user", "carol", "bob", `"1"`, 403, "denied"},
		{"a weak one, by a user", "carol", "bob", `W/"1"`, 403, "denied"},
		{"one, of nobody, by a user", "carol", "mallory", `"1"`, 403, "denied"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			wantStatus(t, http.StatusOK, s.call("ada", "PUT", "/users/bob", `{"name": "Bob"}`))
			w := s.call(test.user, "PUT", "/users/"+test.id, `{"name": "new"}`, "If-Match", test.ifMatch)
			wantStatus(t, test.status, w)
			if test.code != "" {
				wantProblem(t, test.status, test.code, w)
			}
			bob, err := s.Manager.User(ctx, apitoken.System(), "bob")
			if err != nil || (bob.Name == "new") != (test.status == 200) {
				t.Errorf("the user is %+v, %v", bob, err)
			}
			if _, err := s.Manager.User(ctx, apitoken.System(), "mallory"); err == nil {
				t.Error("there is a user now")
			}
		})
	}
	t.Run("two headers", func(t *testing.T) {
		s := newSite(t)
		r := newRequest("PUT", "/users/bob", `{"name": "new"}`)
		r.Header["If-Match"] = []string{`"1"`, `"1"`}
		wantProblem(t, 400, "malformed", s.serve("ada", r))
	})
}

// Two administrators who read the same revision: one of them has to read it again.
func TestIfMatchLetsOnlyOneOfTwoChange(t *testing.T) {
	s := newSite(t)
	etag := s.call("ada", "GET", "/users/bob", "").Header().Get("ETag")
	wantStatus(t, http.StatusOK, s.call("ada", "PUT", "/users/bob", `{"name": "one"}`, "If-Match", etag))
	wantProblem(t, 412, "precondition_failed", s.call("ada", "PUT", "/users/bob", `{"name": "two"}`, "If-Match", etag))
	wantProblem(t, 412, "precondition_failed", s.call("ada", "PUT", "/users/bob", `{"name": "one"}`, "If-Match", etag))
	etag = s.call("ada", "GET", "/users/bob", "").Header().Get("ETag")
	wantStatus(t, http.StatusNoContent, s.call("ada", "PUT", "/users/bob/disabled", ""))
	wantProblem(t, 412, "precondition_failed", s.call("ada", "PUT", "/users/bob", `{"name": "two"}`, "If-Match", etag))
}

func TestDisablingEndsTheTokensAndEnablingRevivesNone(t *testing.T) {
	s := newSite(t)
	text := s.Token("bob")
	authenticates := func() bool {
		_, err := s.Manager.Authenticate(ctx, text)
		return err == nil
	}
	for _, step := range []struct {
		method   string
		disabled bool
	}{{"DELETE", false}, {"PUT", true}, {"PUT", true}, {"DELETE", false}, {"DELETE", false}, {"PUT", true}} {
		w := s.call("ada", step.method, "/users/bob/disabled", "")
		wantStatus(t, http.StatusNoContent, w)
		if w.Body.Len() != 0 {
			t.Errorf("the answer has the body %q", w.Body)
		}
		bob, err := s.Manager.User(ctx, apitoken.System(), "bob")
		if err != nil || bob.Disabled() != step.disabled {
			t.Errorf("after %s the user is %+v, %v", step.method, bob, err)
		}
		if step.disabled && authenticates() {
			t.Errorf("after %s the token authenticates", step.method)
		}
	}
	if authenticates() {
		t.Error("the token authenticates again")
	}
}

func TestDisablingTakesNoBody(t *testing.T) {
	s := newSite(t)
	for _, body := range []string{`{"disabled": false}`, `{}`, ` `, `x`, string(make([]byte, 1<<20))} {
		wantProblem(t, 400, "malformed", s.call("ada", "PUT", "/users/bob/disabled", body))
	}
	if bob, err := s.Manager.User(ctx, apitoken.System(), "bob"); err != nil || bob.Disabled() {
		t.Errorf("the user is %+v, %v", bob, err)
	}
}

func TestUsersComeInPages(t *testing.T) {
	s := newSite(t)
	for _, id := range []apitoken.UserID{"a/b", "a&b=c", "Ärzte", "zoe", "z", "%"} {
		s.User(id, "")
	}
	want := []string{"%", "a&b=c", "a/b", "ada", "bob", "carol", "z", "zoe", "Ärzte"}
	type page struct {
		Users []struct{ ID string }
		Next  *string
	}
	for _, limit := range []int{1, 2, 3, 8, 9, 10, 500} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			var got []string
			after := ""
			for {
				w := s.call("ada", "GET", fmt.Sprint("/users?limit=", limit, after), "")
				wantStatus(t, http.StatusOK, w)
				p := decode[page](t, w)
				if len(p.Users) == 0 || len(p.Users) > limit {
					t.Fatalf("a page has %d users", len(p.Users))
				}
				for _, u := range p.Users {
					got = append(got, u.ID)
				}
				if p.Next == nil {
					break
				}
				after = "&after=" + url.QueryEscape(*p.Next)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the pages differ from all (-want +got):\n%s", diff)
			}
		})
	}
	w := s.call("ada", "GET", "/users?after=%C3%A4", "")
	wantStatus(t, http.StatusOK, w)
	wantJSON(t, `{"users": []}`, w)
}

func TestListUsersRefusals(t *testing.T) {
	s := newSite(t)
	tests := []struct {
		user, target string
		status       int
		code, field  string
	}{
		{"bob", "/users", 403, "denied", ""},
		{"ada", "/users?limit=0", 422, "invalid", "limit"},
		{"ada", "/users?limit=501", 422, "invalid", "limit"},
		{"ada", "/users?limit=99999999999999999999", 422, "invalid", "limit"},
		{"ada", "/users?limit=-1", 400, "malformed", "limit"},
		{"ada", "/users?limit=x", 400, "malformed", "limit"},
		{"ada", "/users?after=", 400, "malformed", "after"},
		{"ada", "/users?after=a&after=b", 400, "malformed", "after"},
		{"ada", "/users?after=%00", 422, "invalid", "after"},
		{"ada", "/users?after=%ff", 422, "invalid", "after"},
		{"ada", "/users?after=" + tooLongID, 422, "invalid", "after"},
	}
	for _, test := range tests {
		t.Run(test.user+" "+test.target, func(t *testing.T) {
			p := wantProblem(t, test.status, test.code, s.call(test.user, "GET", test.target, ""))
			if p.Field != test.field {
				t.Errorf("the field is %q, want %q", p.Field, test.field)
			}
		})
	}
}
