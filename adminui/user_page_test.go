package adminui_test

import (
	"errors"
	"html"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// withUserForms is an option: administrators make service accounts and change users.
func withUserForms(o *adminui.Options) {
	o.ServiceAccounts, o.EditUsers, o.DisableUsers = true, true, true
}

// user returns a user.
func (h host) user(id apitoken.UserID) apitoken.User {
	h.t.Helper()
	u, err := h.Manager.User(ctx, apitoken.System(), id)
	h.must(err)
	return u
}

// revisionOf returns the revision of a user as a form has it.
func (h host) revisionOf(id apitoken.UserID) string {
	return strconv.FormatInt(h.user(id).Revision, 10)
}

func TestThePageOfAUserSaysWhatIsKnownOfThem(t *testing.T) {
	h := newHost(t)
	h.put(apitoken.User{ID: "ci", Name: "Builds", Service: true, Responsible: "bob"})
	h.put(apitoken.User{ID: "orphan", Service: true})
	h.generate("one")
	h.generate("two")
	page := h.page("ada", "/admin/users/bob")
	h.says(page, "User bob Name Bob Role user State active Account A person Answers for ci Active tokens 2 Created 1 Jan 2026, 12:00 UTC Activity")
	for _, address := range []string{"/admin/users/ci", "/admin/users/bob/tokens", "/admin/activity?owner=bob"} {
		if !strings.Contains(page, `href="`+address+`"`) {
			t.Errorf("the page has no link to %s", address)
		}
	}
	h.says(h.page("ada", "/admin/users/ci"), "Service account ci Name Builds", "no person signs in to it. Who answers for it bob", "Active tokens 0")
	h.says(h.page("ada", "/admin/users/orphan"), "Name None", "Who answers for it Nobody")
	h.must(h.Manager.SuspendUser(ctx, apitoken.System(), "bob"))
	h.says(h.page("ada", "/admin/users/bob"), "State suspended 1 Jan 2026, 12:00 UTC", "Name somebody else for the service accounts.")
	h.must(h.Manager.DisableUser(ctx, apitoken.System(), "carol"))
	h.says(h.page("ada", "/admin/users/carol"), "State disabled 1 Jan 2026, 12:00 UTC")
	for path, address := range map[string]string{
		"/users": "/admin/users/bob", "/users/bob/tokens": "/admin/users/bob", "/users/ci": "/admin/users/bob",
	} {
		if !strings.Contains(h.page("ada", "/admin"+path), `href="`+address+`"`) {
			t.Errorf("%s has no link to %s", path, address)
		}
	}
}

// Users find on the pages about users no link that is refused, and no form or button that the Manager would refuse.
func TestThePageOfAUserOffersNothingThatIsRefused(t *testing.T) {
	const change, disable = "Change the", "Disable…"
	for _, tt := range []struct {
		visitor, id string
		has, hasNot []string
	}{
		{"ada", "bob", []string{change, disable, "Suspend…", "admin auditor helpdesk nothing user"}, nil},
		{"ada", "ada", []string{change, disable}, nil},
		{"helpdesk", "bob", []string{change, disable, "Role helpdesk nothing user"}, []string{"Activity"}},
		{"helpdesk", "ada", nil, []string{change, disable, "Suspend…"}},
		{"helpdesk", "auditor", nil, []string{change, disable, "Suspend…"}},
		{"bob", "bob", []string{"Role user"}, []string{change, disable, "Suspend…", "Activity"}},
	} {
		t.Run(tt.visitor+" about "+tt.id, func(t *testing.T) {
			h := newHost(t, withUserForms).withVisitors()
			page := h.page(tt.visitor, "/admin/users/"+tt.id)
			h.says(page, tt.has...)
			h.saysNothingOf(text(page), tt.hasNot...)
			for _, target := range firstGroups(links, page) {
				if w := h.send(tt.visitor, http.MethodGet, html.UnescapeString(target), nil); w.Code >= 400 {
					t.Errorf("%s is offered, which is %d", target, w.Code)
				}
			}
		})
	}
}

// The holder of a token that carries ManageUsers alone sees users, and no number of tokens.
func TestAUserKeeperSeesNoTokens(t *testing.T) {
	var actor apitoken.Actor
	h := newHost(t, withUserForms, func(o *adminui.Options) {
		o.Actor = func(*http.Request) (apitoken.Actor, error) { return actor, nil }
	})
	_, secret := h.Generate(apitoken.GenerateParams{Owner: "ada", Kind: "keeper"})
	identity, err := h.Manager.Authenticate(ctx, secret)
	h.must(err)
	actor = identity.Actor()
	for _, id := range []string{"bob", "ada"} {
		page := text(h.page("", "/admin/users/"+id))
		h.says(page, "User "+id, "Created")
		h.saysNothingOf(page, "Active tokens")
		if id != "bob" {
			continue
		}
		h.must(h.Manager.Flush(ctx))
		for e, err := range h.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{Outcome: apitoken.OutcomeDenied}) {
			h.must(err)
			t.Errorf("the page about somebody else asks for what is denied: %v", e)
		}
	}
}

