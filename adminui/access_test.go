package adminui_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// visitors are the columns of the table below.
var visitors = []string{"ada", "helpdesk", "auditor", "bob", "carol", "nothing", "stranger", "disabled", ""}

// access is the status of each route for each visitor. Every token and every path belongs to bob.
var access = map[string][]int{
	//                              ada  help audit bob carol nothing stranger disabled signed-out
	"GET /{$}":                                 {303, 303, 303, 303, 303, 303, 403, 403, 303},
	"GET /users":                               {200, 200, 403, 403, 403, 403, 403, 403, 303},
	"POST /users":                              {303, 303, 403, 403, 403, 403, 403, 403, 303},
	"GET /users/{id}":                          {200, 200, 404, 200, 404, 404, 403, 403, 303},
	"POST /users/{id}":                         {303, 303, 404, 403, 404, 404, 403, 403, 303},
	"GET /users/{id}/disable":                  {200, 200, 403, 403, 403, 403, 403, 403, 303},
	"POST /users/{id}/disable":                 {303, 303, 403, 403, 403, 403, 403, 403, 303},
	"POST /users/{id}/enable":                  {303, 303, 403, 403, 403, 403, 403, 403, 303},
	"GET /users/{id}/suspend":                  {200, 200, 403, 403, 403, 403, 403, 403, 303},
	"POST /users/{id}/suspend":                 {303, 303, 403, 403, 403, 403, 403, 403, 303},
	"POST /users/{id}/resume":                  {303, 303, 403, 403, 403, 403, 403, 403, 303},
	"GET /users/{id}/tokens":                   {200, 200, 200, 200, 403, 403, 403, 403, 303},
	"POST /users/{id}/tokens":                  {201, 403, 403, 201, 403, 403, 403, 403, 303},
	"GET /users/{id}/revoke-all":               {200, 200, 403, 200, 403, 403, 403, 403, 303},
	"POST /users/{id}/revoke-all":              {303, 303, 403, 303, 403, 403, 403, 403, 303},
	"GET /tokens":                              {200, 200, 200, 403, 403, 403, 403, 403, 303},
	"GET /tokens.csv":                          {200, 200, 200, 403, 403, 403, 403, 403, 303},
	"POST /tokens/search":                      {303, 303, 303, 403, 403, 403, 403, 403, 303},
	"POST /tokens/revoke":                      {200, 200, 404, 200, 200, 200, 403, 403, 303},
	"POST /tokens/revoke-matching":             {200, 200, 403, 403, 403, 403, 403, 403, 303},
	"GET /tokens/{id}":                         {200, 200, 200, 200, 404, 404, 403, 403, 303},
	"GET /tokens/{id}/revoke":                  {200, 200, 200, 200, 404, 404, 403, 403, 303},
	"POST /tokens/{id}/revoke":                 {303, 303, 404, 303, 404, 404, 403, 403, 303},
	"GET /tokens/{id}/edit":                    {200, 403, 403, 200, 404, 404, 403, 403, 303},
	"POST /tokens/{id}/edit":                   {303, 403, 403, 303, 404, 404, 403, 403, 303},
	"POST /tokens/{id}/narrow":                 {303, 303, 404, 303, 404, 404, 403, 403, 303},
	"POST /tokens/{id}/successor":              {201, 403, 403, 201, 404, 404, 403, 403, 303},
	"GET /expiring":                            {200, 200, 200, 403, 403, 403, 403, 403, 303},
	"GET /policy":                              {200, 200, 200, 200, 200, 200, 403, 403, 303},
	"POST /policy":                             {303, 403, 403, 403, 403, 403, 403, 403, 303},
	"GET /activity":                            {200, 403, 200, 403, 403, 403, 403, 403, 303},
	"GET /activity.csv":                        {200, 403, 200, 403, 403, 403, 403, 403, 303},
	"POST /users/{id}/offers/{offer}/claim":    {404, 404, 404, 201, 404, 404, 403, 403, 303},
	"POST /users/{id}/offers/{offer}/withdraw": {303, 303, 404, 303, 404, 404, 403, 403, 303},
}

