package adminui_test

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// oddIDs are user ids with characters that have a meaning in paths.
var oddIDs = []apitoken.UserID{
	".", "..", "...", "/", "//", "a/b", "/a", "a/", "a//b", "a/../b", "../a", "~", "~Lg", "%2F", "%2e", "a b", "a+b", "a;b", "a?b", "a#b", `a\b`, "ü/é",
	"tokens", "a/tokens",
}

// cleaning serves the pages behind a proxy that decodes the path, merges slashes and resolves dots, as nginx does if
// proxy_pass has a path.
func cleaning(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path, r.URL.RawPath = path.Clean(r.URL.Path), ""
		pages.ServeHTTP(w, r)
	})
}

var links = regexp.MustCompile(`(?:href|action)="([^"#][^"]*)"`)

// Every link and form on the pages of a user leads to that user or their tokens, for every user id, also behind a proxy that
// decodes and cleans paths.
func TestLinksLeadToTheirUser(t *testing.T) {
	for name, proxy := range map[string]func(http.Handler) http.Handler{
		"directly":                         func(pages http.Handler) http.Handler { return pages },
		"behind a proxy that cleans paths": cleaning,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, signedInAs("ada"), withUserForms)
			server := httptest.NewServer(proxy(h.pages))
			defer server.Close()
			for _, id := range oddIDs {
				h.put(apitoken.User{ID: id})
				h.Generate(apitoken.GenerateParams{Owner: id, Name: "nightly"})
			}
			read := func(res *http.Response, err error) string {
				t.Helper()
				h.must(err)
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				h.must(err)
				if res.StatusCode >= 400 {
					t.Errorf("%s responds with %s", res.Request.URL, res.Status)
				}
				return string(body)
			}
			followed := map[string]string{} // the pages that every page links to are read once
			follow := func(target string) string {
				t.Helper()
				if _, ok := followed[target]; !ok {
					followed[target] = read(server.Client().Get(server.URL + target))
				}
				return followed[target]
			}
			users := read(server.Client().Get(server.URL + "/admin/users"))
			found := map[apitoken.UserID]string{}
			for _, m := range regexp.MustCompile(`href="([^"]*)">Tokens<span class="hidden"> of <bdi>([^<]*)</bdi>`).FindAllStringSubmatch(users, -1) {
				found[apitoken.UserID(html.UnescapeString(m[2]))] = html.UnescapeString(m[1])
			}
			for _, id := range oddIDs {
				link := found[id]
				if link == "" {
					t.Errorf("the page of users has no link to %q", id)
					continue
				}
				page := read(server.Client().Get(server.URL + link))
				h.says(page, "Tokens of "+string(id))
				for _, target := range firstGroups(links, page) {
					next := follow(target)
					if strings.Contains(target, "/revoke") && !strings.Contains(text(next), " of "+string(id)+"?") {
						t.Errorf("%s on the page of %q leads to %q", target, id, text(next))
					}
				}
				about := read(server.Client().Get(server.URL + strings.TrimSuffix(link, "/tokens")))
				h.says(about, "User "+string(id)+" Name")
				questions := 0
				for _, target := range firstGroups(links, about) {
					next := follow(target)
					if question := string(id) + "? This "; strings.Contains(text(next), "Disable "+question) || strings.Contains(text(next), "Suspend "+question) {
						questions++
					}
				}
				if questions != 2 {
					t.Errorf("the page about %q leads to %d questions about them, want 2", id, questions)
				}
				made := read(server.Client().PostForm(server.URL+link, url.Values{"name": {"new"}, "lifetime": {days30}}))
				identity, err := h.Manager.Authenticate(ctx, secret.FindString(made))
				if err != nil || identity.User.ID != id {
					t.Errorf("the form of %q generates a token of %q, %v", id, identity.User.ID, err)
				}
				after := read(server.Client().PostForm(server.URL+strings.TrimSuffix(link, "tokens")+"revoke-all", nil))
				h.says(after, "Tokens of "+string(id))
				if n, err := h.Manager.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: id, Status: apitoken.StatusActive}); n != 0 || err != nil {
					t.Errorf("%q has %d active tokens after all were revoked, %v", id, n, err)
				}
			}
		})
	}
}

func TestAPathThatNamesNoUserIsNotFound(t *testing.T) {
	h := newHost(t, withUserForms)
	for _, path := range []string{"/users/~", "/users/~bob", "/users/~Ym9i/disable", "/users/~/tokens", "/users/~bob/tokens", "/users/~Ym9i/tokens", "/users/~Ym9i/revoke-all", "/users/a/b/tokens"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if w := h.send("ada", method, "/admin"+path, nil); w.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d, want 404", method, path, w.Code)
			}
		}
	}
	// A percent-encoded slash works where no proxy decodes it.
	h.put(apitoken.User{ID: "a/b"})
	h.says(h.page("ada", "/admin/users/a%2Fb/tokens"), "Tokens of a/b")
}