// What the pages do not offer is refused if it is sent.
func TestAHelpDeskChangesNoUserWhoMayDoMore(t *testing.T) {
	h := newHost(t, withUserForms).withVisitors()
	before := h.state()
	for path, form := range map[string]url.Values{
		"/users/ada":          {"name": {"x"}, "role": {"user"}, "revision": {h.revisionOf("ada")}},
		"/users/bob":          {"name": {"x"}, "role": {"admin"}, "revision": {h.revisionOf("bob")}},
		"/users/helpdesk":     {"name": {"x"}, "role": {"auditor"}, "revision": {h.revisionOf("helpdesk")}},
		"/users/ada/disable":  nil,
		"/users/ada/enable":   nil,
		"/users/ada/suspend":  nil,
		"/users/ada/resume":   nil,
		"/users/nope/disable": nil,
	} {
		want := http.StatusForbidden
		if strings.Contains(path, "nope") {
			want = http.StatusNotFound
		}
		h.form("helpdesk", "/admin"+path, want, form)
	}
	for _, path := range []string{"/users/ada/disable", "/users/ada/suspend"} {
		if w := h.send("helpdesk", http.MethodGet, "/admin"+path, nil); w.Code != http.StatusForbidden {
			t.Errorf("GET %s: %d, want 403", path, w.Code)
		}
	}
	if diff := cmp.Diff(before, h.state()); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
}

func TestUsersAreChangedOnlyIfTheHostWants(t *testing.T) {
	h := newHost(t)
	h.saysNothingOf(text(h.page("ada", "/admin/users/bob")), "Change the", "Disable…", "Suspend…")
	h.form("ada", "/admin/users/bob", http.StatusNotFound, url.Values{"name": {"x"}, "revision": {h.revisionOf("bob")}})
	for _, path := range []string{"/disable", "/enable", "/suspend", "/resume"} {
		h.form("ada", "/admin/users/bob"+path, http.StatusNotFound, nil)
	}
	for _, path := range []string{"/disable", "/suspend"} {
		if w := h.send("ada", http.MethodGet, "/admin/users/bob"+path, nil); w.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", path, w.Code)
		}
	}
	for name, option := range map[string]func(*adminui.Options){
		"Disable…": func(o *adminui.Options) { o.DisableUsers = true }, "Change the": func(o *adminui.Options) { o.EditUsers = true },
	} {
		h := newHost(t, option)
		page := text(h.page("ada", "/admin/users/bob"))
		for _, offered := range []string{"Disable…", "Change the"} {
			if strings.Contains(page, offered) != (offered == name) {
				t.Errorf("with the option for %q, the page offers %q: %t", name, offered, offered != name)
			}
		}
	}
}

// A user is suspended, resumed, disabled and enabled. What is sent twice does the same as once.
func TestAnAdministratorSwitchesAUser(t *testing.T) {
	h := newHost(t, withUserForms)
	h.put(apitoken.User{ID: "ci", Service: true, Responsible: "bob"})
	token, secret := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "nightly"})
	for _, step := range []struct {
		path     string
		question []string
		after    []string
		err      error
	}{
		{"/suspend", []string{"Suspend a user", "Suspend bob? This refuses 1 active token until the user is resumed."}, []string{"State suspended", "Resume Disable…"}, apitoken.ErrSuspended},
		{"/resume", nil, []string{"State active", "Suspend… Disable…"}, nil},
		{"/disable", []string{"Disable a user", "Disable bob? This revokes 1 active token for good", "The user answers for ci: name somebody else"}, []string{"State disabled", "Suspend… Enable"}, apitoken.ErrRevoked},
		{"/enable", nil, []string{"State active", "Suspend… Disable…"}, apitoken.ErrRevoked},
	} {
		path := "/admin/users/bob" + step.path
		if step.question != nil {
			before := h.state()
			page := h.page("ada", path)
			h.says(page, step.question...)
			if !strings.Contains(page, `<form class="ask" method="post" action="`+path+`">`) || !strings.Contains(page, `href="/admin/users/bob">Cancel</a>`) {
				t.Errorf("%s has no form that does it, or does not lead back:\n%s", path, page)
			}
			if diff := cmp.Diff(before, h.state()); diff != "" {
				t.Errorf("the question changed something (-before +after):\n%s", diff)
			}
		}
		for range 2 {
			w := h.send("ada", http.MethodPost, path, nil)
			if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/admin/users/bob" {
				t.Fatalf("%s: %d to %q, want 303 to the page of the user", path, w.Code, got)
			}
		}
		h.says(h.page("ada", "/admin/users/bob"), step.after...)
		if _, err := h.Manager.Authenticate(ctx, secret); !errors.Is(err, step.err) {
			t.Errorf("the token after %s: %v, want %v", path, err, step.err)
		}
	}
	h.says(h.page("ada", pageOf(token)), "Status revoked")
	h.says(h.page("ada", "/admin/users/ada/disable"), "This is you: you can do nothing here afterwards.")
}

