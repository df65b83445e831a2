package adminui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

func TestServiceAccountsAndWhoAnswersForThemAreShown(t *testing.T) {
	h := newHost(t)
	for _, id := range []apitoken.UserID{"ci", "mirror"} {
		h.put(apitoken.User{ID: id, Service: true, Responsible: "bob"})
	}
	h.put(apitoken.User{ID: "orphan", Service: true})
	h.says(h.page("ada", "/admin/users"), "ci service account of bob", "orphan service account –")
	h.says(h.page("ada", "/admin/users/ci/tokens"), "A service account: no person signs in to it. bob answers for it.")
	h.says(h.page("ada", "/admin/users/orphan/tokens"), "Nobody answers for it.")
	h.says(h.page("ada", "/admin/users/bob/tokens"), "Answers for ci, mirror.")
	h.saysNothingOf(h.page("bob", "/admin/users/bob/tokens"), "Answers for")
	h.must(h.Manager.DisableUser(ctx, apitoken.As("ada"), "bob"))
	h.says(h.page("ada", "/admin/users/bob/tokens"), "Answers for ci, mirror. Name somebody else for them.")
	h.says(h.page("ada", "/admin/activity"), "kind of account: service", "answered for by: bob")
}

func TestAnAdministratorMakesAServiceAccount(t *testing.T) {
	h := newHost(t, func(o *adminui.Options) { o.ServiceAccounts = true })
	before := h.state()["users"]
	for _, tt := range []struct {
		name   string
		form   url.Values
		status int
		says   string
	}{
		{"no id", url.Values{"id": {""}}, http.StatusUnprocessableEntity, "user id: is empty"},
		{"a user who exists", url.Values{"id": {"bob"}}, http.StatusConflict, "A user with this id exists already."},
		{"an unknown role", url.Values{"id": {"ci"}, "role": {"king"}}, http.StatusUnprocessableEntity, "is not declared"},
		{"an unknown user answers for it", url.Values{"id": {"ci"}, "responsible": {"erin"}}, http.StatusUnprocessableEntity, "responsible"},
		{"it answers for itself", url.Values{"id": {"ci"}, "responsible": {"ci"}}, http.StatusUnprocessableEntity, "responsible"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.says(h.form("ada", "/admin/users", tt.status, tt.form), tt.says)
			if diff := cmp.Diff(before, h.state()["users"]); diff != "" {
				t.Errorf("the users changed (-before +after):\n%s", diff)
			}
		})
	}
	h.form("ada", "/admin/users", http.StatusSeeOther, url.Values{"id": {"ci"}, "name": {"Nightly builds"}, "responsible": {"bob"}})
	h.says(h.page("ada", "/admin/users/ci/tokens"), "A service account: no person signs in to it. bob answers for it.")
}

func TestAnAdministratorMakesAUser(t *testing.T) {
	h := newHost(t, func(o *adminui.Options) { o.EditUsers = true }).withVisitors()
	page := h.page("helpdesk", "/admin/users")
	h.says(page, "New user Id of the account", "Role helpdesk nothing user Make the account") // a help desk gives no role that may do more
	h.saysNothingOf(text(page), "service account", "Who answers for it")
	form := url.Values{"account": {"person"}, "id": {"erin"}, "name": {" Erin "}, "role": {"auditor"}}
	h.form("helpdesk", "/admin/users", http.StatusForbidden, form)
	w := h.send("ada", http.MethodPost, "/admin/users", form)
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/admin/users/erin/tokens" {
		t.Errorf("%d to %q, want 303 to the tokens of the user", w.Code, got)
	}
	form.Set("role", "admin") // of a user who exists
	h.says(h.form("ada", "/admin/users", http.StatusConflict, form), "A user with this id exists already.")
	want := apitoken.User{ID: "erin", Name: "Erin", Role: "auditor", Revision: 1}
	if diff := cmp.Diff(want, h.user("erin"), cmpopts.IgnoreFields(apitoken.User{}, "CreatedAt")); diff != "" {
		t.Errorf("the user (-want +got):\n%s", diff)
	}
	h.form("ada", "/admin/users", http.StatusNotFound, url.Values{"id": {"ci"}}) // the host wants no service accounts
}

func TestAnAdministratorChoosesTheKindOfAccount(t *testing.T) {
	h := newHost(t, withUserForms)
	h.says(h.page("ada", "/admin/users"), "New user or service account", "Account of a service a person")
	h.form("ada", "/admin/users", http.StatusSeeOther, url.Values{"account": {"person"}, "id": {"erin"}})
	h.form("ada", "/admin/users", http.StatusSeeOther, url.Values{"account": {"service"}, "id": {"ci"}, "responsible": {"erin"}})
	if erin, ci := h.user("erin"), h.user("ci"); erin.Service || !ci.Service || ci.Responsible != "erin" {
		t.Errorf("the users are %+v and %+v, want a person who answers for a service account", erin, ci)
	}
	page := h.form("ada", "/admin/users", http.StatusUnprocessableEntity, url.Values{"account": {"person"}, "id": {"x"}, "responsible": {"erin"}})
	h.says(page, "is given for a person; only a service account has one")
	if !strings.Contains(page, `<option value="person" selected>`) || !strings.Contains(page, `name="responsible" maxlength="255" autocomplete="off" value="erin"`) {
		t.Errorf("the form does not keep what was entered:\n%s", page)
	}
}

func TestAnUnknownOutcomeOfANewAccountIsTold(t *testing.T) {
	store := newFaulty()
	h := hostOver(t, store, withUserForms)
	store.writes = apitoken.ErrUncertain
	form := url.Values{"account": {"person"}, "id": {"erin"}}
	h.says(h.form("ada", "/admin/users", http.StatusServiceUnavailable, form), "It is not known whether the account was made. Search for it")
}

func TestTheFormForServiceAccountsIsThereOnlyIfTheHostWants(t *testing.T) {
	h := newHost(t)
	h.saysNothingOf(h.page("ada", "/admin/users"), "New service account")
	h.form("ada", "/admin/users", http.StatusNotFound, url.Values{"id": {"ci"}})
	h = newHost(t, func(o *adminui.Options) { o.ServiceAccounts = true })
	h.says(h.page("ada", "/admin/users"), "New service account")
	h.form("ada", "/admin/users", http.StatusNotFound, url.Values{"account": {"person"}, "id": {"erin"}})
}
