package adminui_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// hiddenOf returns the hidden fields of the form on a page that revokes all that match.
func hiddenOf(t *testing.T, page string) url.Values {
	t.Helper()
	_, form, found := strings.Cut(page, `action="/admin/tokens/revoke-matching">`)
	if !found {
		t.Fatalf("the page has no form that revokes all that match: %s", text(page))
	}
	form, _, _ = strings.Cut(form, "</form>")
	fields := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(form, -1) {
		fields.Set(m[1], html.UnescapeString(m[2]))
	}
	return fields
}

// with returns the fields with more of them.
func with(fields url.Values, more ...string) url.Values {
	for i := 0; i < len(more); i += 2 {
		fields.Set(more[i], more[i+1])
	}
	return fields
}

const matching = "/admin/tokens/revoke-matching"

// generateMany generates so many tokens of Bob whose names begin with "many", and one with another name.
func (h host) generateMany(n int) {
	h.t.Helper()
	for i := range n {
		h.generate(fmt.Sprint("many ", i))
	}
	h.generate("other")
}

// active counts Bob's active tokens.
func (h host) active() int {
	h.t.Helper()
	n, err := h.Manager.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive})
	h.must(err)
	return n
}

func TestAllThatMatchAreRevokedPageByPage(t *testing.T) {
	h := newHost(t)
	h.generateMany(1203)
	list := h.page("ada", "/admin/tokens?name=many&after=ffffffff-ac96-774b-bcce-b302099a8057")
	h.says(list, "Revoke all that match…")
	fields := hiddenOf(t, list)
	if diff := cmp.Diff(url.Values{"filters": {"name=many"}}, fields); diff != "" {
		t.Errorf("the fields of the list (-want +got):\n%s", diff)
	}
	ask := h.form("ada", matching, http.StatusOK, fields)
	h.says(ask, "Revoke 1,203 active tokens? Everything that uses them will be refused. This cannot be undone.", "Type 1203 to confirm")
	if n := h.active(); n != 1204 {
		t.Errorf("the question leaves %d active tokens, want 1204", n)
	}
	first := h.form("ada", matching, http.StatusOK, with(hiddenOf(t, ask), "typed", "1,203", "reason", "the build server was stolen"))
	h.says(first, "500 of 1,203 tokens revoked", "703 tokens are still active.", "Continue")
	second := h.form("ada", matching, http.StatusOK, hiddenOf(t, first))
	h.says(second, "1,000 of 1,203 tokens revoked", "203 tokens are still active.", "Continue")
	last := h.form("ada", matching, http.StatusOK, hiddenOf(t, second))
	h.says(last, "1,203 tokens revoked. No active token matches any more.")
	if n := h.active(); n != 1 {
		t.Errorf("%d tokens are active, want the one of another name", n)
	}
	reasons := map[string]int{}
	for e, err := range h.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{Action: apitoken.ActionRevoke}) {
		h.must(err)
		reasons[e.Reason]++
	}
	if diff := cmp.Diff(map[string]int{"the build server was stolen": 1203}, reasons); diff != "" {
		t.Errorf("the reasons of the events (-want +got):\n%s", diff)
	}
	h.says(h.form("ada", matching, http.StatusOK, url.Values{"filters": {"name=many"}}), "No active token matches, so there is nothing to revoke.")
}

func TestNothingThatMatchesIsRevokedWithoutItsNumber(t *testing.T) {
	h := newHost(t)
	h.generateMany(3)
	for _, typed := range []string{"2", "33", "three", "-3", "3.0", "0"} {
		page := h.form("ada", matching, http.StatusUnprocessableEntity, url.Values{"filters": {"name=many"}, "total": {"3"}, "typed": {typed}})
		h.says(page, "That is not the number of tokens. Nothing was revoked.", "Type 3 to confirm")
	}
	for _, form := range []url.Values{{"left": {"3"}}, {"left": {"3"}, "total": {"2"}}, {"left": {"0"}, "total": {"3"}}, {"left": {"x"}, "total": {"3"}}, {"typed": {"3"}}} {
		form.Set("filters", "name=many")
		if w := h.send("ada", http.MethodPost, matching, form); !strings.Contains(w.Body.String(), "Type 3 to confirm") {
			t.Errorf("the form %v: %d %s", form, w.Code, text(w.Body.String()))
		}
	}
	if n := h.active(); n != 4 {
		t.Errorf("%d tokens are active, want 4", n)
	}
}

