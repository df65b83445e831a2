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

// keyOf returns the key of the form on a page.
func (h host) keyOf(page string) string {
	h.t.Helper()
	found := formKey.FindStringSubmatch(page)
	if found == nil {
		h.t.Fatalf("the form has no key:\n%.600s", text(page))
	}
	return found[1]
}

// A form that is sent twice, for example by a double click, leaves one active token. The browser shows its secret.
func TestAFormThatIsSentTwiceGeneratesOneToken(t *testing.T) {
	h := newHost(t)
	form := url.Values{"name": {"ci"}, "lifetime": {days30}, "key": {h.keyOf(h.page("ada", "/admin/users/bob/tokens"))}}
	first := secret.FindString(h.form("ada", "/admin/users/bob/tokens", http.StatusCreated, form))
	page := h.form("ada", "/admin/users/bob/tokens", http.StatusCreated, form)
	second := secret.FindString(page)
	if _, err := h.Manager.Authenticate(ctx, first); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the first: %v, want ErrRevoked", err)
	}
	if _, err := h.Manager.Authenticate(ctx, second); err != nil || second == first {
		t.Errorf("the second: %v", err)
	}
	if n, err := h.Manager.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive}); n != 1 || err != nil {
		t.Errorf("%d active tokens, %v, want 1", n, err)
	}

	// The second was used, so the form no longer replaces it.
	h.says(h.form("ada", "/admin/users/bob/tokens", http.StatusConflict, form), "This form was sent before, and the token that it generated is in use.")
	if _, err := h.Manager.Authenticate(ctx, second); err != nil {
		t.Errorf("the second after the form was sent a third time: %v", err)
	}
}

// A form that was refused keeps its key, because it generated nothing.
func TestEveryFormHasItsOwnKey(t *testing.T) {
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
		t.Error("the form under the new token has the key of the sent form")
	}
	// Another form does not replace the token of this one.
	h.form("ada", "/admin/users/bob/tokens", http.StatusConflict, url.Values{"name": {"ci"}, "lifetime": {days30}, "key": {two}})
	w := h.form("ada", "/admin/users/bob/tokens", http.StatusUnprocessableEntity, url.Values{"name": {"x"}, "lifetime": {days30}, "key": {strings.Repeat("k", 256)}})
	h.says(w, "at most 255 are allowed")
}

// A second confirmation by the same user is not a conflict.
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
	form.Set("max", "60") // another maximum than the confirmed one
	h.form("ada", "/admin/policy", http.StatusConflict, form)
	h.put(apitoken.User{ID: "eve", Role: apitoken.RoleAdmin})
	form.Set("max", "30")
	h.form("eve", "/admin/policy", http.StatusConflict, form)
	h.setMax(apitoken.Days(30))
	h.form("ada", "/admin/policy", http.StatusConflict, form)
}
