package examples_test

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	linkToUser = regexp.MustCompile(`href="([^"]*/users/[^"]*)"`)
	heading    = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
	tag        = regexp.MustCompile(`<[^>]*>`)
)

// Each link of the administration leads to the user that it names, directly and through nginx.
func TestServerLinksLeadToTheirUser(t *testing.T) {
	plain := []string{"carol", "...", "a b", "a+b", "a;b", "a?b", "a#b", "a:b", "a\\b", "%2e", "a%2Fb", "x@y.example", "~", "tokens"}
	slashed := []string{"a/b", "/a", "a/", "a//b", "a/../b", "a/./b", "../a", "ü/é"}
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "ids.db"))
	admin := s.browser(t)
	admin.signIn(t, 303, s.logins["ADMIN"])
	all := slices.Concat(plain, slashed)
	for _, id := range all {
		admin.do(t, 200, "PUT", "/admin/api/users/"+url.PathEscape(id), `{"name": "somebody"}`, "Content-Type", "application/json")
	}
	for _, way := range []struct {
		name, base string
		ids        []string
	}{
		{"directly", s.url, all},
		{"through nginx", nginx(t, s.url), all},
		{"through nginx with a path in proxy_pass, which decodes slashes", nginx(t, s.url+"/"), plain},
	} {
		t.Run(way.name, func(t *testing.T) {
			b := s.browser(t)
			b.url = way.base
			b.signIn(t, 303, s.logins["ADMIN"])
			led := map[string]string{} // to where each title is
			for _, m := range linkToUser.FindAllStringSubmatch(b.see(t, 200, "/admin/users").text, -1) {
				path := html.UnescapeString(m[1])
				resp, err := b.client.Get(b.url + path)
				must(t, err)
				text, err := io.ReadAll(resp.Body)
				must(t, errors.Join(err, resp.Body.Close()))
				if title := heading.FindSubmatch(text); title != nil {
					led[strings.TrimSpace(html.UnescapeString(tag.ReplaceAllString(string(title[1]), "")))] = path
				}
			}
			for _, id := range way.ids {
				if led["Tokens of "+id] == "" {
					t.Errorf("no link leads to the tokens of %q; the links lead to %q", id, led)
				}
			}
		})
	}
	s.stop(t, os.Interrupt)
}

// nginx runs nginx in front of an address, and returns its own address.
func nginx(t *testing.T, address string) (base string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("APITOKEN_TEST_REQUIRE"), ","), "nginx") {
			t.Fatal("there is no nginx, and APITOKEN_TEST_REQUIRE lists it")
		}
		t.Skip("NOT TESTED: there is no nginx; gateway/install.sh installs it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	listen, folder := free.Addr().String(), t.TempDir()
	must(t, free.Close())
	config := fmt.Sprintf(`pid nginx.pid; events {} http { access_log off; client_body_temp_path body; proxy_temp_path proxy;
		fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
		server { listen %s; location / { proxy_pass %s; proxy_set_header Host $http_host; } } }`, listen, address)
	must(t, os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(config), 0o600))
	process := command(t, program, "-p", folder, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off; master_process off;")
	must(t, process.Start())
	t.Cleanup(func() {
		_ = process.Process.Signal(os.Interrupt)
		_ = process.Wait()
	})
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		if conn, err := net.Dial("tcp", listen); err == nil {
			_ = conn.Close()
			return "http://" + listen
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nginx does not listen")
	return ""
}