func (h host) withVisitors() host {
	h.put(apitoken.User{ID: "helpdesk", Role: "helpdesk"})
	h.put(apitoken.User{ID: "auditor", Role: "auditor"})
	h.put(apitoken.User{ID: "nothing", Role: "nothing"})
	h.put(apitoken.User{ID: "disabled", Role: apitoken.RoleAdmin})
	h.must(h.Manager.DisableUser(ctx, apitoken.System(), "disabled"))
	return h
}

// A new route must be added to the table.
func TestAccessToEveryRoute(t *testing.T) {
	var known []string
	for _, route := range adminui.Routes() {
		if access[route] != nil {
			known = append(known, route)
		}
	}
	if diff := cmp.Diff(adminui.Routes(), known); diff != "" {
		t.Errorf("the table differs from the routes (-routes +table):\n%s", diff)
	}
	for _, route := range adminui.Routes() {
		method, path, _ := strings.Cut(route, " ")
		for i, visitor := range visitors {
			t.Run(fmt.Sprintf("%s for %s", route, visitor), func(t *testing.T) {
				h := newHost(t, withUserForms, func(o *adminui.Options) { o.SignIn = "/sign-in" }).withVisitors()
				token, secret := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "bobs"})
				pending, err := h.Manager.Offer(ctx, apitoken.System(), apitoken.OfferParams{GenerateParams: apitoken.GenerateParams{Owner: "bob", Name: "offered"}})
				h.must(err)
				before := h.state()
				id := "bob"
				if strings.HasPrefix(path, "/tokens/{id}") {
					id = token.ID.String()
				}
				form := url.Values{
					"name": {"new"}, "lifetime": {days30}, "id": {token.ID.String()}, "max": {"30"}, "revision": {"0"}, "confirmed": {"yes"},
					"keep": {"GenerateOwn"}, "until": {"2199-01-01"},
				}
				if route == "POST /users/{id}" {
					form.Set("revision", h.revisionOf("bob"))
				}
				w := h.send(visitor, method, "/admin"+strings.NewReplacer("{id}", id, "{offer}", pending.ID.String(), "{$}", "").Replace(path), form)
				if w.Code != access[route][i] {
					t.Errorf("%d, want %d: %.300s", w.Code, access[route][i], text(w.Body.String()))
				}
				if visitor == "" && w.Header().Get("Location") != "/sign-in"+wanted(method, path, id) {
					t.Errorf("redirected to %q", w.Header().Get("Location"))
				}
				if visitor == "stranger" || visitor == "disabled" {
					h.saysNothingOf(w.Body.String(), "My tokens", "Signed in as")
				}
				if w.Code >= 400 { // the reason is for logs and events
					h.saysNothingOf(w.Body.String(), "apitoken:", "the actor", "needs ", "carry")
				}
				may := w.Code < 400 && visitor != "" && !(strings.HasPrefix(route, "POST /tokens/revoke") && !strings.Contains("ada helpdesk bob", visitor))
				if method == http.MethodGet || !may {
					if diff := cmp.Diff(before, h.state()); diff != "" {
						t.Errorf("something changed (-before +after):\n%s", diff)
					}
					h.saysNothingOf(w.Body.String(), secret)
				}
			})
		}
	}
}

func wanted(method, path, id string) string {
	if method != http.MethodGet {
		return ""
	}
	return "?next=" + url.QueryEscape("/admin"+strings.NewReplacer("{id}", id, "{$}", "").Replace(path))
}

