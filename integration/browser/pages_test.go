package browser_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/seed-d6cf0a46/apitoken"
)

var pictures = flag.String("pictures", "", "keep a picture of every page in every state and look in this `folder`")

// state is a page in one state.
type state struct {
	name string
	host func(host) host // what there is; nil: the users alone
	as   string          // the user; empty: not signed in
	path string
	then func(h host, p *tab) // what the user does there
	want int                  // the status of the answer; 0: 200
	says string
}

var states = []state{
	{name: "users", host: host.withTokens, as: "ada", path: "/users", says: "Somebody who has left"},
	{name: "users-none-found", as: "ada", path: "/users?q=zz", says: "No user's id or name contains"},
	{name: "tokens", host: host.withTokens, as: "ada", path: "/users/bob/tokens", says: "Revoke all tokens…"},
	{name: "tokens-next-page", host: host.withMany, as: "bob", path: "/users/bob/tokens", then: func(_ host, p *tab) { p.follow("Next page") }, says: "robot 2"},
	{name: "tokens-none", as: "carol", path: "/users/carol/tokens", says: "No tokens."},
	{name: "tokens-of-disabled", as: "ada", path: "/users/left@example.com/tokens", says: "This user is disabled"},
	{name: "tokens-read-only", host: host.withTokens, as: "auditor", path: "/users/bob/tokens", says: "nightly build"},
	{name: "generate-on-a-day", host: host.withTokens, as: "bob", path: "/users/bob/tokens", then: func(_ host, p *tab) { p.choose("Expires in", "Until the end of a day") }, says: "Last day"},
	{name: "generate-refused-name", host: host.withTokens, as: "bob", path: "/users/bob/tokens", want: 409, then: func(_ host, p *tab) {
		p.fill("Name", "laptop")
		p.status = p.follow("Generate")
	}, says: "An active token already has this name"},
	{name: "generate-refused-lifetime", as: "bob", path: "/users/bob/tokens", want: 422, then: func(h host, p *tab) {
		p.fill("Name", "laptop")
		p.choose("Expires in", "Until the end of a day")
		p.date("Last day", h.Clock.Now().AddDate(0, 0, 31))
		h.setMax(apitoken.Days(30))
		p.status = p.follow("Generate")
	}, says: "at most 30 days is allowed"},
	{name: "generated", host: host.withTokens, as: "ada", path: "/users/bob/tokens", want: 201, then: func(_ host, p *tab) {
		p.fill("Name", "deployment of the website")
		p.status = p.follow("Generate")
	}, says: "Copy it now."},
	{name: "revoke-in-place", host: host.withTokens, as: "bob", path: "/users/bob/tokens", then: func(_ host, p *tab) { p.activate("Revoke laptop") }, says: "Sure?"},
	{name: "revoke", host: host.withTokens, as: "bob", path: "/users/bob/tokens", then: func(_ host, p *tab) {
		p.visit(eval[string](p, `document.querySelector("form[data-asks]").action`))
	}, says: "This cannot be undone."},
	{name: "users-service-refused", as: "ada", path: "/users", want: 409, then: func(_ host, p *tab) {
		p.fill("Id of the account", "bob")
		p.status = p.follow("Make the account")
	}, says: "A user with this id exists already."},
	{name: "user", host: host.withServices, as: "ada", path: "/users/bob", says: "Answers for"},
	{name: "user-own", as: "bob", path: "/users/bob", says: "Active tokens"},
	{name: "user-service", host: host.withServices, as: "ada", path: "/users/ci", says: "Who answers for it"},
	{name: "user-disabled", as: "ada", path: "/users/left@example.com", says: "Enable"},
	{name: "user-disable", host: host.withServices, as: "ada", path: "/users/bob", then: func(_ host, p *tab) { p.follow("Disable…") }, says: "Disable bob?"},
	{name: "user-conflict", as: "ada", path: "/users/bob", want: 409, then: func(h host, p *tab) {
		_, err := h.Manager.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Role: "auditor"})
		h.must(err)
		p.fill("Name", "Robert")
		p.status = p.follow("Save")
	}, says: "The user has changed in the meantime."},
	{name: "token", host: host.withFamily, as: "ada", path: "/tokens?name=provisioning", then: func(_ host, p *tab) { p.follow("provisioning") }, says: "Generated with this token"},
	{name: "token-own", host: host.withTokens, as: "bob", path: "/users/bob/tokens", then: func(_ host, p *tab) { p.follow("laptop") }, says: "Edit or replace…"},
	{name: "token-revoked", host: host.withTokens, as: "ada", path: "/tokens?status=revoked", then: func(_ host, p *tab) { p.follow("lost phone") }, says: "Revoked"},
	{name: "token-revoke-in-place", host: host.withTokens, as: "bob", path: "/users/bob/tokens", then: func(_ host, p *tab) {
		p.follow("laptop")
		p.activate("Revoke")
	}, says: "Sure?"},
	{name: "revoke-all", host: host.withTokens, as: "bob", path: "/users/bob/revoke-all", says: "11 active tokens"},
	{name: "inventory", host: func(h host) host { return h.withTokens().setMax(apitoken.Days(45)) }, as: "ada", path: "/tokens", says: "Revoke the selected…"},
	{name: "inventory-filtered", host: host.withTokens, as: "ada", path: "/tokens?owner=bob&name=worker&status=active&within=30", says: "worker 1"},
	{name: "inventory-none", as: "ada", path: "/tokens", says: "No tokens found"},
	{name: "inventory-read-only", host: host.withTokens, as: "auditor", path: "/tokens", says: "nightly build"},
	{name: "inventory-hostile", host: func(h host) host { return h.withNames(hostileNames()[:60]...) }, as: "ada", path: "/tokens", says: "alert"},
	{name: "revoke-selected", host: host.withTokens, as: "ada", path: "/tokens?name=worker", then: func(_ host, p *tab) {
		p.tick("Select worker 1 of bob")
		p.tick("Select worker 2 of bob")
		p.follow("Revoke the selected…")
	}, says: "Revoke 2 active tokens?"},
	{name: "revoked-selected", host: host.withTokens, as: "ada", path: "/tokens?name=worker", then: func(_ host, p *tab) {
		p.tick("Select worker 1 of bob")
		p.follow("Revoke the selected…")
		p.follow("Revoke 1 active token")
	}, says: "1 active token revoked."},
	{name: "revoke-nothing-selected", host: host.withTokens, as: "ada", path: "/tokens", then: func(_ host, p *tab) { p.follow("Revoke the selected…") }, says: "there is nothing to revoke"},
	{name: "revoke-matching", host: host.withTokens, as: "ada", path: "/tokens?name=worker&status=active", then: func(_ host, p *tab) {
		p.follow("Revoke all that match…")
	}, says: "to confirm"},
	{name: "revoke-matching-mistyped", host: host.withTokens, as: "ada", path: "/tokens?name=worker&status=active", want: 422, then: func(_ host, p *tab) {
		p.follow("Revoke all that match…")
		p.fill("Type 6 to confirm", "0")
		p.status = p.follow("Revoke 6 tokens")
	}, says: "That is not the number of tokens. Nothing was revoked."},
	{name: "revoke-matching-half", host: func(h host) host { return h.withNames(manyNames(501)...) }, as: "ada", path: "/tokens?name=many", then: func(_ host, p *tab) {
		p.follow("Revoke all that match…")
		p.fill("Type 501 to confirm", "501")
		p.follow("Revoke 501 tokens")
	}, says: "500 of 501 tokens revoked"},
	{name: "revoked-matching", host: func(h host) host { return h.withNames(manyNames(2)...) }, as: "ada", path: "/tokens?name=many", then: func(_ host, p *tab) {
		p.follow("Revoke all that match…")
		p.fill("Type 2 to confirm", "2")
		p.follow("Revoke 2 tokens")
	}, says: "2 tokens revoked. No active token matches any more."},
	{name: "expiring", host: host.withTokens, as: "ada", path: "/expiring", says: "in the next thirteen weeks."},
	{name: "expiring-numbers", host: host.withTokens, as: "ada", path: "/expiring", then: func(_ host, p *tab) { p.activate("The numbers") }, says: "Tokens"},
	{name: "expiring-none", as: "ada", path: "/expiring", says: "No active token expires"},
	{name: "policy-default", as: "ada", path: "/policy", says: "not yet: this is the default of the host"},
	{name: "policy", host: func(h host) host { return h.withTokens().setMax(apitoken.Days(45)) }, as: "ada", path: "/policy", says: "45 days"},
	{name: "policy-read-only", as: "auditor", path: "/policy", says: "In force"},
	{name: "policy-refused", as: "ada", path: "/policy", want: 422, then: func(_ host, p *tab) {
		p.tick("Another number of days")
		p.status = p.follow("Review the change")
	}, says: "Enter a whole number of days"},
	{name: "policy-question", host: host.withTokens, as: "ada", path: "/policy", then: func(_ host, p *tab) {
		p.tick("30 days")
		p.follow("Review the change")
	}, says: "They stay as they are."},
	{name: "policy-conflict", as: "ada", path: "/policy", want: 409, then: func(h host, p *tab) {
		h.setMax(apitoken.Days(60))
		p.visit(p.address())
		p.tick("30 days")
		p.follow("Review the change")
		h.setMax(apitoken.Days(45))
		p.status = p.follow("Set the maximum")
	}, says: "Somebody else has set the maximum"},
	{name: "policy-layers", host: host.withLayers, as: "ada", path: "/policy", says: "Administrators cannot exempt themselves."},
	{name: "policy-layers-read-only", host: host.withLayers, as: "auditor", path: "/policy", says: "The lowest maximum that matches applies."},
	{name: "policy-limit-refused", host: host.withLayers, as: "ada", path: "/policy", want: 422, then: func(_ host, p *tab) {
		p.fill("Role", "king")
		p.fill("Maximum in days", "7")
		p.status = p.follow("Save the limit")
	}, says: "is not declared"},
	{name: "generate-limited", host: host.withLayers, as: "bob", path: "/users/bob/tokens", says: "limit of role user"},
	{name: "activity-layers", host: host.withLayers, as: "ada", path: "/activity", says: "exemption of carol"},
	{name: "activity", host: func(h host) host { return h.withTokens().setMax(apitoken.Days(45)) }, as: "ada", path: "/activity", says: "set the maximum lifetime"},
	{name: "activity-none", as: "ada", path: "/activity?owner=nobody", says: "No events match."},
	{name: "refused", as: "bob", path: "/users", want: http.StatusForbidden, says: "You may not do this"},
	{name: "not-there", as: "ada", path: "/nothing", want: http.StatusNotFound, says: "Page not found"},
	{name: "signed-out", path: "/users", want: http.StatusUnauthorized, says: "You are not signed in"},
	{name: "unknown-person", as: "stranger", path: "/users", want: http.StatusForbidden, says: "You may not do this"},
	{name: "not-available", as: "broken", path: "/users", want: http.StatusServiceUnavailable, says: "Not available at the moment"},
	{name: "cannot-be-done", as: "ada", path: "/tokens?status=asleep", want: http.StatusUnprocessableEntity, says: "This cannot be done"},
}

