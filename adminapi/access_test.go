package adminapi_test

import (
	stdcmp "cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// Every route with every actor on every object, compared with the access that the route declares.

// single are roles of one permission each, by name.
var single = map[apitoken.Role]apitoken.Permission{
	"may GenerateOwn":       apitoken.GenerateOwn,
	"may GenerateForOthers": apitoken.GenerateForOthers,
	"may ListAny":           apitoken.ListAny,
	"may RevokeAny":         apitoken.RevokeAny,
	"may SetPolicy":         apitoken.SetPolicy,
	"may ManageUsers":       apitoken.ManageUsers,
	"may ReadEvents":        apitoken.ReadEvents,
}

// permissionsOf is what the roles of this file grant.
func permissionsOf(role apitoken.Role) apitoken.Permission {
	switch role {
	case apitoken.RoleAdmin:
		return apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ListAny | apitoken.RevokeAny |
			apitoken.SetPolicy | apitoken.ManageUsers | apitoken.ReadEvents
	case apitoken.RoleUser:
		return apitoken.GenerateOwn
	}
	return single[role] // none: nothing
}

// caller is an actor of the matrix. Its user is always "me".
type caller struct {
	name      string
	role      apitoken.Role
	withToken bool
	state     callerState
}

type callerState int

const (
	live     callerState = iota
	absent               // Options.Actor returns the zero Actor
	disabled             // the user is disabled, which revokes their tokens
	unknown              // the library does not know the user
	revoked              // the token was revoked
	expired              // the token has expired
)

func callers() []caller {
	all := []caller{
		{name: "nobody", state: absent},
		{name: "a disabled admin", role: apitoken.RoleAdmin, state: disabled},
		{name: "an unknown user", state: unknown},
		{name: "a disabled admin's token", role: apitoken.RoleAdmin, withToken: true, state: disabled},
		{name: "an admin's revoked token", role: apitoken.RoleAdmin, withToken: true, state: revoked},
		{name: "an admin's expired token", role: apitoken.RoleAdmin, withToken: true, state: expired},
	}
	roles := []apitoken.Role{"none", apitoken.RoleUser, apitoken.RoleAdmin}
	for role := range single {
		roles = append(roles, role)
	}
	for _, role := range roles {
		all = append(all,
			caller{name: "a user who is " + string(role), role: role},
			caller{name: "a token of a user who is " + string(role), role: role, withToken: true})
	}
	return all
}

// object is whom or whose token a request is about.
type object struct {
	user     apitoken.UserID
	role     apitoken.Role
	disabled bool
	unknown  bool
}

var objects = []object{
	{user: "me"},
	{user: "nil", role: "none"},
	{user: "bob", role: apitoken.RoleUser},
	{user: "ada", role: apitoken.RoleAdmin},
	{user: "gone", role: "none", disabled: true},
	{user: "mallory", unknown: true},
}

// stage is a host with all objects, each with a token, and the caller.
type stage struct {
	*tokentest.Kit
	handler http.Handler
	actor   apitoken.Actor
	tokens  map[apitoken.UserID]string // ids
	offers  map[apitoken.UserID]string // ids
}

func newStage(t *testing.T, c caller) stage {
	t.Helper()
	roles := map[apitoken.Role]apitoken.Permission{"none": 0}
	for role, may := range single {
		roles[role] = may
	}
	s := stage{Kit: tokentest.NewWith(t, apitoken.Options{Roles: roles}), tokens: map[apitoken.UserID]string{"mallory": noToken}, offers: map[apitoken.UserID]string{}}
	token := func(p apitoken.GenerateParams) apitoken.TokenID {
		generated, _ := s.Generate(p)
		return generated.ID
	}
	for _, o := range objects {
		switch {
		case o.unknown || o.user == "me" && c.state == unknown:
			continue
		case o.user == "me":
			o.role = c.role
		}
		s.User(o.user, o.role)
		s.tokens[o.user] = token(apitoken.GenerateParams{Owner: o.user, Name: "kept"}).String()
		offered, err := s.Manager.Offer(ctx, apitoken.System(), apitoken.OfferParams{GenerateParams: apitoken.GenerateParams{Owner: o.user, Name: "offered"}})
		must(t, err)
		s.offers[o.user] = offered.ID.String()
		if o.disabled {
			must(t, s.Manager.DisableUser(ctx, apitoken.System(), o.user))
		}
	}
	if c.state != absent {
		s.actor = apitoken.As("me")
	}
	if c.withToken {
		s.actor = apitoken.Actor{Kind: apitoken.ActorToken, User: "me", Token: token(apitoken.GenerateParams{Owner: "me", Lifetime: time.Hour})}
	}
	switch c.state {
	case disabled:
		must(t, s.Manager.DisableUser(ctx, apitoken.System(), "me"))
	case revoked:
		must(t, s.Manager.Revoke(ctx, apitoken.System(), s.actor.Token))
	case expired:
		s.Clock.Add(time.Hour)
	case unknown:
		s.tokens["me"] = noToken
	}
	s.handler = newHandlerWith(t, s.Manager, adminapi.Options{
		Actor: func(*http.Request) (apitoken.Actor, error) { return s.actor, nil },
	})
	return s
}

// send sends the route's good request about an object.
func (s stage) send(r request, o object) *httptest.ResponseRecorder {
	id := string(o.user)
	if strings.HasPrefix(r.Route.Path, "/tokens/") {
		id = s.tokens[o.user]
	}
	if strings.HasPrefix(r.Route.Path, "/offers/") {
		id = stdcmp.Or(s.offers[o.user], noToken)
	}
	return call(s.handler, "", r.Method, strings.Replace(r.Route.Path, "{id}", id, 1), r.body)
}

// changes is how many events say that something was done.
func (s stage) changes(t *testing.T) (n int) {
	t.Helper()
	for e, err := range s.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{}) {
		must(t, err)
		if e.Outcome == apitoken.OutcomeDone {
			n++
		}
	}
	return n
}

