package adminui_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestATokenIsDescribedAndRenamed(t *testing.T) {
	h := newHost(t)
	h.says(h.form("bob", "/admin/users/bob/tokens", http.StatusCreated, url.Values{
		"name": {"nightly"}, "description": {"rebuilds the site"}, "lifetime": {days30},
	}), "nightly", "rebuilds the site")
	token, err := h.Manager.ListTokens(ctx, apitoken.As("bob"), apitoken.TokenQuery{Owner: "bob"})
	h.must(err)
	edit := "/admin/tokens/" + token[0].ID.String() + "/edit"
	for _, person := range []string{"bob", "ada"} {
		if list := h.page(person, "/admin/users/bob/tokens"); !strings.Contains(list, `href="`+edit+`"`) {
			t.Errorf("the list of %s has no link to %s", person, edit)
		}
	}
	h.says(h.page("ada", "/admin/tokens"), "rebuilds the site")
	form := h.page("bob", edit)
	for _, present := range []string{`value="nightly"`, `value="rebuilds the site"`} {
		if !strings.Contains(form, present) {
			t.Errorf("the form does not begin with %s", present)
		}
	}
	h.form("bob", edit, http.StatusSeeOther, url.Values{"name": {"release"}, "description": {"builds what is released"}})
	h.says(h.page("bob", "/admin/users/bob/tokens"), "release", "builds what is released")
	h.form("ada", edit, http.StatusSeeOther, url.Values{"name": {"release"}, "description": {""}})
	h.saysNothingOf(h.page("bob", "/admin/users/bob/tokens"), "builds what is released")
	h.says(h.page("ada", "/admin/activity"), "bob changed a token: release", "name: nightly → release", "description: rebuilds the site → builds what is released")
}

func TestTheFormOfATokenTellsWhatIsWrong(t *testing.T) {
	h, store, told := newFaultyHost(t)
	token, _ := h.generate("nightly"), h.generate("taken")
	edit := "/admin/tokens/" + token.ID.String() + "/edit"
	for _, tt := range []struct {
		name, description string
		status            int
		says              string
	}{
		{"", "x", http.StatusUnprocessableEntity, "Refused: name: is empty."},
		{"x", "two\nlines", http.StatusUnprocessableEntity, "Refused: description: contains the invisible character U+000A."},
		{"taken", "x", http.StatusConflict, "An active token already has this name."},
	} {
		page := h.form("bob", edit, tt.status, url.Values{"name": {tt.name}, "description": {tt.description}})
		h.says(page, tt.says)
		if !strings.Contains(page, `name="name" required maxlength="100" autocomplete="off" value="`+tt.name+`"`) {
			t.Errorf("the form does not keep the name %q", tt.name)
		}
	}
	store.writes = apitoken.ErrUncertain
	h.says(h.form("bob", edit, http.StatusServiceUnavailable, url.Values{"name": {"release"}}), "It is not known whether the token was changed. Save it again.")
	if len(*told) != 1 {
		t.Errorf("OnError got %v, want the unknown outcome", *told)
	}
	store.writes, store.revokes = nil, 1
	h.must(h.Manager.Revoke(ctx, apitoken.As("bob"), token.ID))
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := h.send("bob", method, edit, url.Values{"name": {"release"}})
		if w.Code != http.StatusConflict {
			t.Errorf("%s of a revoked token: %d, want 409", method, w.Code)
		}
		h.says(w.Body.String(), "The token is revoked")
	}
}

// A list that has been paged through is shown at the same place afterwards.
func TestTheFormOfATokenLeadsBackToItsPage(t *testing.T) {
	h := newHost(t)
	first, second := h.generate("first"), h.generate("second")
	position := "after=" + second.ID.String() + "&order=newest&status=all"
	back := "/admin/users/bob/tokens?" + position
	edit := "/admin/tokens/" + first.ID.String() + "/edit?list=" + url.QueryEscape(position)
	if list := h.page("bob", back); !strings.Contains(strings.ToUpper(list), strings.ToUpper(`href="`+edit+`"`)) {
		t.Errorf("the list has no link to %s", edit)
	}
	if form := h.page("bob", edit); !strings.Contains(form, `href="`+html.EscapeString(back)+`"`) || !strings.Contains(form, `name="list" value="`+html.EscapeString(position)+`"`) {
		t.Errorf("the form does not lead back to %s: %s", back, form)
	}
	w := h.send("bob", http.MethodPost, edit, url.Values{"name": {"renamed"}, "list": {position}})
	if got := w.Header().Get("Location"); got != back {
		t.Errorf("saving leads to %q, want %q", got, back)
	}
}
