package examples_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServerSignsPeopleInAndOut(t *testing.T) {
	db := filepath.Join(t.TempDir(), "signin.db")
	s := start(t, build(t, "server"), db)
	b := s.browser(t)

	b.leads(t, "/", "/admin/")
	b.leads(t, "/admin/", "/sign-in?next=%2Fadmin%2F")
	b.leads(t, "/admin/tokens?name=a%26b", "/sign-in?next=%2Fadmin%2Ftokens%3Fname%3Da%2526b")
	form := b.see(t, 200, "/sign-in?next=%2Fadmin%2Ftokens%3Fname%3Da%2526b")
	if want := `<input type="hidden" name="next" value="/admin/tokens?name=a%26b">`; !strings.Contains(form.text, want) {
		t.Errorf("the form does not have %s:\n%s", want, form.text)
	}
	if p := b.signIn(t, 403, "admin:wrong"); len(p.Cookies()) != 0 || !strings.Contains(p.text, "The name or the password is wrong.") {
		t.Errorf("a wrong password is answered with the cookies %v and\n%s", p.Cookies(), p.text)
	}
	b.leads(t, "/admin/policy", "/sign-in?next=%2Fadmin%2Fpolicy")

	in := b.signIn(t, 303, s.logins["ADMIN"])
	if to := in.Header.Get("Location"); to != "/admin/" {
		t.Errorf("the sign-in leads to %q", to)
	}
	value := regexp.MustCompile(`=[A-Za-z0-9_-]{43};`)
	var cookies []string
	for _, c := range in.Header.Values("Set-Cookie") {
		cookies = append(cookies, value.ReplaceAllString(c, "=*;"))
	}
	want := []string{
		"session=*; Path=/; HttpOnly; SameSite=Lax",
		"known=*; Path=/sign-in; Max-Age=31536000; HttpOnly; SameSite=Lax",
	}
	if diff := cmp.Diff(want, cookies); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	b.leads(t, "/admin/", "/admin/users")
	b.leads(t, "/sign-in?next=/admin/policy", "/admin/policy")
	if p := b.see(t, 200, "/admin/policy"); !strings.Contains(p.text, "<strong><bdi>admin</bdi></strong>") || !strings.Contains(p.text, `action="/sign-out"`) {
		t.Errorf("the page does not say who is signed in, and how to sign out:\n%s", p.text)
	}

	session := b.cookies(t, "/")
	b.do(t, 200, "PUT", "/admin/api/policy", `{"no_maximum": true}`, "Content-Type", "application/json")
	if to := b.do(t, 303, "POST", "/sign-out", "").Header.Get("Location"); to != "/sign-in" || b.cookies(t, "/") != "" {
		t.Errorf("signing out leads to %q and leaves the cookies %q", to, b.cookies(t, "/"))
	}
	b.leads(t, "/admin/policy", "/sign-in?next=%2Fadmin%2Fpolicy")
	s.browser(t).do(t, 303, "GET", "/admin/policy", "", "Cookie", session)
	s.browser(t).do(t, 401, "GET", "/admin/api/policy", "", "Cookie", session)
	b.do(t, 405, "GET", "/sign-out", "")
	s.stop(t, os.Interrupt)
}

func TestServerSignInLeadsToNoOtherSite(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "next.db"))
	for _, test := range []struct{ next, to string }{
		{"/admin/users/bob/tokens?name=x", "/admin/users/bob/tokens?name=x"},
		{"/admin/users/a%2Fb/tokens", "/admin/users/a%2Fb/tokens"},
		{"/admin/users/..%2F..%2F..%2Fa/tokens", "/admin/users/..%2F..%2F..%2Fa/tokens"},
		{"/admin/users/a%2F%2Fb%2F/tokens?name=x", "/admin/users/a%2F%2Fb%2F/tokens?name=x"},
		{"/admin/users/%2E%2E/tokens", "/admin/"},
		{"/admin/%2E/policy", "/admin/"},
		{"/administration", "/admin/"},
		{"", "/admin/"},
		{"/", "/admin/"},
		{"/sign-out", "/admin/"},
		{"https://evil.example/admin/", "/admin/"},
		{"HTTPS:evil.example/admin/", "/admin/"},
		{"//evil.example/admin/", "/admin/"},
		{"///evil.example/admin/", "/admin/"},
		{`/\evil.example/admin/`, "/admin/"},
		{`\\evil.example/admin/`, "/admin/"},
		{"/admin/..//evil.example", "/admin/"},
		{`/admin/../\evil.example`, "/admin/"},
		{"/admin/%2e%2e//evil.example", "/admin/"},
		{"/\t/evil.example/admin/", "/admin/"},
		{"/admin/\r\nSet-Cookie: a=b", "/admin/"},
		{"javascript:alert(1)//admin/", "/admin/"},
		{"evil.example/admin/", "/admin/"},
		{"@evil.example/admin/", "/admin/"},
	} {
		t.Run(test.next, func(t *testing.T) {
			b := s.browser(t)
			name, password, _ := strings.Cut(s.logins["BOB"], ":")
			form := url.Values{"name": {name}, "password": {password}, "next": {test.next}}.Encode()
			if to := b.do(t, 303, "POST", "/sign-in", form).Header.Get("Location"); to != test.to {
				t.Errorf("the sign-in leads to %q, want %q", to, test.to)
			}
			b.leads(t, "/sign-in?"+url.Values{"next": {test.next}}.Encode(), test.to)
		})
	}
	s.stop(t, os.Interrupt)
}

