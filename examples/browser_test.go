package examples_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// browser keeps cookies. It does not follow redirects, so a test sees each answer.
type browser struct {
	client http.Client
	url    string
}

// page is an answer with its text.
type page struct {
	*http.Response
	text string
}

func (s *server) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	b := &browser{url: s.url}
	b.client.Jar = jar
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// do sends a request with header fields, which are pairs of name and value. Another status ends the test.
func (b *browser) do(t *testing.T, status int, method, path, body string, fields ...string) page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	must(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := b.client.Do(req)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != status {
		t.Fatalf("%s %s is answered %d, want %d\n%s", method, path, resp.StatusCode, status, text)
	}
	return page{resp, string(text)}
}

func (b *browser) see(t *testing.T, status int, path string) page {
	t.Helper()
	return b.do(t, status, "GET", path, "")
}

// leads expects that a page sends the browser to another one.
func (b *browser) leads(t *testing.T, path, to string) {
	t.Helper()
	if got := b.see(t, 303, path).Header.Get("Location"); got != to {
		t.Errorf("%s leads to %q, want %q", path, got, to)
	}
}

// signIn sends the form of the sign-in. The login is "name:password".
func (b *browser) signIn(t *testing.T, status int, login string, fields ...string) page {
	t.Helper()
	name, password, _ := strings.Cut(login, ":")
	return b.do(t, status, "POST", "/sign-in", url.Values{"name": {name}, "password": {password}}.Encode(), fields...)
}

// cookies returns the cookies that the browser sends for a path, as name=value.
func (b *browser) cookies(t *testing.T, path string) string {
	t.Helper()
	u, err := url.Parse(b.url + path)
	must(t, err)
	var all []string
	for _, c := range b.client.Jar.Cookies(u) {
		all = append(all, c.String())
	}
	return strings.Join(all, "; ")
}