func TestAnAdministratorChangesAUser(t *testing.T) {
	h := newHost(t, withUserForms).withVisitors()
	h.put(apitoken.User{ID: "ci", Name: "Builds", Service: true, Responsible: "bob"})
	page := h.page("ada", "/admin/users/ci")
	for _, present := range []string{`value="Builds"`, `<option dir="auto" value="user" selected>`, `name="responsible" maxlength="255" autocomplete="off" value="bob"`, `name="revision" value="` + h.revisionOf("ci") + `"`} {
		if !strings.Contains(page, present) {
			t.Errorf("the form does not begin with %s", present)
		}
	}
	if strings.Contains(h.page("ada", "/admin/users/bob"), `name="responsible"`) {
		t.Error("the form of a person asks who answers for them")
	}
	form := url.Values{"name": {" Nightly builds "}, "role": {"auditor"}, "responsible": {"carol"}, "revision": {h.revisionOf("ci")}}
	want := apitoken.User{ID: "ci", Name: "Nightly builds", Role: "auditor", Service: true, Responsible: "carol"}
	for range 2 { // the second is the second click of a double click
		h.form("ada", "/admin/users/ci", http.StatusSeeOther, form)
		if diff := cmp.Diff(want, h.user("ci"), cmpopts.IgnoreFields(apitoken.User{}, "CreatedAt", "Revision")); diff != "" {
			t.Errorf("the user (-want +got):\n%s", diff)
		}
	}
	form = url.Values{"name": {"Bob"}, "role": {"auditor"}, "responsible": {"carol"}, "revision": {h.revisionOf("bob")}}
	h.form("ada", "/admin/users/bob", http.StatusSeeOther, form)
	if bob := h.user("bob"); bob.Responsible != "" || bob.Role != "auditor" {
		t.Errorf("bob is %+v, want an auditor for whom nobody answers", bob)
	}
	h.form("ada", "/admin/users/ci", http.StatusSeeOther, url.Values{"name": {""}, "role": {"user"}, "responsible": {""}, "revision": {h.revisionOf("ci")}})
	if ci := h.user("ci"); ci.Responsible != "" || ci.Name != "Nightly builds" {
		t.Errorf("ci is %+v, want the name as before and nobody who answers", ci)
	}
	h.says(h.page("ada", "/admin/activity"), "name: Builds → Nightly builds, role: user → auditor, answered for by: bob → carol")
}

// A change of somebody else in the meantime is not overwritten. The form keeps what was entered, and saves it at the next attempt.
func TestAConcurrentChangeOfAUserIsTold(t *testing.T) {
	h := newHost(t, withUserForms).withVisitors()
	form := url.Values{"name": {"Robert"}, "role": {"helpdesk"}, "revision": {h.revisionOf("bob")}}
	h.put(apitoken.User{ID: "bob", Role: "auditor"})
	page := h.form("ada", "/admin/users/bob", http.StatusConflict, form)
	h.says(page, "Role auditor", "The user has changed in the meantime. Nothing was saved.")
	if got := h.user("bob"); got.Role != "auditor" || got.Name != "Bob" {
		t.Errorf("bob is %+v, want no change", got)
	}
	for _, kept := range []string{`value="Robert"`, `<option dir="auto" value="helpdesk" selected>`, `name="revision" value="` + h.revisionOf("bob") + `"`} {
		if !strings.Contains(page, kept) {
			t.Errorf("the form does not have %s", kept)
		}
	}
	form.Set("revision", h.revisionOf("bob"))
	h.form("ada", "/admin/users/bob", http.StatusSeeOther, form)
	if got := h.user("bob"); got.Role != "helpdesk" || got.Name != "Robert" {
		t.Errorf("bob is %+v, want what was entered", got)
	}
}

