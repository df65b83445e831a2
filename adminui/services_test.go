package adminui_test

import (
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
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
	h.says(h.page("ada", "/admin/activity"), "kind of account service", "answered for by bob")
}