// state returns everything that a form could change.
func (h host) state() map[string]any {
	h.t.Helper()
	state := map[string]any{}
	for token, err := range h.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}) {
		h.must(err)
		state[token.ID.String()] = token
	}
	for u, err := range h.Manager.Users(ctx, apitoken.System(), apitoken.UserQuery{}) {
		h.must(err)
		state["offers to "+string(u.ID)], err = h.Manager.Offers(ctx, apitoken.System(), u.ID)
		h.must(err)
	}
	var err error
	state["policy"], err = h.Manager.Policy(ctx)
	h.must(err)
	state["users"], err = h.Manager.ListUsers(ctx, apitoken.System(), apitoken.UserQuery{})
	h.must(err)
	return state
}

// A host passes the user of its session to apitoken.As, even if there is none.
func TestAnActorWithoutAUserIsNotSignedIn(t *testing.T) {
	for _, actor := range []apitoken.Actor{{}, apitoken.As(""), apitoken.As("").From(apitoken.Origin{Address: "192.0.2.7"}), {Kind: apitoken.ActorToken}} {
		for signIn, want := range map[string]int{"/sign-in": http.StatusSeeOther, "": http.StatusUnauthorized} {
			h := newHost(t, func(o *adminui.Options) {
				o.SignIn = signIn
				o.Actor = func(*http.Request) (apitoken.Actor, error) { return actor, nil }
			})
			w := h.send("", http.MethodGet, "/admin/policy", nil)
			if w.Code != want || signIn != "" && w.Header().Get("Location") != "/sign-in?next=%2Fadmin%2Fpolicy" {
				t.Errorf("%+v with the sign-in %q: %d to %q, want %d", actor, signIn, w.Code, w.Header().Get("Location"), want)
			}
			h.saysNothingOf(w.Body.String(), "My tokens", "Signed in as")
		}
	}
}

func TestPagesLeaveOutWhatTheUserMayNotDo(t *testing.T) {
	tests := []struct {
		person string
		links  []string
		path   string
		has    []string
		hasNot []string
	}{
		{"ada", []string{"Users", "My tokens", "All tokens", "Expiring", "Maximum lifetime", "Activity"}, "/users/bob/tokens",
			[]string{"Generate a token", "Revoke bobs", "Revoke all tokens…"}, nil},
		{"helpdesk", []string{"Users", "My tokens", "All tokens", "Expiring"}, "/users/bob/tokens",
			[]string{"Revoke bobs", "Revoke all tokens…"}, []string{"Generate a token"}},
		{"auditor", []string{"My tokens", "All tokens", "Expiring", "Activity"}, "/users/bob/tokens",
			[]string{"bobs"}, []string{"Generate a token", "Revoke bobs", "Revoke all tokens…"}},
		{"auditor", nil, "/tokens", []string{"bobs", "Download as CSV"}, []string{"Revoke the selected…"}},
		{"auditor", nil, "/policy", []string{"In force"}, []string{"Review the change"}},
		{"bob", []string{"My tokens"}, "/users/bob/tokens", []string{"Generate a token", "Revoke bobs", "Revoke all tokens…"}, nil},
		{"nothing", []string{"My tokens"}, "/users/nothing/tokens", []string{"No tokens."}, []string{"Generate a token"}},
		{"ada", nil, "/users/disabled/tokens", []string{"This user is disabled"}, []string{"Generate a token"}},
	}
	h := newHost(t).withVisitors()
	h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "bobs"})
	for _, tt := range tests {
		t.Run(tt.person+" "+tt.path, func(t *testing.T) {
			h.t = t
			page := h.page(tt.person, "/admin"+tt.path)
			h.says(page, tt.has...)
			h.saysNothingOf(text(page), tt.hasNot...)
			if tt.links == nil {
				return
			}
			var links []string
			for _, a := range strings.Split(page[:strings.Index(page, "</nav>")], "<a href=")[1:] {
				links = append(links, text(a[strings.Index(a, ">")+1:]))
			}
			if diff := cmp.Diff(tt.links, links); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
		})
	}
}