func TestMoreThatMatchThanExpectedStopARevocation(t *testing.T) {
	h := newHost(t)
	h.generateMany(502)
	ask := h.form("ada", matching, http.StatusOK, url.Values{"filters": {"name=many"}})
	first := h.form("ada", matching, http.StatusOK, with(hiddenOf(t, ask), "typed", "502"))
	h.says(first, "500 of 502 tokens revoked")
	h.generate("many more")
	h.says(h.form("ada", matching, http.StatusConflict, hiddenOf(t, first)), "500 of 502 tokens revoked", "More tokens match than the 2 that were left.")
	if n := h.active(); n != 4 {
		t.Errorf("%d tokens are active, want the two that are left, the new one and the one of another name", n)
	}
}

func TestARevocationOfAllThatMatchTellsTheTruthWhenItStops(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		says string
		left int // active tokens, but for the one of another name
	}{
		{"the store fails", apitoken.ErrUnavailable, "203 tokens are still active.", 203},
		{"the outcome is unknown", apitoken.ErrUncertain, "It is not known whether the next 203 were revoked. To try again revokes nothing twice.", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, store, told := newFaultyHost(t)
			h.generateMany(703)
			ask := h.form("ada", matching, http.StatusOK, url.Values{"filters": {"name=many"}})
			store.revokes, store.writes = 1, tt.err
			first := h.form("ada", matching, http.StatusOK, with(hiddenOf(t, ask), "typed", "703", "reason", "stolen"))
			stopped := h.form("ada", matching, http.StatusServiceUnavailable, hiddenOf(t, first))
			h.says(stopped, "500 of 703 tokens revoked", tt.says, "Try again")
			if len(*told) != 1 {
				t.Errorf("OnError got %v, want one error", *told)
			}
			if n := h.active() - 1; n != tt.left {
				t.Errorf("%d tokens are active, want %d", n, tt.left)
			}
			store.writes = nil
			h.says(h.form("ada", matching, http.StatusOK, hiddenOf(t, stopped)), "703 tokens revoked. No active token matches any more.")
			if n := h.active(); n != 1 {
				t.Errorf("%d tokens are active, want the one of another name", n)
			}
		})
	}
}

func TestAMaximumIsPlannedBeforeItIsSaved(t *testing.T) {
	h := newHost(t)
	for name, days := range map[string]int{"short": 7, "long": 90, "endless": 0} {
		p := apitoken.GenerateParams{Owner: "bob", Name: name, Lifetime: apitoken.NoExpiration}
		if days > 0 {
			p.Lifetime = apitoken.Days(days)
		}
		h.Generate(p)
	}
	page := h.form("ada", "/admin/policy", http.StatusOK, url.Values{"max": {"30"}})
	h.says(page, "2 active tokens have a longer lifetime. They stay as they are. 1 of them never expires.", "Who is beyond")
	list := h.page("ada", "/admin/tokens?longer=30&status=active")
	if !strings.Contains(html.UnescapeString(page), `href="/admin/tokens?longer=30&status=active"`) {
		t.Errorf("the page has no link to the tokens: %s", page)
	}
	for _, p := range []string{page, list} {
		h.says(p, "long", "endless")
		h.saysNothingOf(p, "short")
	}
	h.form("ada", "/admin/policy", http.StatusSeeOther, url.Values{"max": {"30"}, "revision": {"0"}, "confirmed": {"yes"}})
	after := h.page("ada", "/admin/policy")
	h.says(after, "2 active tokens have a longer lifetime than it permits.")
	if !strings.Contains(html.UnescapeString(after), `<a href="/admin/tokens?beyond=yes&status=active">2 active tokens</a>`) {
		t.Errorf("the number is no link to the tokens: %s", after)
	}
	beyond := h.page("ada", "/admin/tokens?beyond=yes&status=active")
	h.says(beyond, "long", "endless", "Revoke all that match…")
	h.saysNothingOf(beyond, "short")
	h.form("ada", "/admin/policy", http.StatusSeeOther, url.Values{"max": {"36500"}, "revision": {"1"}, "confirmed": {"yes"}})
	h.says(h.page("ada", "/admin/policy"), "1 active token has a longer lifetime than it permits.")
	h.must(h.Manager.RevokeAll(ctx, apitoken.System(), "bob"))
	h.says(h.page("ada", "/admin/policy"), "No active token has a longer lifetime than it permits.")
}
