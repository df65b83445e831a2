package browser_test

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
)

// evil is a page of another site. It submits a form as soon as the victim opens it.
var evil = template.Must(template.New("").Parse(`<!DOCTYPE html><html lang="en"><title>Evil</title><link rel="icon" href="data:,">
{{with .Frame}}<iframe src="{{.}}" width="600" height="400"></iframe>{{end}}
{{with .Form}}<form method="post" action="{{.Action}}" enctype="{{.Encoding}}">
{{range $name, $values := .Values}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
</form><script>document.forms[0].submit()</script>{{end}}
</html>`))

type evilPage struct {
	Frame string
	Form  *evilForm
}

type evilForm struct {
	Action, Encoding string
	Values           url.Values
}

// siteOf serves a page on another port, once on the host name of the application and once on another one.
func siteOf(t *testing.T, content evilPage) (sameSite, crossSite string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := evil.Execute(w, content); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// A form that another site makes the browser of an administrator submit has no effect. From a page on the same host name, the
// browser even sends the cookie of the session with it.
func TestBrowserFormsOfOtherSitesDoNothing(t *testing.T) {
	long(t)
	t.Parallel()
	s, p := serve(t), open(t)
	p.expect("issue: BounceTrackingIssue") // the other site, which is gone at once
	p.visit(s.url)
	s.signIn(p, "admin")
	token := s.generate("bob", "precious")
	days, yes := []string{"30"}, []string{"yes"}
	const form = "application/x-www-form-urlencoded"
	forms := []evilForm{
		{"/admin/users/bob/tokens", form, url.Values{"name": {"stolen"}, "lifetime": {"2592000000000000"}}},
		{"/admin/users/bob/tokens", "multipart/form-data", url.Values{"name": {"stolen"}, "lifetime": {"2592000000000000"}}},
		{"/admin/users/bob/revoke-all", form, nil},
		{"/admin/tokens/" + token.Token.ID + "/revoke", form, nil},
		{"/admin/tokens/revoke", form, url.Values{"id": {token.Token.ID}, "confirmed": yes}},
		{"/admin/policy", form, url.Values{"max": days, "revision": {"0"}, "confirmed": yes}},
		{"/admin/api/users/bob/tokens", "text/plain", url.Values{`{"name": "stolen", "x": "`: {`"}`}}},
		{"/admin/api/users/bob/revoke-all", "text/plain", nil},
		{"/sign-out", form, nil},
		{"/sign-in", form, url.Values{"name": {"bob"}, "password": {s.passwords["bob"]}}}, // would sign the victim in as another user
	}
	before, refused := s.state(), 0
	for _, f := range forms {
		f.Action = s.url + f.Action
		sameSite, crossSite := siteOf(t, evilPage{Form: &f})
		for _, site := range []string{sameSite, crossSite} {
			call(p, page.Navigate, page.NavigateParams{URL: site})
			p.await("the form of "+site+" was answered by "+f.Action, on(`url => location.href.startsWith(url) && document.readyState === "complete"`, s.url))
			if s.state() != before {
				t.Fatalf("the form of %s for %s had an effect:\n%s", site, f.Action, s.state())
			}
			refused++
			p.visit(s.url + "/admin/")
			if who := p.text(".who strong"); who != "admin" {
				t.Fatalf("after the form of %s for %s, %q is signed in", site, f.Action, who)
			}
		}
	}
	if got := s.hello(token.Secret); got != http.StatusOK {
		t.Errorf("the earlier token: %d", got)
	}
	t.Logf("%d forms had no effect", refused)
	// The same form works from the pages themselves, so its content was not the reason for the refusal.
	p.visit(s.url + "/admin/tokens/" + token.Token.ID + "/revoke")
	p.follow("Revoke precious")
	if got := s.hello(token.Secret); got != http.StatusUnauthorized {
		t.Errorf("the token after the form of the pages: %d", got)
	}
}

// No other site can show the pages in a frame, where it could trick a user into clicking something invisible.
func TestBrowserOtherSitesCannotFrameThePages(t *testing.T) {
	long(t)
	t.Parallel()
	s, p := serve(t), open(t)
	refusal := "security: Framing '" + s.url
	p.expect(refusal)
	p.expect("issue: ContentSecurityPolicyIssue")
	p.visit(s.url)
	s.signIn(p, "admin")
	refused := 0
	for _, path := range []string{"/admin/users", "/admin/users/bob/tokens", "/admin/policy", "/admin/static/icon-0000000000000000.svg", "/sign-in"} {
		sameSite, crossSite := siteOf(t, evilPage{Frame: s.url + path})
		for _, site := range []string{sameSite, crossSite} {
			p.visit(site)
			refused++
			if n := p.count(refusal); n != refused {
				t.Fatalf("%s shows %s in a frame: of %d frames, the browser has refused %d", site, path, refused, n)
			}
		}
	}
	t.Logf("%d frames were refused", refused)
}
