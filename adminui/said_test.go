package adminui_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

var title = regexp.MustCompile(`<title>([^<]*)</title>`)

func titleOf(page string) string {
	found := title.FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// A screen reader says the title of a new page first, so the title begins with what happened.
func TestTheTitleSaysWhatHappened(t *testing.T) {
	h := newHost(t)
	first, second := h.generate("first"), h.generate("second")
	for _, tt := range []struct {
		person, method, path string
		form                 url.Values
		want                 string
	}{
		{"bob", "GET", "/users/bob/tokens", nil, "My tokens – API tokens"},
		{"bob", "POST", "/users/bob/tokens", url.Values{"name": {"new"}, "lifetime": {days30}}, "Token generated – My tokens – API tokens"},
		{"ada", "POST", "/users/bob/tokens", url.Values{"name": {"other"}, "lifetime": {days30}}, "Token generated – Tokens of bob – API tokens"},
		{"ada", "POST", "/users/bob/tokens", url.Values{"name": {""}, "lifetime": {days30}}, "Error – Tokens of bob – API tokens"},
		{"ada", "POST", "/policy", url.Values{"max": {"days"}, "days": {"0"}}, "Error – Maximum lifetime – API tokens"},
		{"bob", "GET", "/users", nil, "Error – You may not do this – API tokens"},
		{"ada", "GET", "/nothing", nil, "Error – Page not found – API tokens"},
		{"", "GET", "/users", nil, "Error – You are not signed in – API tokens"},
		{"ada", "POST", "/tokens/revoke", url.Values{"id": {first.ID.String(), second.ID.String()}, "confirmed": {"yes"}}, "Done – Revoke tokens – API tokens"},
		{"ada", "POST", "/tokens/revoke", url.Values{"id": {first.ID.String()}, "confirmed": {"yes"}}, "Nothing to do – Revoke tokens – API tokens"},
	} {
		if got := titleOf(h.send(tt.person, tt.method, "/admin"+tt.path, tt.form).Body.String()); got != tt.want {
			t.Errorf("%s %s %v for %q: the title is %q, want %q", tt.method, tt.path, tt.form, tt.person, got, tt.want)
		}
	}
}

var (
	refusedField = regexp.MustCompile(`<(?:input|select) id="([^"]*)"[^>]* aria-invalid="true" aria-describedby="([^"]*)"`)
	focused      = regexp.MustCompile(`<p class="problem" role="alert"(?: id="([^"]*)")? tabindex="-1" autofocus>`)
)

// The problem has the focus, and the field that it is about is marked and refers to it. Nothing else is.
func TestTheRefusedFieldIsMarked(t *testing.T) {
	h := newHost(t, func(o *adminui.Options) { o.ServiceAccounts, o.EditUsers = true, true })
	h.put(apitoken.User{ID: "robot", Service: true})
	token := "/tokens/" + h.generate("taken").ID.String()
	h.generate("other")
	h.setMax(apitoken.Days(90))
	all := []string{"GenerateOwn", "GenerateForOthers", "ListAny", "RevokeAny", "SetPolicy", "ManageUsers", "ReadEvents"}
	generate := func(more ...string) url.Values { return with(url.Values{"name": {"x"}, "lifetime": {days30}}, more...) }
	maximum := func(days string) url.Values { return url.Values{"max": {"days"}, "days": {days}} }
	limit := func(more ...string) url.Values { return with(limitForm("revision", "1"), more...) }
	exemption := func(more ...string) url.Values { return with(exemptionForm("revision", "1"), more...) }
	for _, tt := range []struct {
		name, path     string
		form           url.Values
		field, problem string // empty field: none is marked
	}{
		{"no name", "/users/bob/tokens", generate("name", ""), "name", "generate-problem"},
		{"a name that is taken", "/users/bob/tokens", generate("name", "taken"), "name", "generate-problem"},
		{"a long description", "/users/bob/tokens", generate("description", string(make([]byte, 300))), "description", "generate-problem"},
		{"an unknown kind", "/users/bob/tokens", generate("kind", "x"), "kind", "generate-problem"},
		{"no lifetime", "/users/bob/tokens", generate("lifetime", ""), "lifetime", "generate-problem"},
		{"over the maximum", "/users/bob/tokens", generate("lifetime", "8640000000000000"), "lifetime", "generate-problem"},
		{"no day", "/users/bob/tokens", generate("lifetime", "date"), "date", "generate-problem"},
		{"a day in the past", "/users/bob/tokens", generate("lifetime", "date", "date", "2025-01-01"), "date", "generate-problem"},
		{"a day over the maximum", "/users/bob/tokens", generate("lifetime", "date", "date", "2027-01-01"), "date", "generate-problem"},
		{"an edit without a name", token + "/edit", url.Values{}, "name", "edit-problem"},
		{"an edit with a name that is taken", token + "/edit", url.Values{"name": {"other"}}, "name", "edit-problem"},
		{"an edit with a long description", token + "/edit", url.Values{"name": {"x"}, "description": {string(make([]byte, 300))}}, "description", "edit-problem"},
		{"a narrowing until no day", token + "/narrow", url.Values{"keep": all, "until": {"x"}}, "until", "narrow-problem"},
		{"a narrowing until the past", token + "/narrow", url.Values{"keep": all, "until": {"2025-01-01"}}, "until", "narrow-problem"},
		{"a narrowing of nothing", token + "/narrow", url.Values{}, "", "narrow-problem"},
		{"a service account without an id", "/users", url.Values{}, "account-id", "account-problem"},
		{"a service account that exists", "/users", url.Values{"id": {"bob"}}, "account-id", "account-problem"},
		{"a service account of an unknown role", "/users", url.Values{"id": {"ci"}, "role": {"king"}}, "account-role", "account-problem"},
		{"a service account of nobody", "/users", url.Values{"id": {"ci"}, "responsible": {"nobody"}}, "account-responsible", "account-problem"},
		{"a change to an unknown role", "/users/bob", url.Values{"revision": {"1"}, "role": {"king"}}, "role", "change-problem"},
		{"a change that is too late", "/users/bob", url.Values{"revision": {"7"}, "role": {"user"}, "name": {"x"}}, "", "change-problem"},
		{"a service account that nobody known answers for", "/users/robot", url.Values{"revision": {"1"}, "responsible": {"nobody"}}, "responsible", "change-problem"},
		{"no days", "/policy", maximum(""), "days", "policy-problem"},
		{"the maximum has changed", "/policy", with(maximum("20"), "confirmed", "yes", "revision", "7"), "", "policy-problem"},
		{"a limit without days", "/policy", limit("days", ""), "limit-days", "limit-problem"},
		{"a limit of an unknown role", "/policy", limit("role", "king"), "limit-role", "limit-problem"},
		{"a limit of an unknown kind", "/policy", limit("kind", "x"), "limit-kind", "limit-problem"},
		{"a limit of nothing", "/policy", limit("role", ""), "", "limit-problem"},
		{"the limits have changed", "/policy", limit("revision", "7"), "", "limit-problem"},
		{"an exemption without days", "/policy", exemption("max", "days", "max-days", ""), "exempt-days", "exemption-problem"},
		{"an exemption without a day", "/policy", exemption("until", ""), "exempt-until", "exemption-problem"},
		{"an exemption that has ended", "/policy", exemption("until", "2025-01-01"), "exempt-until", "exemption-problem"},
		{"an exemption without a reason", "/policy", exemption("reason", ""), "exempt-reason", "exemption-problem"},
		{"an exemption of oneself", "/policy", exemption("user", "ada"), "exempt-user", "exemption-problem"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := h.send("ada", http.MethodPost, "/admin"+tt.path, tt.form)
			page := w.Body.String()
			if w.Code < 400 {
				t.Fatalf("%d: %s", w.Code, text(page))
			}
			var marked [][]string
			for _, m := range refusedField.FindAllStringSubmatch(page, -1) {
				marked = append(marked, m[1:])
			}
			if problems := focused.FindAllStringSubmatch(page, -1); len(problems) != 1 || problems[0][1] != tt.problem {
				t.Errorf("the problems with the focus are %q, want %q: %s", problems, tt.problem, text(page))
			}
			if tt.field == "" && len(marked) == 0 {
				return
			}
			if len(marked) != 1 || marked[0][0] != tt.field || marked[0][1] != tt.problem {
				t.Errorf("the marked fields are %q, want %q with %q: %s", marked, tt.field, tt.problem, text(page))
			}
		})
	}
	for _, path := range []string{"/admin/policy", "/admin/users", "/admin/users/bob", "/admin/users/bob/tokens", "/admin" + token + "/edit"} {
		h.saysNothingOf(h.page("ada", path), "aria-invalid", "autofocus")
	}
	if n := len(focused.FindAllString(h.send("bob", http.MethodGet, "/admin/users", nil).Body.String(), -1)); n != 1 {
		t.Errorf("the page of an error has %d problems with the focus, want 1", n)
	}
}
