package adminui_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// The new token is in the list under its secret, once, however many tokens the user has.
func TestTheNewTokenIsInTheList(t *testing.T) {
	for _, tokens := range []int{0, 1, 49, 50, 120} {
		h := newHost(t)
		for i := range tokens {
			h.Generate(apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("old ", i)})
		}
		page := h.form("ada", "/admin/users/bob/tokens", http.StatusCreated, url.Values{"name": {"brand-new"}, "lifetime": {days30}})
		var names []string
		for _, m := range nameCell.FindAllStringSubmatch(page, -1) {
			if m[1] == "brand-new" {
				names = append(names, m[1])
			}
		}
		if diff := cmp.Diff([]string{"brand-new"}, names); diff != "" {
			t.Errorf("with %d tokens before (-want +got):\n%s", tokens, diff)
		}
		if n := strings.Count(page, `<tr class="new">`); n != 1 {
			t.Errorf("with %d tokens before, %d rows are marked as new", tokens, n)
		}
	}
}

// The events show names, roles and maximum lifetimes before and after a change.
func TestActivityShowsWhatChanged(t *testing.T) {
	h := newHost(t)
	put := func(u apitoken.User) {
		t.Helper()
		_, err := h.Manager.PutUser(ctx, apitoken.As("ada"), u)
		h.must(err)
	}
	put(apitoken.User{ID: "dan", Name: "Dan", Role: "helpdesk"})
	put(apitoken.User{ID: "dan", Name: "Dan", Role: apitoken.RoleAdmin})
	put(apitoken.User{ID: "dan", Name: "Daniel", Role: apitoken.RoleAdmin})
	put(apitoken.User{ID: "dan", Name: "Dan", Role: "auditor"})
	h.must(h.Manager.DisableUser(ctx, apitoken.As("ada"), "dan"))
	h.setMax(apitoken.Days(90))
	h.setMax(apitoken.Days(30))
	h.setMax(apitoken.NoExpiration)
	if _, err := h.Manager.SetPolicy(ctx, apitoken.As("bob"), apitoken.MaxLifetimePolicy{Max: apitoken.Days(7)}); err == nil {
		t.Fatal("bob could set the maximum")
	}
	h.says(h.page("ada", "/admin/activity"),
		"ada changed a user: Dan, role: helpdesk dan done",
		"ada changed a user: Dan, role: helpdesk → admin dan done",
		"ada changed a user: Daniel, name: Dan → Daniel dan done",
		"ada changed a user: Dan, name: Daniel → Dan, role: admin → auditor dan done",
		"ada disabled a user: Dan dan done",
		"the host set the maximum lifetime, maximum: no expiration → 90 days – done",
		"the host set the maximum lifetime, maximum: 90 days → 30 days – done",
		"the host set the maximum lifetime, maximum: 30 days → no expiration – done",
		"bob set the maximum lifetime – denied",
	)
}

// After a revocation, the user returns to the page from which it began, with its filters and its position.
func TestRevocationsKeepTheFilters(t *testing.T) {
	h := newHost(t)
	var tokens []apitoken.Token
	for i := range 60 {
		token, _ := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("t", i)})
		tokens = append(tokens, token)
	}
	after := "after=" + tokens[9].ID.String()
	filter := after + "&name=t&on-behalf=yes&owner=bob&status=active"
	back := `href="/admin/tokens?` + strings.ReplaceAll(filter, "&", "&amp;") + `"`
	page := h.page("ada", "/admin/tokens?"+filter)
	field := regexp.MustCompile(`<input type="hidden" name="filters" value="([^"]*)">`)
	carried := func(page string) string {
		t.Helper()
		found := field.FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("the form does not have the filters:\n%s", page)
		}
		return strings.ReplaceAll(found[1], "&amp;", "&")
	}
	form := url.Values{"id": {tokens[20].ID.String()}, "filters": {carried(page)}}
	page = h.form("ada", "/admin/tokens/revoke", http.StatusOK, form)
	if !strings.Contains(page, back) {
		t.Errorf("the question has no link to %s:\n%s", back, page)
	}
	form.Set("filters", carried(page))
	form.Set("confirmed", "yes")
	if page = h.form("ada", "/admin/tokens/revoke", http.StatusOK, form); !strings.Contains(page, back) {
		t.Errorf("the result has no link to %s:\n%s", back, page)
	}
	// The form cannot choose another destination.
	form.Set("filters", "//evil.example/?owner=bob&x=1&return=https://evil.example")
	if page = h.form("ada", "/admin/tokens/revoke", http.StatusOK, form); strings.Contains(page, "evil") || strings.Contains(page, "x=1") {
		t.Errorf("the form chose the destination:\n%s", page)
	}

	list := "after=" + tokens[40].ID.String() + "&status=all"
	path, kept := "/admin/users/bob/tokens?"+list, `<input type="hidden" name="list" value="`+strings.ReplaceAll(list, "&", "&amp;")+`">`
	if page = h.page("bob", path); !strings.Contains(page, kept) {
		t.Fatalf("the button does not have the position:\n%s", page)
	}
	one := "/admin/tokens/" + tokens[30].ID.String() + "/revoke"
	page = h.page("bob", one+"?list="+url.QueryEscape(list))
	if !strings.Contains(page, `href="`+strings.ReplaceAll(path, "&", "&amp;")+`"`) || !strings.Contains(page, kept) {
		t.Errorf("the question does not keep the position:\n%s", page)
	}
	w := h.send("bob", http.MethodPost, one, url.Values{"list": {list + "&return=//evil.example"}})
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != path {
		t.Errorf("%d to %q, want %q", w.Code, got, path)
	}
	w = h.send("bob", http.MethodPost, one, url.Values{"after": {"//evil.example"}})
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/admin/users/bob/tokens" {
		t.Errorf("%d to %q", w.Code, got)
	}
}