// expected is the code that the declaration requires, empty for a success. regardless reports whether the caller is refused
// regardless of the object: then the answer must not show what exists.
func expected(t *testing.T, r request, c caller, o object) (code string, regardless bool) {
	t.Helper()
	switch {
	case r.Who == "anybody":
		return "", false
	case c.state == absent:
		return "unauthenticated", true
	case r.Who == "anyone signed in":
		return "", false
	case c.state != live:
		return "denied", true
	case r.Who == "any active user":
		return "", false
	}
	hidden := "denied" // the code for an object that the caller may not know of
	if r.Method == "GET" && r.Route.Path == "/users/{id}" || strings.HasPrefix(r.Route.Path, "/tokens/") || strings.HasPrefix(r.Route.Path, "/offers/") {
		hidden = "not_found"
	}
	may, own := permissionsOf(c.role), o.user == "me"
	theirs := permissionsOf(o.role)
	if own {
		theirs = may
	}
	check := func(need apitoken.Permission) (string, bool) {
		if !may.Has(need) {
			return hidden, true
		}
		return "", false
	}
	switch r.Who {
	case "ListAny":
		return check(apitoken.ListAny)
	case "SetPolicy":
		return check(apitoken.SetPolicy)
	case "SetPolicy and ListAny":
		return check(apitoken.SetPolicy | apitoken.ListAny)
	case "RevokeAny":
		return check(apitoken.RevokeAny)
	case "ReadEvents":
		return check(apitoken.ReadEvents)
	case "ManageUsers":
		code, regardless = check(apitoken.ManageUsers)
		switch {
		case code != "" || !strings.Contains(r.Route.Path, "{id}"):
			return code, regardless
		case o.unknown && (strings.HasSuffix(r.Route.Path, "/disabled") || strings.HasSuffix(r.Route.Path, "/suspended")):
			return "not_found", false
		case o.unknown && !may.Has(permissionsOf(apitoken.RoleUser)), !o.unknown && !may.Has(theirs):
			return "denied", false
		}
		return "", false
	case "the user or ManageUsers", "the owner or ListAny", "the owner or RevokeAny":
		need := map[string]apitoken.Permission{
			"the user or ManageUsers": apitoken.ManageUsers,
			"the owner or ListAny":    apitoken.ListAny,
			"the owner or RevokeAny":  apitoken.RevokeAny,
		}[r.Who]
		if !own {
			code, regardless = check(need)
		}
		if code == "" && o.disabled && r.String() == "POST /tokens/{id}/narrow" {
			return "token_not_active", false
		}
		if code == "" && o.unknown && !strings.HasPrefix(r.String(), "GET /users/{id}/") { // whose page is empty
			code = "not_found"
		}
		return code, regardless
	case "the owner in person":
		if !own || c.withToken {
			return hidden, true
		}
		return "", false
	case "the owner, who offered it, or RevokeAny":
		if !own {
			code, regardless = check(apitoken.RevokeAny)
		}
		if code == "" && o.unknown {
			code = "not_found"
		}
		return code, regardless
	case "the owner, or ListAny and GenerateForOthers":
		if !own {
			code, regardless = check(apitoken.ListAny)
		}
		switch {
		case code != "":
			return code, regardless
		case o.unknown || own && c.state == unknown:
			return "not_found", false
		case !own && (!may.Has(apitoken.GenerateForOthers) || !may.Has(theirs)):
			return "denied", false
		case o.disabled:
			return "token_not_active", false
		}
		return "", false
	case "the owner with GenerateOwn, or ListAny and GenerateForOthers":
		if !own {
			code, regardless = check(apitoken.ListAny)
		}
		switch {
		case code != "":
			return code, regardless
		case o.unknown || own && c.state == unknown:
			return "not_found", false
		case own && !may.Has(apitoken.GenerateOwn), !own && (!may.Has(apitoken.GenerateForOthers) || !may.Has(theirs)):
			return "denied", false
		case o.disabled:
			return "user_disabled", false
		}
		return "", false
	case "GenerateOwn or GenerateForOthers":
		need := apitoken.GenerateForOthers
		if own {
			need = apitoken.GenerateOwn
		}
		code, regardless = check(need)
		switch {
		case code != "":
			return code, regardless
		case o.unknown:
			return "not_found", false
		case !own && !may.Has(theirs):
			return "denied", false
		case o.disabled && r.Route.Method != "GET": // the lifetimes may be read
			return "user_disabled", false
		}
		return "", false
	}
	t.Fatalf("%s declares %q, which is not a known access", r, r.Who)
	return "", false
}

