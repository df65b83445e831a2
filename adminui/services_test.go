package adminui_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestTheFormForServiceAccountsIsThereOnlyIfTheHostWants(t *testing.T) {
	h := newHost(t)
	h.saysNothingOf(h.page("ada", "/admin/users"), "New service account")
	h.form("ada", "/admin/users", http.StatusNotFound, url.Values{"id": {"ci"}})
}
