package browser_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/page"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// under returns the address with another host name.
func under(address, name string) string { return strings.Replace(address, "127.0.0.1", name, 1) }

// ignoredOpenerPolicy begins the warning of Chromium about Cross-Origin-Opener-Policy over plain HTTP. The pages send the header
// because a proxy with TLS may be in front of them.
const ignoredOpenerPolicy = "other: The Cross-Origin-Opener-Policy header has been ignored"

// Over plain HTTP and not on localhost, the header Origin is all that a browser sends about the source of a form. The forms
// of the pages work there, with and without JavaScript.
func TestBrowserFormsWorkOverPlainHTTP(t *testing.T) {
	t.Parallel()
	for name, scripts := range map[string]bool{"with JavaScript": true, "without JavaScript": false} {
		t.Run(name, func(t *testing.T) {
			h, p := newHost(t), open(t)
			p.expect(ignoredOpenerPolicy)
			h.url = under(h.url, "tokens.example")
			if !scripts {
				p.withoutJavaScript()
			}
			h.signIn(p, "ada")
			p.visit(h.url + "/users/bob/tokens")
			if eval[bool](p, "isSecureContext") {
				t.Fatal("this is a secure context for the browser, so the test proves nothing")
			}
			p.fill("Name", "over plain HTTP")
			if status := p.follow("Generate"); status != http.StatusCreated {
				t.Fatalf("the form is answered %d\n%s", status, p.where())
			}
			p.says("The token “over plain HTTP” is generated")
			p.visit(h.url + "/policy")
			p.tick("90 days")
			p.follow("Review the change")
			p.follow("Set the maximum")
			p.says("In force 90 days")
			p.visit(h.url + "/users/bob/revoke-all")
			p.follow("Revoke all tokens")
			p.says("Live 0", "Revoked 1")
		})
	}
}

// Forms of other sites have no effect over plain HTTP, with any Referrer-Policy of these sites, even if the session needs
// no cookie.
func TestBrowserOtherSitesDoNothingOverPlainHTTP(t *testing.T) {
	t.Parallel()
	var refused atomic.Int32
	h := newHost(t, func(o *adminui.Options) {
		o.Actor = func(r *http.Request) (apitoken.Actor, error) {
			if r.Method == http.MethodPost {
				refused.Add(1) // as far as it gets: the page that refuses has to know who is signed in
			}
			return apitoken.As("ada"), nil
		}
	})
	h.url = under(h.url, "tokens.example")
	p := open(t)
	p.expect("issue: ")
	p.expect("security: Framing")
	p.expect("network: Failed to load resource: the server responded with a status of 403")
	p.expect(ignoredOpenerPolicy)
	attempts := int32(0)
	for _, policy := range []string{"", "no-referrer"} {
		for _, framed := range []bool{false, true} {
			form := evilPage{Form: &evilForm{h.url + "/users/bob/tokens", "application/x-www-form-urlencoded", url.Values{"name": {"stolen"}, "lifetime": {"2592000000000000"}}}}
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if policy != "" {
					w.Header().Set("Referrer-Policy", policy)
				}
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				if framed && r.URL.Path == "/" {
					_, _ = w.Write([]byte(`<!DOCTYPE html><html lang="en"><title>Evil</title><link rel="icon" href="data:,"><iframe sandbox="allow-forms allow-scripts allow-top-navigation" src="/form"></iframe></html>`))
					return
				}
				if err := evil.Execute(w, form); err != nil {
					t.Error(err)
				}
			}))
			t.Cleanup(site.Close)
			for _, name := range []string{"evil.example", "tokens.example"} {
				attempts++
				call(p, page.Navigate, page.NavigateParams{URL: under(site.URL, name)})
				await(t, "the form of "+name+" has arrived", func() bool { return refused.Load() == attempts })
			}
		}
	}
	n, err := h.Manager.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true})
	if err != nil || n != 0 {
		t.Errorf("%d tokens, %v", n, err)
	}
	t.Logf("%d forms had no effect", attempts)
}
