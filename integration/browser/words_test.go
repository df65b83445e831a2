package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/seed-d6cf0a46/apitoken"
)

// To enter a number of days is to choose another number of days: without that the form would set what was chosen before.
func TestBrowserANumberOfDaysChoosesItself(t *testing.T) {
	t.Parallel()
	h, p := newHost(t).setMax(apitoken.Days(30)), open(t)
	h.signIn(p, "ada")
	p.visit(h.url + "/policy")
	p.fill("Days", "45")
	if !eval[bool](p, `document.getElementById("max-days").checked`) {
		t.Error("another number of days is not chosen")
	}
	if status := p.follow("Go on"); status != http.StatusOK {
		t.Errorf("the form is answered %d", status)
	}
	p.says("Set the maximum to 45 days?")
}

// brokenWords are the words of the tables, headings and buttons that the browser has broken within. Ids and names may be long, and
// are left out.
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

// No word of the pages is broken within, at any width, however long the ids and names beside it are.
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
				t.Errorf("%s at %d breaks within %q", path, width, broken)
			}
			if over := eval[int](p, `document.scrollingElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s at %d is %d pixels too wide", path, width, over)
			}
		}
	}
}