func TestEveryRouteAdmitsTheCallersThatItDeclares(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: make test-long")
	}
	cells, refused, alike := 0, 0, 0
	for _, r := range requests() {
		about := objects
		if !strings.Contains(r.Route.Path, "{id}") {
			about = objects[:1]
		}
		for _, c := range callers() {
			t.Run(fmt.Sprintf("%s by %s", r, c.name), func(t *testing.T) {
				var first string // the first answer to a caller who may not know of the object
				for _, o := range about {
					s := newStage(t, c)
					before := s.changes(t)
					w := s.send(r, o)
					code, regardless := expected(t, r, c, o)
					if got := codeOf(w.Body.Bytes()); got != code || (w.Code < 300) != (code == "") {
						t.Errorf("on %s: the answer is %d %q, want %q: %s", o.user, w.Code, got, code, w.Body)
					}
					cells++
					if code == "" {
						continue
					}
					refused++
					if after := s.changes(t); after != before {
						t.Errorf("on %s: the request is refused, and %d things changed", o.user, after-before)
					}
					if !regardless {
						continue
					}
					text := fmt.Sprint(w.Code, w.Header(), w.Body)
					if first == "" {
						first = text
					}
					if diff := cmp.Diff(first, text); diff != "" {
						t.Errorf("on %s: the answer shows whether the object exists (-first +this):\n%s", o.user, diff)
					}
					alike++
				}
			})
		}
	}
	t.Logf("%d cells: %d routes, %d callers, up to %d objects; %d refused, %d of them regardless of the object",
		cells, len(requests()), len(callers()), len(objects), refused, alike)
}

// The reason of a denial is for logs and events. It would show roles, kinds and resources.
func TestADenialDoesNotShowItsReason(t *testing.T) {
	s := newSiteWith(t, apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{"reader": {Permissions: apitoken.ListAny}}})
	foreign, _ := s.Generate(apitoken.GenerateParams{Owner: "carol"})
	_, bound := s.Generate(apitoken.GenerateParams{Owner: "ada", Resource: "project:web"})
	_, reader := s.Generate(apitoken.GenerateParams{Owner: "ada", Kind: "reader"})
	actors := map[string]apitoken.Actor{
		"a user": apitoken.As("bob"), "a stranger": apitoken.As("mallory"),
		"a bound token": s.actor(bound), "a token that carries little": s.actor(reader),
	}
	denied, denials := 0, s.denials()
	requirements := map[string]string{}
	for name, actor := range actors {
		h := newHandlerWith(t, s.Manager, adminapi.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return actor, nil }})
		for _, r := range requests() {
			for _, path := range []string{r.path, strings.NewReplacer("bob", "carol", noToken, foreign.ID.String()).Replace(r.path)} {
				w := call(h, "", r.Method, path, r.body)
				if w.Code != http.StatusForbidden && w.Code != http.StatusNotFound {
					continue
				}
				denied++
				want := map[int]string{
					403: `{"type":"about:blank","title":"Forbidden","status":403,"code":"denied","detail":"You may not do this."}`,
					404: `{"type":"about:blank","title":"Not Found","status":404,"code":"not_found","detail":"This does not exist, or you may not know of it."}`,
				}[w.Code]
				got := w.Body.String()
				if w.Code == http.StatusForbidden { // what the route requires is in the document, too, and the same for everybody
					required := regexp.MustCompile(` It requires [A-Za-z, ]+\.`).FindString(got)
					if before, seen := requirements[r.Method+r.path]; seen && before != required {
						t.Errorf("%s %s for %s:%s, and for another actor:%s", r.Method, path, name, required, before)
					}
					requirements[r.Method+r.path] = required
					got = strings.Replace(got, required, "", 1)
				}
				if diff := cmp.Diff(want+"\n", got); diff != "" {
					t.Errorf("%s %s for %s shows more (-want +got):\n%s", r.Method, path, name, diff)
				}
			}
		}
	}
	must(t, s.Manager.Flush(ctx))
	if denied < 30 || s.denials() == denials {
		t.Errorf("%d answers were denials", denied)
	}
}

// actor is the holder of a token.
func (s site) actor(text string) apitoken.Actor {
	s.t.Helper()
	identity, err := s.Manager.Authenticate(ctx, text)
	must(s.t, err)
	return identity.Actor()
}
