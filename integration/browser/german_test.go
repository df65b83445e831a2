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

// A page from right to left fits as one from left to right does, and begins at the right. German stands for a language that is written so.
func TestBrowserThePagesFromRightToLeft(t *testing.T) {
	t.Parallel()
	h, p := newHost(t, func(o *adminui.Options) {
		mirrored := german.Translation()
		mirrored.RightToLeft = true
		o.Translations = []adminui.Translation{mirrored}
		o.Language = func(*http.Request) string { return "de" }
	}).withTokens(), open(t)
	h.signIn(p, "ada")
	for _, path := range []string{"/users", "/users/bob", "/users/bob/tokens", "/tokens", "/expiring", "/policy", "/activity"} {
		p.visit(h.url + path)
		p.fits()
	}
	p.visit(h.url + "/users")
	if right := eval[bool](p, `document.querySelector(".brand").getBoundingClientRect().right > innerWidth / 2`); !right {
		t.Error("the page does not begin at the right")
	}
}

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
