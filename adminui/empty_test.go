package adminui_test

import (
	"regexp"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// offersAll is the link to a list without filters.
var offersAll = regexp.MustCompile(`<a href="([^"]*)">(?:Show all|Remove the filters)`)

// A list without rows says what else there is, and leads to it.
func TestAnEmptyListSaysWhereToGo(t *testing.T) {
	h := newHost(t)
	h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "old", Lifetime: apitoken.Days(1)})
	h.Clock.Add(apitoken.Days(1))
	const elsewhere = "The tabs lead to those that have expired or were revoked."
	for path, want := range map[string]struct{ says, link string }{
		"/users/bob/tokens":                  {"No live tokens. " + elsewhere + " Generate one with the form above.", ""},
		"/users/bob/tokens?status=revoked":   {"No revoked tokens.", ""},
		"/users/carol/tokens":                {"No tokens. Generate one with the form above.", ""},
		"/users/carol/tokens?status=expired": {"No expired tokens.", ""},
		"/tokens":                            {"No live tokens found. " + elsewhere, ""},
		"/tokens?status=revoked":             {"No revoked tokens found.", ""},
		"/tokens?owner=carol":                {"No tokens found. Remove the filters", "/admin/tokens"},
		"/tokens?owner=carol&status=all":     {"No tokens found. Remove the filters", "/admin/tokens"},
		"/users?q=zz":                        {"No user's id or name contains “zz”. Show all users", "/admin/users"},
		"/activity?owner=zz":                 {"No events match. Show all events", "/admin/activity"},
	} {
		page := h.page("ada", "/admin"+path)
		h.says(page, want.says)
		link := ""
		if found := firstGroups(offersAll, page); found != nil {
			link = found[0]
		}
		if link != want.link {
			t.Errorf("%s leads to %q, want %q", path, link, want.link)
		}
	}
}