func TestUsersAreFoundInAnyCase(t *testing.T) {
	h := newHost(t)
	for id, name := range map[apitoken.UserID]string{"greta": "greta abel", "McDonald": "", "u1": "Ärger", "u2": "ΣΊΣΥΦΟΣ", "u3": "Kelvin \u212a"} {
		h.put(apitoken.User{ID: id, Name: name})
	}
	found := regexp.MustCompile(`/users/([^/"]+)/tokens"`)
	for q, want := range map[string][]string{
		"Greta": {"greta"}, "GRETA ABEL": {"greta"}, "mcdonald": {"McDonald"}, "MCD": {"McDonald"}, "ärg": {"u1"}, "ÄRG": {"u1"}, "σίσυφος": {"u2"},
		"KELVIN K": {"u3"}, "kelvin k": {"u3"}, "gretchen": nil, "ADA": {"ada"}, "u": {"u1", "u2", "u3"},
	} {
		_, table, _ := strings.Cut(h.page("ada", "/admin/users?q="+url.QueryEscape(q)), "<main")
		var got []string
		for _, m := range found.FindAllStringSubmatch(table, -1) {
			got = append(got, m[1])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", q, diff)
		}
	}
}

// A page of a search reads a limited number of users. The next page continues there, and together the pages show all matches.
func TestASearchAmongManyUsersContinues(t *testing.T) {
	h := newHost(t)
	var want []string
	for i := range 11_000 {
		id := fmt.Sprintf("person-%05d", i)
		if i%4000 == 3999 || i > 10_900 {
			id = fmt.Sprintf("person-%05d-Rare", i)
			want = append(want, id)
		}
		h.put(apitoken.User{ID: apitoken.UserID(id)})
	}
	found := regexp.MustCompile(`href="/admin/users/(person[^/"]+)/tokens"`)
	var got []string
	pages := 0
	for path := "/admin/users?q=rare"; ; pages++ {
		page := h.page("ada", path)
		rows := found.FindAllStringSubmatch(page, -1)
		for _, m := range rows {
			got = append(got, m[1])
		}
		if !strings.Contains(page, `rel="next"`) {
			break
		}
		if (len(rows) == 0) != strings.Contains(page, "data-goes-on") || len(rows) == 0 && !strings.Contains(page, "so far") {
			t.Errorf("%s with %d rows does not say that the search continues", path, len(rows))
		}
		path = nextOf(t, page)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("found on %d pages (-want +got):\n%s", pages+1, diff)
	}
	if pages < 3 {
		t.Errorf("%d pages before the last, want at least 3", pages)
	}
}

// Every link leads to a page, under a prefix in any script.
func TestAPrefixInAnyScript(t *testing.T) {
	link := regexp.MustCompile(`(?:href|src|action)="([^"#][^"]*)"`)
	for _, prefix := range []string{"/verwaltung/schlüssel", "/управление", "/管理/令牌", "/a'b", "/a+b", "/a;b", "/a&b", `/a"b`, "/a:b", "/(a)", "/a,b@c$d"} {
		t.Run(prefix, func(t *testing.T) {
			h := newHost(t, func(o *adminui.Options) { o.Prefix = prefix })
			token, _ := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "ci"})
			base := (&url.URL{Path: prefix}).EscapedPath()
			seen := 0
			for _, path := range []string{"/users", "/users/bob/tokens", "/users/bob/revoke-all", "/tokens", "/tokens/" + token.ID.String() + "/revoke", "/policy", "/activity"} {
				page := h.page("ada", base+path)
				if strings.Contains("/users /tokens /policy /activity", path) && strings.Count(page, `aria-current="page"`) != 1 {
					t.Errorf("%s is not marked as the current page", path)
				}
				for _, target := range firstGroups(link, page) {
					if !strings.HasPrefix(target, base+"/") {
						t.Errorf("%s leads to %s, want %s", path, target, base)
					}
					if w := h.send("ada", http.MethodGet, target, nil); w.Code >= 400 && !strings.HasPrefix(target, base+"/tokens/revoke") && target != base+"/tokens/search" {
						t.Errorf("%s on %s: %d", target, path, w.Code)
					}
					seen++
				}
			}
			// Browsers and Go percent-encode different characters.
			if spelled := strings.NewReplacer("%27", "'", "%22", `"`, "+", "%2B", ";", "%3B", ",", "%2C").Replace(base); spelled != base {
				if page := h.page("ada", spelled+"/policy"); strings.Count(page, `aria-current="page"`) != 1 {
					t.Errorf("%s is not marked as the current page", spelled)
				}
			}
			w := h.send("ada", http.MethodPost, base+"/tokens/"+token.ID.String()+"/revoke", nil)
			if got, want := w.Header().Get("Location"), base+"/users/bob/tokens"; w.Code != http.StatusSeeOther || got != want {
				t.Errorf("%d to %q, want %q", w.Code, got, want)
			}
			if seen < 30 {
				t.Errorf("%d links were followed, want at least 30", seen)
			}
		})
	}
}
