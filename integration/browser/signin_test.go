package browser_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// Without a session every page leads to the sign-in page. Signing in leads to the requested page.
func TestBrowserSigningInLeadsToTheRequestedPage(t *testing.T) {
	long(t)
	t.Parallel()
	s, p := serve(t), open(t)
	token := s.generate("bob", "wanted")
	routes := []string{
		"/users", "/users?q=b%26b+%C3%A9", "/users/bob/tokens", "/users/bob/revoke-all", "/tokens", "/tokens?owner=bob&status=active",
		"/tokens/" + token.Token.ID + "/revoke", "/expiring", "/policy", "/activity?owner=bob",
	}
	for _, route := range routes {
		call(p, network.ClearBrowserCookies, cdp.Empty{})
		p.visit(s.url + "/admin" + route)
		if address := p.address(); address != s.url+"/sign-in?next="+url.QueryEscape("/admin"+route) {
			t.Errorf("%s leads to %s", route, address)
		}
		if status := s.signIn(p, "admin"); status != http.StatusOK || p.address() != s.url+"/admin"+route {
			t.Errorf("signing in for %s leads to %s, %d", route, p.address(), status)
		}
	}
	for _, route := range []string{"/", "/admin/"} {
		call(p, network.ClearBrowserCookies, cdp.Empty{})
		p.visit(s.url + route)
		s.signIn(p, "admin")
		if address := p.address(); address != s.url+"/admin/users" {
			t.Errorf("signing in for %s leads to %s", route, address)
		}
	}

	// The file is downloaded after signing in.
	call(p, network.ClearBrowserCookies, cdp.Empty{})
	p.visit(s.url + "/admin/tokens.csv")
	p.fill("Name", "admin")
	p.fill("Password", s.passwords["admin"])
	content, err := os.ReadFile(p.download(func() { p.activate("Sign in") }))
	if err != nil || !strings.Contains(string(content), token.Token.ID) {
		t.Errorf("downloaded %q, %v", content, err)
	}

	// A form that is submitted after the session has ended has no effect, and is not submitted again after signing in.
	p.visit(s.url + "/admin/policy")
	p.tick("30 days")
	p.follow("Continue")
	before := s.state()
	call(p, network.ClearBrowserCookies, cdp.Empty{})
	p.follow("Set the maximum")
	if address := p.address(); address != s.url+"/sign-in" {
		t.Errorf("a form after the session leads to %s", address)
	}
	s.signIn(p, "admin")
	if s.state() != before || p.address() != s.url+"/admin/users" {
		t.Errorf("signing in again leads to %s, and the state is\n%s", p.address(), s.state())
	}
}

// Signing in does not lead to another site.
func TestBrowserSigningInLeadsToNoOtherSite(t *testing.T) {
	long(t)
	t.Parallel()
	s, p := serve(t), open(t)
	for _, next := range []string{
		"https://evil.example/", "//evil.example/admin/", `/\evil.example/admin/`, "javascript:alert(1)", "/admin/../../evil", "/admin/\t//evil.example", "",
	} {
		call(p, network.ClearBrowserCookies, cdp.Empty{})
		p.visit(s.url + "/sign-in?next=" + url.QueryEscape(next))
		s.signIn(p, "admin")
		if !strings.HasPrefix(p.address(), s.url+"/admin/") {
			t.Errorf("signing in for %q leads to %s", next, p.address())
		}
	}
}

// A user sees only their own tokens. The addresses of other pages are refused.
func TestBrowserAUserSeesOnlyTheirOwn(t *testing.T) {
	long(t)
	t.Parallel()
	s, p := serve(t), open(t)
	others := s.generate("admin", "secret plan")
	s.generate("bob", "bobs")
	p.visit(s.url)
	s.signIn(p, "bob")
	if address := p.address(); address != s.url+"/admin/users/bob/tokens" {
		t.Errorf("bob gets to %s", address)
	}
	p.says("My tokens", "bobs", "by admin")
	if links := eval[[]string](p, `[...document.querySelectorAll("nav a")].map(a => a.textContent)`); len(links) != 1 || links[0] != "My tokens" {
		t.Errorf("the user is offered %q", links)
	}
	for path, want := range map[string]int{
		"/users": 403, "/users/admin/tokens": 403, "/users/admin/revoke-all": 403, "/tokens": 403, "/tokens?owner=admin": 403, "/tokens.csv": 403,
		"/expiring": 403, "/activity": 403, "/tokens/" + others.Token.ID + "/revoke": 404, "/users/nobody/tokens": 403,
	} {
		if status := p.visit(s.url + "/admin" + path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
		heading := map[int]string{403: "You may not do this", 404: "Page not found"}[want]
		if p.text("h1") != heading || strings.Contains(p.source(), "secret plan") {
			t.Errorf("%s shows: %s", path, p.text("main"))
		}
		p.follow("Back to the start")
	}
	p.fill("Name", "bob's own")
	if status := p.follow("Generate"); status != http.StatusCreated || s.hello(p.text("#secret")) != http.StatusOK {
		t.Errorf("generate: %d", status)
	}
}

// The sign-in page shows refusals, and is accessible with them.
func TestBrowserTheSignInPage(t *testing.T) {
	long(t)
	t.Parallel()
	source := needAxe(t)
	s, p := serve(t), open(t)
	seen := func(name, says string) {
		t.Helper()
		p.says(says)
		for _, l := range looks {
			p.look(l)
			p.accessible(source, l)
			p.keep(name, l)
		}
		p.fits()
		p.look(wide)
	}
	p.visit(s.url + "/sign-in")
	seen("sign-in", "Sign in")
	wrong := func() int {
		p.fill("Name", "admin")
		p.fill("Password", "guess")
		return p.follow("Sign in")
	}
	if status := wrong(); status != http.StatusForbidden {
		t.Errorf("a wrong password: %d", status)
	}
	seen("sign-in-refused", "The name or the password is wrong.")
	tries := 1
	for p.text(".problem") == "The name or the password is wrong." && tries < 50 {
		wrong()
		tries++
	}
	seen("sign-in-too-often", "There were too many wrong passwords under this name.")
}
