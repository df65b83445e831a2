package adminui_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// A token carries less than its owner may do. The pages offer what the owner may do, and the Manager refuses the rest.
func TestAHolderOfATokenDoesWhatTheTokenCarries(t *testing.T) {
	const other = "another token of ada"
	tests := []struct {
		name         string
		params       apitoken.GenerateParams
		method, path string // {self} and {other} are tokens of ada
		status       int
		says         string
		changes      bool
	}{
		{"a reader", apitoken.GenerateParams{Kind: "reader"}, "GET", "/users/ada/tokens", 200, other, false},
		{"a reader", apitoken.GenerateParams{Kind: "reader"}, "POST", "/users/ada/revoke-all", 403, "You may not do this", false},
		{"a reader", apitoken.GenerateParams{Kind: "reader"}, "POST", "/users/ada/tokens", 403, "You may not do this", false},
		{"a reader", apitoken.GenerateParams{Kind: "reader"}, "POST", "/tokens/{other}/revoke", 404, "Page not found", false},
		{"a reader", apitoken.GenerateParams{Kind: "reader"}, "POST", "/tokens/{self}/revoke", 303, "", true},
		{"a keeper", apitoken.GenerateParams{Kind: "keeper"}, "GET", "/users", 200, "ada", false},
		{"a keeper", apitoken.GenerateParams{Kind: "keeper"}, "GET", "/users/ada/tokens", 403, "You may not do this", false},
		{"a keeper", apitoken.GenerateParams{Kind: "keeper"}, "GET", "/users/ada/revoke-all", 403, "You may not do this", false},
		{"a bound token", apitoken.GenerateParams{Resource: "project:web"}, "GET", "/users/ada/tokens", 403, "You may not do this", false},
		{"a bound token", apitoken.GenerateParams{Resource: "project:web"}, "POST", "/users/ada/revoke-all", 403, "You may not do this", false},
		{"a bound token", apitoken.GenerateParams{Resource: "project:web"}, "POST", "/tokens/{self}/revoke", 303, "", true},
		{"an unrestricted token", apitoken.GenerateParams{}, "POST", "/tokens/{other}/revoke", 303, "", true},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.method+" "+test.path, func(t *testing.T) {
			var actor apitoken.Actor
			h := newHost(t, func(o *adminui.Options) {
				o.Actor = func(*http.Request) (apitoken.Actor, error) { return actor, nil }
			})
			test.params.Owner = "ada"
			self, text := h.Generate(test.params)
			another, _ := h.Generate(apitoken.GenerateParams{Owner: "ada", Name: other})
			identity, err := h.Manager.Authenticate(ctx, text)
			h.must(err)
			h.must(h.Manager.Flush(ctx))
			actor = identity.Actor()
			before := h.state()
			path := map[string]string{
				"/tokens/{self}/revoke": "/tokens/" + self.ID.String() + "/revoke", "/tokens/{other}/revoke": "/tokens/" + another.ID.String() + "/revoke",
			}[test.path]
			if path == "" {
				path = test.path
			}
			w := h.send("", test.method, "/admin"+path, map[string][]string{"name": {"new"}, "lifetime": {days30}, "confirmed": {"yes"}})
			if w.Code != test.status {
				t.Fatalf("%d, want %d: %s", w.Code, test.status, w.Body)
			}
			h.says(w.Body.String(), test.says)
			if diff := cmp.Diff(before, h.state()); (diff != "") != test.changes {
				t.Errorf("changes, want any: %t (-before +after):\n%s", test.changes, diff)
			}
		})
	}
}