func TestServerRefusesFormsOfOtherSites(t *testing.T) {
	const proxy = "https://tokens.example.com"
	s := listen(t, build(t, "server"), "-origin", "HTTPS://Tokens.Example.COM:443/", "-db", filepath.Join(t.TempDir(), "cross.db"))
	victim := s.browser(t)
	cookie := strings.Split(victim.signIn(t, 303, s.logins["ADMIN"]).Header.Get("Set-Cookie"), ";")[0]

	for name, fields := range map[string][]string{
		"of another site":                    {"Sec-Fetch-Site", "cross-site"},
		"of a sister site":                   {"Sec-Fetch-Site", "same-site"},
		"of a browser that tells the origin": {"Origin", "https://evil.example"},
		"of a page without an origin":        {"Origin", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			if p := s.browser(t).signIn(t, 403, s.logins["BOB"], fields...); len(p.Cookies()) != 0 || !strings.Contains(p.text, "another site") {
				t.Errorf("the sign-in is answered with the cookies %v and\n%s", p.Cookies(), p.text)
			}
			fields = append(fields, "Cookie", cookie)
			s.browser(t).do(t, 403, "POST", "/sign-out", "", fields...)
			s.browser(t).do(t, 403, "POST", "/admin/policy", "max=none", fields...)
			fields = append(fields, "Content-Type", "application/json")
			s.browser(t).do(t, 403, "PUT", "/admin/api/policy", `{"no_maximum": true}`, fields...)
			s.browser(t).do(t, 200, "GET", "/admin/api/policy", "", fields...)
		})
	}
	t.Run("of the proxy", func(t *testing.T) {
		in := s.browser(t).signIn(t, 303, s.logins["BOB"], "Origin", proxy)
		for _, c := range in.Header.Values("Set-Cookie") {
			if !strings.Contains(c, "; Secure") || !strings.HasPrefix(c, "__Host-session=") && !strings.HasPrefix(c, "known=") {
				t.Errorf("behind a proxy with TLS there is the cookie %s", c)
			}
		}
		s.browser(t).do(t, 303, "POST", "/sign-out", "", "Origin", proxy, "Cookie", cookie)
		s.browser(t).do(t, 303, "GET", "/admin/policy", "", "Cookie", cookie)
	})
	s.stop(t, os.Interrupt)
}

func TestServerShowsAUserOnlyTheirOwnTokens(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "own.db"))
	s.generate(t, s.logins["BOB"], "of bob")
	b := s.browser(t)
	b.signIn(t, 303, s.logins["BOB"])
	b.leads(t, "/admin/", "/admin/users/bob/tokens")
	own := b.see(t, 200, "/admin/users/bob/tokens").text
	for _, path := range []string{"/admin/users", "/admin/tokens", "/admin/expiring", "/admin/policy", "/admin/activity"} {
		if strings.Contains(own, `href="`+path+`"`) {
			t.Errorf("the page of a user links to %s", path)
		}
	}
	if !strings.Contains(own, "of bob") {
		t.Errorf("a user does not see their own token:\n%s", own)
	}
	for _, path := range []string{"/admin/users", "/admin/tokens", "/admin/tokens.csv", "/admin/expiring", "/admin/activity", "/admin/users/admin/tokens"} {
		b.see(t, 403, path)
	}
	s.stop(t, os.Interrupt)
}

