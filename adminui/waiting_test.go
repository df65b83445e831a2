package adminui_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

var secretInPage = regexp.MustCompile(`<code id="secret"[^>]*>([^<]+)</code>`)

// The administrator offers a token and sees that it waits. Only the owner gets a button, and then the secret, once.
func TestTheOwnerClaimsATokenOnThePages(t *testing.T) {
	h := newHost(t)
	const bobs = "/admin/users/bob/tokens"
	w := h.send("ada", http.MethodPost, bobs, url.Values{"name": {"for the build"}, "lifetime": {days30}, "key": {"1"}, "offer": {"yes"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != bobs {
		t.Fatalf("%d to %q: %.300s", w.Code, w.Header().Get("Location"), text(w.Body.String()))
	}
	adas := h.page("ada", bobs)
	h.says(adas, "Waiting for the owner", "for the build", "Withdraw for the build", "Let the owner claim it")
	h.saysNothingOf(adas, "Claim<span", `id="secret"`)
	own := h.page("bob", bobs)
	h.says(own, "Waiting for you", "Claim for the build", "Decline for the build")
	h.saysNothingOf(own, "Let the owner claim it")

	claim := regexp.MustCompile(`action="([^"]+/claim)"`).FindStringSubmatch(own)[1]
	if w := h.send("ada", http.MethodPost, claim, nil); w.Code != http.StatusNotFound || secretInPage.MatchString(w.Body.String()) {
		t.Errorf("the administrator claims: %d", w.Code)
	}
	w = h.send("bob", http.MethodPost, claim, nil)
	shown := secretInPage.FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusCreated || shown == nil {
		t.Fatalf("the owner claims: %d: %.300s", w.Code, text(w.Body.String()))
	}
	identity, err := h.Manager.Authenticate(ctx, shown[1])
	h.must(err)
	if identity.Token.CreatedBy != "ada" || identity.Token.Owner != "bob" {
		t.Errorf("the token is of %s and by %s, want bob and ada", identity.Token.Owner, identity.Token.CreatedBy)
	}
	h.saysNothingOf(h.page("bob", bobs), "Waiting for you", shown[1])
	for _, path := range []string{bobs, "/admin/tokens", "/admin/activity"} {
		h.saysNothingOf(h.page("ada", path), shown[1])
	}
	w = h.send("bob", http.MethodPost, claim, nil)
	if w.Code != http.StatusConflict || !strings.Contains(text(w.Body.String()), "it is in use") {
		t.Errorf("claiming a token in use: %d: %.300s", w.Code, text(w.Body.String()))
	}
}

func TestAnOfferIsWithdrawnOnThePages(t *testing.T) {
	for _, person := range []string{"ada", "bob"} {
		h := newHost(t)
		pending, err := h.Manager.Offer(ctx, apitoken.As("ada"), apitoken.OfferParams{GenerateParams: apitoken.GenerateParams{Owner: "bob", Name: "x"}})
		h.must(err)
		path := "/admin/users/bob/offers/" + pending.ID.String()
		if w := h.send(person, http.MethodPost, path+"/withdraw", nil); w.Code != http.StatusSeeOther {
			t.Errorf("%s withdraws: %d", person, w.Code)
		}
		if w := h.send("bob", http.MethodPost, path+"/claim", nil); w.Code != http.StatusNotFound {
			t.Errorf("a claim after %s has withdrawn: %d, want 404", person, w.Code)
		}
	}
}
