package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/seed-d6cf0a46/apitoken"
)

// Entering a number of days selects its radio button. Otherwise the form would set the earlier selection.
func TestBrowserEnteringANumberOfDaysSelectsIt(t *testing.T) {
	t.Parallel()
	h, p := newHost(t).setMax(apitoken.Days(30)), open(t)
	h.signIn(p, "ada")
	p.visit(h.url + "/policy")
	p.fill("Days", "45")
	if !eval[bool](p, `document.getElementById("max-days").checked`) {
		t.Error("the radio button of the number of days is not selected")
	}
	if status := p.follow("Review the change"); status != http.StatusOK {
		t.Errorf("the form is answered %d", status)
	}
	p.says("Set the maximum to 45 days?")
}

// Entering a number of days selects that choice of the exemption too.
func TestBrowserEnteringTheDaysOfAnExemptionSelectsThem(t *testing.T) {
	t.Parallel()
	h, p := newHost(t), open(t)
	h.signIn(p, "ada")
	p.visit(h.url + "/policy")
	p.fill("Days if “Another number of days” is chosen", "45")
	if chosen := eval[string](p, `document.getElementById("exempt-max").selectedOptions[0].text`); chosen != "Another number of days" {
		t.Errorf("the choice is %q, want the number of days", chosen)
	}
}

// The clock of the host stands at noon of 1 January in UTC, which is 2 January in Kiritimati.
func TestBrowserAFormSaysTheLastDayInTheZoneOfTheReader(t *testing.T) {
	t.Parallel()
	h, p := newHost(t), open(t)
	call(p, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Pacific/Kiritimati"})
	h.signIn(p, "bob")
	p.visit(h.url + "/users/bob/tokens")
	chosen := eval[string](p, `document.getElementById("lifetime").selectedOptions[0].text`)
	if want := "30 days, until 1 February 2026"; chosen != want {
		t.Errorf("the choice is %q, want %q", chosen, want)
	}
}

// brokenWords is JavaScript that returns the words of tables, headings and buttons that are broken over two lines. It
// leaves out IDs and names, which may be long.
const brokenWords = `(() => {
	const broken = [], range = document.createRange();
	const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
	for (let node; node = walker.nextNode();) {
		if (node.parentElement.closest("bdi, code, svg, .hidden, .hint") || !node.parentElement.checkVisibility()) continue;
		for (const word of node.data.matchAll(/\p{L}+/gu)) {
			range.setStart(node, word.index);
			range.setEnd(node, word.index + word[0].length);
			const lines = new Set([...range.getClientRects()].filter(r => r.width > 0).map(r => Math.round(r.top)));
			if (lines.size > 1) broken.push(word[0]);
		}
	}
	return broken;
})()`

// No word of the pages is broken over two lines, at any width, even beside long IDs and names.
func TestBrowserWordsDoNotBreak(t *testing.T) {
	t.Parallel()
	h, p := newHost(t).withTokens().withNames(hostileNames()[:20]...), open(t)
	long := apitoken.UserID(strings.Repeat("long.and.longer-", 8))
	_, err := h.Manager.PutUser(ctx, apitoken.As("ada"), apitoken.User{ID: long, Name: strings.Repeat("Wide ", 19) + "Wide"})
	h.must(err)
	_, _, err = h.Manager.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{
		Owner: long, Name: strings.Repeat("W", 100), Resource: strings.Repeat("r", 255), Lifetime: apitoken.NoExpiration,
	})
	h.must(err)
	h.signIn(p, "ada")
	for _, path := range []string{"/users", "/users/" + string(long) + "/tokens", "/tokens?owner=" + string(long), "/tokens", "/activity", "/policy"} {
		p.visit(h.url + path)
		for _, width := range []int64{320, 600, 960, 961, 1000, 1050, 1100, 1280} {
			p.do(chromedp.EmulateViewport(width, 800))
			if broken := eval[[]string](p, brokenWords); len(broken) > 0 {
				t.Errorf("%s at %d breaks the words %q", path, width, broken)
			}
			if over := eval[int](p, `document.scrollingElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s at %d is %d pixels too wide", path, width, over)
			}
		}
	}
}
