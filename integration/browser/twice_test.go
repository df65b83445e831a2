package browser_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed-d6cf0a46/apitoken"
)

// slow delays every form of a host until the test releases it, and counts the forms.
type slow struct {
	posts atomic.Int32
	let   chan struct{}
}

func (h *host) behindSlow(t *testing.T) *slow {
	t.Helper()
	target, err := url.Parse(h.url)
	h.must(err)
	s := &slow{let: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			s.posts.Add(1)
			select {
			case <-s.let:
			case <-r.Context().Done(): // the browser has given this one up
			}
		}
		h.pages.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + target.Path
	return s
}

// A second click on a button while its form is in flight has no effect, so the secret of the one token is shown.
func TestBrowserASecondClickOnGenerateDoesNothing(t *testing.T) {
	t.Parallel()
	for name, twice := range map[string]func(*tab) []chromedp.Action[chromedp.Void]{
		"a double click": func(p *tab) []chromedp.Action[chromedp.Void] {
			return []chromedp.Action[chromedp.Void]{p.click("Generate"), p.click("Generate")}
		},
		"Enter twice": func(*tab) []chromedp.Action[chromedp.Void] {
			return []chromedp.Action[chromedp.Void]{chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Enter)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, p := newHost(t), open(t)
			s := h.behindSlow(t)
			h.signIn(p, "ada")
			p.visit(h.url + "/users/bob/tokens")
			p.fill("Name", "twice")
			p.do(twice(p)...)
			await(t, "the form has arrived", func() bool { return s.posts.Load() > 0 })
			close(s.let)
			p.await("the secret is shown", `Boolean(document.getElementById("secret"))`)
			if n := s.posts.Load(); n != 1 {
				t.Errorf("the form was sent %d times", n)
			}
			if _, err := h.Manager.Authenticate(ctx, p.text("#secret")); err != nil {
				t.Errorf("the secret that is shown: %v", err)
			}
			if status := p.reload(); status != http.StatusOK {
				t.Errorf("reloading the page is answered %d", status)
			}
			if n := s.posts.Load(); n != 1 || p.text("#secret") != "" {
				t.Errorf("after a reload the form was sent %d times, and a secret is shown: %t", n, p.text("#secret") != "")
			}
		})
	}
}

// A double click on Revoke, or holding Enter down, asks for confirmation and does not confirm.
func TestBrowserADoubleClickDoesNotConfirmARevocation(t *testing.T) {
	t.Parallel()
	h, p := newHost(t), open(t)
	token := h.generateAs("bob", "bob", "laptop", apitoken.Days(30))
	h.signIn(p, "bob")
	p.visit(h.url + "/users/bob/tokens")
	alive := func(after string) {
		t.Helper()
		if got, err := h.Manager.Token(ctx, apitoken.As("bob"), token.ID); err != nil || !got.RevokedAt.IsZero() {
			t.Fatalf("after %s the token is %v, %v", after, got, err)
		}
		p.await("assistive technology reads out the question after "+after,
			`document.getElementById("said").textContent === "Sure? Revoke laptop: press again to confirm."`)
	}
	click := func(n int64) chromedp.Action[chromedp.Void] {
		at := with[struct{ X, Y float64 }](p, "Revoke laptop", `e => { const box = e.getBoundingClientRect(); return {x: box.x + 9, y: box.y + 9} }`, "")
		return chromedp.MouseClickXY(at.X, at.Y, chromedp.ClickCount(int(n)))
	}
	first, second := click(1), click(2)
	p.do(first, second)
	alive("a double click")
	p.await("the button can be pressed again", answerable)
	p.do(second)
	alive("a slow double click")

	eval[bool](p, `(document.activeElement.blur(), true)`)
	p.await("the button has forgotten", `document.querySelector("form[data-asks] button").textContent.startsWith("Revoke")`)
	// The pause after which a press confirms does not end before the second press has come.
	eval[bool](p, `(window.paused = [], window.setTimeout = f => paused.push(f), true)`)
	with[bool](p, "Revoke laptop", `e => { e.focus(); return true }`, "")
	p.do(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Enter))
	alive("Enter twice")
	eval[bool](p, `(paused.forEach(f => f()), true)`)

	p.await("the button can be pressed again", answerable)
	p.follow("Sure? laptop")
	if got, err := h.Manager.Token(ctx, apitoken.As("bob"), token.ID); err != nil || got.RevokedAt.IsZero() {
		t.Errorf("after it was confirmed the token is %v, %v", got, err)
	}
}

// answerable is true when the button that asks for confirmation accepts one.
const answerable = `!document.querySelector("form[data-asks] button[aria-disabled]")`