// manyNames returns so many names of tokens.
func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("many ", i))
	}
	return names
}

// Every page in every state, light and dark, wide and narrow, breaks no rule of accessibility, needs no horizontal scrolling, and
// causes no warning in the browser.
func TestBrowserPagesInEveryState(t *testing.T) {
	long(t)
	source := needAxe(t)
	var runs atomic.Int64
	begun := time.Now()
	t.Cleanup(func() {
		t.Logf("%d states, %d looks, %v", len(states), runs.Load(), time.Since(begun).Round(time.Second))
	})
	tabs := make(chan *tab, 2) // one for each processor
	for range cap(tabs) {
		tabs <- open(t)
	}
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			if s.host != nil {
				h = s.host(h)
			}
			own := <-tabs
			t.Cleanup(func() { tabs <- own })
			p := own.lend(t)
			if s.as != "" {
				h.signIn(p, s.as)
			}
			p.status = p.visit(h.url + s.path)
			if s.then != nil {
				s.then(h, p)
			}
			if want := max(s.want, http.StatusOK); p.status != want {
				t.Errorf("it is answered %d, want %d", p.status, want)
			}
			p.says(s.says)
			for _, l := range looks {
				p.look(l)
				p.accessible(source, l)
				p.keep(s.name, l)
				runs.Add(1)
			}
			p.fits()
			p.look(paper)
			p.keep(s.name, paper)
		})
	}
}

// fits checks that a page needs no horizontal scrolling. WCAG requires this down to 320 pixels.
func (p *tab) fits() {
	p.Helper()
	for _, width := range []int64{320, 360, 600, 960, 961, 1280} {
		p.do(chromedp.EmulateViewport(width, 800))
		if over := eval[int](p, `document.scrollingElement.scrollWidth - innerWidth`); over > 0 {
			p.Errorf("at %d the page is %d pixels too wide:\n%s", width, over, strings.Join(p.tooWide(), "\n"))
		}
	}
}

// tooWide returns the elements that exceed the window.
func (p *tab) tooWide() []string {
	p.Helper()
	return eval[[]string](p, `[...document.querySelectorAll("main *, header *")]
		.filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120)).slice(0, 5)`)
}

// keep writes a picture of the whole page if the flag pictures is set.
func (p *tab) keep(name string, l look) {
	p.Helper()
	if *pictures == "" {
		return
	}
	p.must(os.MkdirAll(*pictures, 0o755))
	p.must(os.WriteFile(filepath.Join(*pictures, name+"-"+l.name+".png"), p.picture(), 0o644))
}

func (p *tab) picture() []byte {
	p.Helper()
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	p.must(err)
	return picture
}
