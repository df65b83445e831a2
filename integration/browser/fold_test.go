package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// The filters fold where the page is narrow, with and without JavaScript. Where it is wide, they are always there.
func TestBrowserFiltersFoldOnNarrowPages(t *testing.T) {
	t.Parallel()
	const visible = `document.querySelector(".filters input").checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})`
	for name, scripts := range map[string]bool{"with JavaScript": true, "without JavaScript": false} {
		t.Run(name, func(t *testing.T) {
			h, p := newHost(t).withTokens(), open(t)
			if !scripts {
				p.withoutJavaScript()
			}
			h.signIn(p, "ada")
			for _, path := range []string{"/tokens?owner=bob&no-end=yes", "/activity?owner=bob&actor=ada"} {
				p.visit(h.url + path)
				for width, want := range map[int64]bool{320: false, 960: false, 961: true, 1280: true} {
					p.do(chromedp.EmulateViewport(width, 800))
					if got := eval[bool](p, visible); got != want {
						t.Errorf("%s at %d: the filters are visible: %t, want %t", path, width, got, want)
					}
					if got := eval[bool](p, `document.querySelector(".fold summary").checkVisibility()`); got == want {
						t.Errorf("%s at %d: what opens the filters is visible: %t, want %t", path, width, got, !want)
					}
				}
				p.do(chromedp.EmulateViewport(360, 800))
				p.says("Filters 2 in use")
				p.activate("Filters 2 in use")
				p.await("the filters are open", visible)
			}
			p.visit(h.url + "/tokens")
			p.activate("Filters")
			p.fill("Owner", "bob")
			p.follow("Filter")
			p.says("Filters 1 in use")
		})
	}
}

// A form that was refused has the focus on the problem, so that a screen reader says it and the page shows it.
func TestBrowserTheProblemHasTheFocus(t *testing.T) {
	t.Parallel()
	h, p := newHost(t).withTokens(), open(t).withoutJavaScript()
	h.signIn(p, "ada")
	p.visit(h.url + "/policy")
	p.fill("Role", "king")
	p.fill("Maximum in days", "20")
	p.follow("Save the limit")
	p.await("the problem has the focus", `document.activeElement.id === "limit-problem"`)
	if !eval[bool](p, `(box => box.top >= 0 && box.bottom <= innerHeight)(document.activeElement.getBoundingClientRect())`) {
		t.Error("the problem is not in the window")
	}
	if field := eval[string](p, `document.querySelector("[aria-invalid]").id`); field != "limit-role" {
		t.Errorf("the marked field is %q, want limit-role", field)
	}
}
