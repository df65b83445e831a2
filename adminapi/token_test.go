package adminapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestATokenShowsAllThatIsKnownAndNothingElse(t *testing.T) {
	s := newSite(t)
	_, own := s.Generate(apitoken.GenerateParams{Owner: "ada", Name: "tool"})
	identity, err := s.Manager.Authenticate(ctx, own)
	if err != nil {
		t.Fatal(err)
	}
	token, secret, err := s.Manager.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: "bob", Name: "x", Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Add(90*time.Second + 1500*time.Microsecond)
	if _, err := s.Manager.Authenticate(ctx, secret.Reveal()); err != nil {
		t.Fatal(err)
	}
	if err := s.Manager.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	path := "/tokens/" + token.ID.String()
	s.Clock.Add(time.Minute)
	wantStatus(t, http.StatusNoContent, s.call("ada", "DELETE", path, ""))
	w := s.call("bob", "GET", path, "")
	wantStatus(t, http.StatusOK, w)
	wantJSON(t, `{
		"id": "ID",
		"owner": "bob",
		"name": "x",
		"kind": "user",
		"status": "revoked",
		"created_at": "2026-01-01T12:00:00.000000Z",
		"expires_at": "2026-01-01T13:00:00.000000Z",
		"created_by": "ada",
		"created_with": "WITH",
		"last_used_at": "2026-01-01T12:01:30.001500Z",
		"revoked_at": "2026-01-01T12:02:30.001500Z",
		"revoked_by": "ada",
		"hint": "HINT"
	}`, w, token.ID.String(), "ID", identity.Token.ID.String(), "WITH", token.Hint, "HINT")

	endless, _ := s.Generate(apitoken.GenerateParams{Owner: "bob", Name: "y", Lifetime: apitoken.NoExpiration})
	w = s.call("bob", "GET", "/tokens/"+endless.ID.String(), "")
	wantJSON(t, `{
		"id": "ID",
		"owner": "bob",
		"name": "y",
		"kind": "user",
		"status": "active",
		"created_at": "2026-01-01T12:02:30.001500Z",
		"hint": "HINT"
	}`, w, endless.ID.String(), "ID", endless.Hint, "HINT")
}

func TestStatusFollowsTheClock(t *testing.T) {
	s := newSite(t)
	token, _ := s.Generate(apitoken.GenerateParams{Owner: "bob", Lifetime: time.Hour})
	status := func() string {
		t.Helper()
		w := s.call("bob", "GET", "/tokens/"+token.ID.String(), "")
		wantStatus(t, http.StatusOK, w)
		return decode[struct{ Status string }](t, w).Status
	}
	s.Clock.Add(time.Hour - time.Microsecond)
	if got := status(); got != "active" {
		t.Errorf("a microsecond before its end it is %s", got)
	}
	s.Clock.Add(time.Microsecond)
	if got := status(); got != "expired" {
		t.Errorf("at its end it is %s", got)
	}
}

func TestListsComeInPages(t *testing.T) {
	s := newSite(t)
	var all []string
	for i := range 5 {
		token, _ := s.Generate(apitoken.GenerateParams{Owner: []apitoken.UserID{"bob", "carol"}[i%2], Name: fmt.Sprint("t", i)})
		all = append(all, token.ID.String())
	}
	type page struct {
		Tokens []struct{ ID string }
		Next   *string
	}
	for _, limit := range []int{1, 2, 3, 4, 5, 6, 500} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			var got []string
			after := ""
			for {
				w := s.call("ada", "GET", fmt.Sprint("/tokens?limit=", limit, after), "")
				wantStatus(t, http.StatusOK, w)
				p := decode[page](t, w)
				if len(p.Tokens) == 0 || len(p.Tokens) > limit {
					t.Fatalf("a page has %d tokens", len(p.Tokens))
				}
				for _, token := range p.Tokens {
					got = append(got, token.ID)
				}
				if p.Next == nil {
					break
				}
				after = "&after=" + *p.Next
			}
			if diff := cmp.Diff(all, got); diff != "" {
				t.Errorf("the pages differ from all (-want +got):\n%s", diff)
			}
		})
	}
	w := s.call("ada", "GET", "/users/mallory/tokens", "")
	wantStatus(t, http.StatusOK, w)
	wantJSON(t, `{"tokens": []}`, w)
}

