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
	p.follow("Review the change")
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