// A form that was sent before is recognised by all that it would change.
func TestAFormWithOneOtherValueIsAConflict(t *testing.T) {
	h := newHost(t, withUserForms)
	h.put(apitoken.User{ID: "ci", Name: "Builds", Service: true, Responsible: "bob"})
	saved := url.Values{"name": {"Nightly"}, "role": {"user"}, "responsible": {"carol"}, "revision": {h.revisionOf("ci")}}
	h.form("ada", "/admin/users/ci", http.StatusSeeOther, saved)
	for field, other := range map[string]string{"name": "Weekly", "role": "admin", "responsible": ""} {
		form := maps.Clone(saved)
		form.Set(field, other)
		h.form("ada", "/admin/users/ci", http.StatusConflict, form)
	}
}

func TestTheFormOfAUserTellsWhatIsWrong(t *testing.T) {
	h := newHost(t, withUserForms)
	h.put(apitoken.User{ID: "ci", Service: true, Responsible: "bob"})
	before := h.state()["users"]
	for _, tt := range []struct {
		name   string
		form   url.Values
		status int
		says   string
	}{
		{"no revision", url.Values{"name": {"x"}}, http.StatusBadRequest, "The form cannot be read"},
		{"the revision zero, which is any", url.Values{"name": {"x"}, "revision": {"0"}}, http.StatusBadRequest, "The form cannot be read"},
		{"a role that is not declared", url.Values{"role": {"king"}, "revision": {h.revisionOf("ci")}}, http.StatusUnprocessableEntity, "is not declared"},
		{"an unknown user answers", url.Values{"responsible": {"erin"}, "revision": {h.revisionOf("ci")}}, http.StatusUnprocessableEntity, "responsible"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := h
			h.t = t
			h.says(h.form("ada", "/admin/users/ci", tt.status, tt.form), tt.says)
			if diff := cmp.Diff(before, h.state()["users"]); diff != "" {
				t.Errorf("the users changed (-before +after):\n%s", diff)
			}
		})
	}
	h.form("ada", "/admin/users/nope", http.StatusNotFound, url.Values{"name": {"x"}, "revision": {"1"}})
}

// The page names what may have changed, and offers to repeat it.
func TestUnknownOutcomesOfChangesOfUsers(t *testing.T) {
	store, told := newFaulty(), 0
	h := hostOver(t, store, withUserForms, func(o *adminui.Options) { o.OnError = func(*http.Request, error) { told++ } })
	revision := h.revisionOf("bob")
	store.writes = apitoken.ErrUncertain
	for path, done := range map[string]string{"/disable": "disabled", "/enable": "enabled", "/suspend": "suspended", "/resume": "resumed"} {
		page := h.form("ada", "/admin/users/bob"+path, http.StatusServiceUnavailable, nil)
		h.says(page, "It is not known whether bob was "+done+". Try again.")
		h.saysNothingOf(page, "Nothing was done")
		if !strings.Contains(page, `action="/admin/users/bob`+path+`"`) {
			t.Errorf("%s: the button is missing:\n%s", path, page)
		}
	}
	page := h.form("ada", "/admin/users/bob", http.StatusServiceUnavailable, url.Values{"name": {"Robert"}, "role": {"admin"}, "revision": {revision}})
	h.says(page, "It is not known whether the user was changed. Save it again.")
	if !strings.Contains(page, `name="revision" value="`+revision+`"`) || !strings.Contains(page, `value="Robert"`) {
		t.Errorf("the form does not keep what was entered:\n%s", page)
	}
	if told != 5 {
		t.Errorf("OnError got %d errors, want 5", told)
	}
}

// During a roll-out this replica may not know the role of a user. Only the host itself may change them.
func TestARoleThatIsNotDeclaredIsKept(t *testing.T) {
	store := newFaulty()
	old, err := apitoken.New(store, &apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"owner": apitoken.ListAny}})
	must(t, err)
	_, err = old.PutUser(ctx, apitoken.System(), apitoken.User{ID: "olga", Role: "owner"})
	must(t, err)
	h := hostOver(t, store, withUserForms)
	h.saysNothingOf(text(h.page("ada", "/admin/users/olga")), "Change the", "Disable…")
	system := hostOver(t, store, withUserForms, func(o *adminui.Options) {
		o.Actor = func(*http.Request) (apitoken.Actor, error) { return apitoken.System(), nil }
	})
	system.says(system.page("", "/admin/users/olga"), "owner, as before admin user")
	system.form("", "/admin/users/olga", http.StatusSeeOther, url.Values{"name": {"Olga"}, "role": {""}, "revision": {system.revisionOf("olga")}})
	if got := system.user("olga"); got.Role != "owner" || got.Name != "Olga" {
		t.Errorf("the user is %+v, want the role as before", got)
	}
}