func TestListsWithoutALimitHaveAHundred(t *testing.T) {
	s := newSite(t)
	for range 101 {
		s.Token("bob")
	}
	w := s.call("bob", "GET", "/users/bob/tokens", "")
	wantStatus(t, http.StatusOK, w)
	p := decode[struct {
		Tokens []struct{ ID string }
		Next   string
	}](t, w)
	if len(p.Tokens) != 100 || p.Next != p.Tokens[99].ID {
		t.Errorf("the page has %d tokens and goes on behind %s", len(p.Tokens), p.Next)
	}
}

func TestListFilters(t *testing.T) {
	s := newSite(t)
	s.Generate(apitoken.GenerateParams{Owner: "bob", Name: "old build", Lifetime: time.Minute})
	revoked, _ := s.Generate(apitoken.GenerateParams{Owner: "bob", Name: "lost build"})
	s.Generate(apitoken.GenerateParams{Owner: "bob", Name: "new build"})
	s.Generate(apitoken.GenerateParams{Owner: "bob", Name: "100% Deploy"})
	s.Generate(apitoken.GenerateParams{Owner: "carol", Name: "carol's build"})
	if err := s.Manager.Revoke(ctx, apitoken.System(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	s.Clock.Add(time.Minute)

	tests := []struct {
		user, path string
		want       []string // names and states
	}{
		{"bob", "/users/bob/tokens", []string{"old build, expired", "lost build, revoked", "new build, active", "100% Deploy, active"}},
		{"ada", "/users/bob/tokens", []string{"old build, expired", "lost build, revoked", "new build, active", "100% Deploy, active"}},
		{"ada", "/tokens", []string{"old build, expired", "lost build, revoked", "new build, active", "100% Deploy, active", "carol's build, active"}},
		{"bob", "/users/bob/tokens?status=active", []string{"new build, active", "100% Deploy, active"}},
		{"bob", "/users/bob/tokens?status=expired", []string{"old build, expired"}},
		{"bob", "/users/bob/tokens?status=revoked", []string{"lost build, revoked"}},
		{"ada", "/tokens?status=active&name_contains=build", []string{"new build, active", "carol's build, active"}},
		{"ada", "/tokens?name_contains=0%25%20D", []string{"100% Deploy, active"}},
		{"ada", "/tokens?name_contains=deploy", nil},
		{"ada", "/tokens?after=" + revoked.ID.String() + "&limit=1", []string{"new build, active"}},
	}
	for _, test := range tests {
		t.Run(test.user+" "+test.path, func(t *testing.T) {
			w := s.call(test.user, "GET", test.path, "")
			wantStatus(t, http.StatusOK, w)
			var names []string
			for _, token := range decode[struct {
				Tokens []struct{ Name, Status string }
			}](t, w).Tokens {
				names = append(names, token.Name+", "+token.Status)
			}
			if diff := cmp.Diff(test.want, names); diff != "" {
				t.Errorf("the names differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListRefusals(t *testing.T) {
	s := newSite(t)
	tests := []struct {
		user, target string
		status       int
		code, field  string
	}{
		{"bob", "/users/carol/tokens", 403, "denied", ""},
		{"bob", "/users/mallory/tokens", 403, "denied", ""},
		{"bob", "/tokens", 403, "denied", ""},
		{"ada", "/tokens?limit=0", 422, "invalid", "limit"},
		{"ada", "/tokens?limit=501", 422, "invalid", "limit"},
		{"ada", "/tokens?limit=99999999999999999999", 422, "invalid", "limit"},
		{"ada", "/tokens?limit=-1", 400, "malformed", "limit"},
		{"ada", "/tokens?limit=%2B5", 400, "malformed", "limit"},
		{"ada", "/tokens?limit=1.0", 400, "malformed", "limit"},
		{"ada", "/tokens?limit=", 400, "malformed", "limit"},
		{"ada", "/tokens?limit=1&limit=1", 400, "malformed", "limit"},
		{"ada", "/tokens?status=", 400, "malformed", "status"},
		{"ada", "/tokens?status=live", 422, "invalid", "status"},
		{"ada", "/tokens?status=Active", 422, "invalid", "status"},
		{"ada", "/tokens?name_contains=%00", 422, "invalid", "name_contains"},
		{"ada", "/tokens?name_contains=%ff", 422, "invalid", "name_contains"},
		{"ada", "/tokens?after=x", 400, "malformed", "after"},
		{"ada", "/tokens?after=01890A5D-AC96-774B-BCCE-B302099A8057", 400, "malformed", "after"},
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

func TestAForeignTokenAnswersLikeAnUnknownOne(t *testing.T) {
	s := newSite(t)
	foreign, text := s.Generate(apitoken.GenerateParams{Owner: "carol"})
	for _, method := range []string{"GET", "DELETE"} {
		var answers []string
		for _, id := range []string{foreign.ID.String(), "01890a5d-ac96-774b-bcce-b302099a8057", "not-an-id", strings.ToUpper(foreign.ID.String())} {
			w := s.call("bob", method, "/tokens/"+id, "")
			wantProblem(t, http.StatusNotFound, "not_found", w)
			answers = append(answers, fmt.Sprint(w.Code, w.Header(), w.Body))
		}
		if len(slices.Compact(answers)) != 1 {
			t.Errorf("%s answers differ: %q", method, answers)
		}
	}
	if _, err := s.Manager.Authenticate(ctx, text); err != nil {
		t.Errorf("the foreign token is %v", err)
	}
	if got := s.denials(); got != 4 {
		t.Errorf("%d denials are on record, want one for each attempt on the foreign token and on the unknown one", got)
	}
}

func TestRevokeIsFinalAndIdempotent(t *testing.T) {
	s := newSite(t)
	for name, user := range map[string]string{"the owner": "bob", "an administrator": "ada"} {
		token, text := s.Generate(apitoken.GenerateParams{Owner: "bob"})
		path := "/tokens/" + token.ID.String()
		for range 2 {
			w := s.call(user, "DELETE", path, "")
			wantStatus(t, http.StatusNoContent, w)
			if w.Body.Len() != 0 {
				t.Errorf("%s: the answer has the body %q", name, w.Body)
			}
		}
		if _, err := s.Manager.Authenticate(ctx, text); err == nil {
			t.Errorf("%s revoked the token, and it authenticates", name)
		}
	}
}

func TestRevokeAll(t *testing.T) {
	s := newSite(t)
	tests := []struct {
		user, owner string
		status      int
		code        string
	}{
		{"bob", "carol", 403, "denied"},
		{"bob", "mallory", 403, "denied"},
		{"ada", "mallory", 404, "not_found"},
		{"bob", "bob", 204, ""},
		{"ada", "carol", 204, ""},
	}
	for _, test := range tests {
		t.Run(test.user+" "+test.owner, func(t *testing.T) {
			var text string
			if test.owner != "mallory" {
				text = s.Token(apitoken.UserID(test.owner))
			}
			w := s.call(test.user, "DELETE", "/users/"+test.owner+"/tokens", "")
			wantStatus(t, test.status, w)
			if test.code != "" {
				wantProblem(t, test.status, test.code, w)
			}
			if text == "" {
				return
			}
			if _, err := s.Manager.Authenticate(ctx, text); (err == nil) != (test.status != 204) {
				t.Errorf("the token is %v", err)
			}
		})
	}
}
