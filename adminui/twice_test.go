package adminui_test

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

var formKey = regexp.MustCompile(`<input type="hidden" name="key" value="([^"]+)">`)

// keyOf is what tells one form from another, in the form as the page has it.
func (h host) keyOf(page string) string {
	h.t.Helper()
	found := formKey.FindStringSubmatch(page)
	if found == nil {
		h.t.Fatalf("the form has no key:\n%.600s", text(page))
	}
	return found[1]
}

// A form that is sent twice, by a double click say, leaves one live token, whose secret is on the page that the browser shows.
func TestAFormThatIsSentTwiceGeneratesOneToken(t *testing.T) {
	h := newHost(t)
	form := url.Values{"name": {"ci"}, "lifetime": {days30}, "key": {h.keyOf(h.page("ada", "/admin/users/bob/tokens"))}}
	first := secret.FindString(h.form("ada", "/admin/users/bob/tokens", http.StatusCreated, form))
	page := h.form("ada", "/admin/users/bob/tokens", http.StatusCreated, form)
	second := secret.FindString(page)
	if _, err := h.Manager.Authenticate(ctx, first); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the first: %v", err)
	}
	if _, err := h.Manager.Authenticate(ctx, second); err != nil || second == first {
		t.Errorf("the second: %v", err)
	}
	if n, err := h.Manager.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive}); n != 1 || err != nil {
		t.Errorf("%d live tokens, %v", n, err)
	}

	// It is in use now, so the form does not replace it any more.
	h.says(h.form("ada", "/admin/users/bob/tokens", http.StatusConflict, form), "This form was sent before, and the token that it generated is in use.")
	if _, err := h.Manager.Authenticate(ctx, second); err != nil {
		t.Errorf("the second, after the form was sent a third time: %v", err)
	}
}

// Every form has a key of its own, but one that was refused keeps it: nothing came of it yet.
func TestEveryFormHasAKeyOfItsOwn(t *testing.T) {
	h := newHost(t)
	one, two := h.keyOf(h.page("ada", "/admin/users/bob/tokens")), h.keyOf(h.page("ada", "/admin/users/bob/tokens"))
	if one == two {
		t.Errorf("two forms have the key %q", one)
	}
	refused := h.form("ada", "/admin/users/bob/tokens", http.StatusUnprocessableEntity, url.Values{"lifetime": {days30}, "key": {one}})
	if got := h.keyOf(refused); got != one {
		t.Errorf("the refused form has the key %q instead of %q", got, one)
	}
	made := h.form("ada", "/admin/users/bob/tokens", http.StatusCreated, url.Values{"name": {"ci"}, "lifetime": {days30}, "key": {one}})
	if got := h.keyOf(made); got == one {
		t.Error("the form under a new token has the key of the one that was sent")
	}
	// Another form does not replace what this one generated.
	h.form("ada", "/admin/users/bob/tokens", http.StatusConflict, url.Values{"name": {"ci"}, "lifetime": {days30}, "key": {two}})
	w := h.form("ada", "/admin/users/bob/tokens", http.StatusUnprocessableEntity, url.Values{"name": {"x"}, "lifetime": {days30}, "key": {strings.Repeat("k", 256)}})
	h.says(w, "at most 255 are allowed")
}

// A maximum that is confirmed twice is set once, and nobody is told that somebody else has set it.
func TestAMaximumThatIsConfirmedTwiceIsSetOnce(t *testing.T) {
	h := newHost(t)
	form := url.Values{"max": {"30"}, "revision": {"0"}, "confirmed": {"yes"}}
	h.setMax(apitoken.Days(90))
	form.Set("revision", "1")
	h.form("ada", "/admin/policy", http.StatusSeeOther, form)
	h.form("ada", "/admin/policy", http.StatusSeeOther, form)
	if p, err := h.Manager.Policy(ctx); err != nil || p.Max != apitoken.Days(30) || p.Revision != 2 {
		t.Errorf("the policy is %+v, %v", p, err)
	}
	form.Set("max", "60") // which is another answer to the question
	h.form("ada", "/admin/policy", http.StatusConflict, form)
	h.put(apitoken.User{ID: "eve", Role: apitoken.RoleAdmin})
	form.Set("max", "30")
	h.form("eve", "/admin/policy", http.StatusConflict, form)
	h.setMax(apitoken.Days(30))
	h.form("ada", "/admin/policy", http.StatusConflict, form)
}

// What assistive technology is told of stands where it listens from the beginning.
func TestPagesHaveALiveRegion(t *testing.T) {
	h := newHost(t)
	if page := h.page("ada", "/admin/users/bob/tokens"); !strings.Contains(page, `<p id="said" class="hidden" role="status" aria-live="polite"></p>`) {
		t.Errorf("there is no live region:\n%s", page)
	}
}