func TestServerOpensTheAdministrationToTokens(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "tokens.db"))
	id, token := s.generate(t, s.logins["BOB"], "robot")
	s.expect(t, 200, bearer(token), "GET", "/admin/api/tokens/"+id, "")
	s.expect(t, 200, "", "GET", "/admin/api/openapi.json", "")
	b := s.browser(t)
	if p := b.do(t, 200, "GET", "/verify", "", "Authorization", bearer(token)); p.Header.Get("X-Auth-User") != "bob" {
		t.Errorf("the proxy is told the user %q", p.Header.Get("X-Auth-User"))
	}
	b.see(t, 401, "/verify")

	// A token opens no page. A wrong token is refused even if there is a session.
	b.do(t, 303, "GET", "/admin/users/bob/tokens", "", "Authorization", bearer(token))
	b.signIn(t, 303, s.logins["ADMIN"])
	b.see(t, 200, "/admin/api/tokens")
	b.do(t, 403, "GET", "/admin/api/tokens", "", "Authorization", bearer(token))
	b.do(t, 401, "GET", "/admin/api/tokens", "", "Authorization", bearer(token+"x"))
	b.do(t, 401, "GET", "/admin/api/tokens", "", "Authorization", "Digest x")
	s.expect(t, 204, bearer(token), "DELETE", "/admin/api/tokens/"+id, "")
	s.expect(t, 401, bearer(token), "GET", "/admin/api/policy", "")
	s.stop(t, os.Interrupt)
}

func TestServerSignInPageHasNoScripts(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "header.db"))
	b := s.browser(t)
	p := b.do(t, 403, "POST", "/sign-in", url.Values{"name": {`"><script>alert(1)</script>`}, "password": {"x"}}.Encode())
	if strings.Contains(p.text, "<script") || strings.Contains(p.text, " style=") {
		t.Errorf("the page has a script or a style:\n%s", p.text)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Cache-Control":           "no-store",
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "same-origin",
	} {
		if got := p.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for path, want := range map[string]string{"/sign-in.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml"} {
		if got := b.see(t, 200, path).Header.Get("Content-Type"); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	s.stop(t, os.Interrupt)
}

func TestServerLogsNoSecret(t *testing.T) {
	s := listen(t, build(t, "server"), "-log", "debug", "-db", filepath.Join(t.TempDir(), "log.db"))
	id, token := s.generate(t, s.logins["BOB"], "robot")
	b := s.browser(t)
	b.signIn(t, 303, s.logins["ADMIN"])
	b.signIn(t, 403, "bob:opensesame")
	b.see(t, 200, "/admin/tokens?name=sesame")
	b.see(t, 404, "/admin/"+token)
	s.expect(t, 200, bearer(token), "GET", "/api/hello", "")
	s.expect(t, 401, bearer(token+"x"), "GET", "/api/hello", "")
	session := b.cookies(t, "/")
	s.stop(t, os.Interrupt)

	log := s.log.String()
	_, cookie, _ := strings.Cut(session, "=")
	for what, secret := range map[string]string{
		"the token": token, "the session": cookie, "a wrong password": "opensesame", "the query": "sesame",
		"the password of admin": strings.TrimPrefix(s.logins["ADMIN"], "admin:"),
		"the password of bob":   strings.TrimPrefix(s.logins["BOB"], "bob:"),
	} {
		if len(secret) < 5 || strings.Contains(log, secret) {
			t.Errorf("%s, %q, is in the log", what, secret)
		}
	}
	for _, want := range []string{
		`level=INFO msg=request method=POST path=/admin/api/users/bob/tokens status=201 duration=\S+ user=bob id=\w+\n`,
		`level=INFO msg=request method=POST path=/sign-in status=303 duration=\S+ user=admin id=\w+\n`,
		`level=INFO msg=request method=POST path=/sign-in status=403 duration=\S+ id=\w+\n`,
		`level=INFO msg=request method=GET path=/admin/tokens status=200 duration=\S+ user=admin id=\w+\n`,
		`level=INFO msg=request method=GET path=/admin/tok_REDACTED status=404 duration=\S+ user=admin id=\w+\n`,
		`level=INFO msg=request method=GET path=/api/hello status=200 duration=\S+ user=bob id=\w+\n`,
		`level=INFO msg=request method=GET path=/api/hello status=401 duration=\S+ id=\w+\n`,
		`level=DEBUG msg=apitoken action=token.generate outcome=done actor.kind=person actor.user=bob actor.address=127.0.0.1 actor.user_agent=\S+ actor.request_id=\w+ owner=bob token_id=` + id + ` duration=\S+\n`,
		`level=DEBUG msg=apitoken action=token.authenticate outcome=refused reason=malformed duration=\S+\n`,
	} {
		if !regexp.MustCompile(want).MatchString(log) {
			t.Errorf("the log does not have the line %s:\n%s", want, log)
		}
	}
}
