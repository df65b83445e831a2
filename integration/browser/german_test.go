package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/adminui/german"
)

// German has longer words than English. The pages fit and stay accessible, and the script speaks German too.
func TestBrowserThePagesInGerman(t *testing.T) {
	t.Parallel()
	source := needAxe(t)
	h, p := newHost(t, func(o *adminui.Options) {
		o.Translations = []adminui.Translation{german.Translation()}
		o.Language = func(*http.Request) string { return "de" }
	}).withTokens().setMax(apitoken.Days(90)), open(t)
	h.signIn(p, "ada")
	for _, path := range []string{"/users", "/users/bob", "/users/bob/tokens", "/tokens", "/expiring", "/policy", "/activity", "/nothing"} {
		p.visit(h.url + path)
		p.look(wide)
		p.accessible(source, wide)
		p.fits()
		p.do(chromedp.EmulateViewport(320, 800))
		if broken := eval[[]string](p, brokenWords); len(broken) > 0 {
			t.Errorf("%s at 320 breaks the words %q", path, broken)
		}
		p.keep("german"+strings.ReplaceAll(path, "/", "-"), look{name: "light-320"})
	}
	p.look(wide)
	p.visit(h.url + "/users/bob/tokens")
	p.activate("Widerrufen laptop")
	p.await("the script asks in German",
		`document.getElementById("said").textContent === "Sicher? Widerrufen laptop: Drücken Sie noch einmal, um zu bestätigen."`)
	chosen := eval[string](p, `document.getElementById("lifetime").selectedOptions[0].text`)
	if want := "30 Tage, bis 9. Februar 2026"; chosen != want {
		t.Errorf("the choice is %q, want %q", chosen, want)
	}
}
