package examples_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
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

// segment writes a user id as a segment of a path, by the rule of docs/http.md.
func segment(id string) string {
	if id == "." || id == ".." || strings.HasPrefix(id, "~") || strings.Contains(id, "/") {
		return "~" + base64.RawURLEncoding.EncodeToString([]byte(id))
	}
	return url.PathEscape(id)
}

// The links of the administration lead to the user that they name, and so do the paths of its API, directly and through nginx.
func TestServerLinksLeadToTheirUser(t *testing.T) {
	ids := []string{
		"carol", "...", "a b", "a+b", "a;b", "a?b", "a#b", "a:b", "a\\b", "%2e", "a%2Fb", "x@y.example", "tokens",
		".", "..", "/", "//", "~", "~Lg", "a/b", "/a", "a/", "a//b", "a/../b", "a/./b", "../a", "ü/é",
	}
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "ids.db"))
	for _, way := range []struct{ name, base string }{
		{"directly", s.url},
		{"through nginx", nginx(t, s.url)},
		{"through nginx with a path in proxy_pass, which decodes and cleans paths", nginx(t, s.url, "/admin/")},
	} {
		t.Run(way.name, func(t *testing.T) {
			b := s.browser(t)
			b.url = way.base
			b.signIn(t, 303, s.logins["ADMIN"])
			for _, id := range ids {
				path := "/admin/api/users/" + segment(id)
				b.do(t, 200, "PUT", path, `{"name": "somebody"}`, "Content-Type", "application/json")
				var user struct{ ID string }
				if err := json.Unmarshal([]byte(b.see(t, 200, path).text), &user); err != nil || user.ID != id {
					t.Errorf("%s is the user %q, want %q, %v", path, user.ID, id, err)
				}
			}
			led := map[string]bool{} // the headings of the pages that the links lead to
			for _, m := range linkToUser.FindAllStringSubmatch(b.see(t, 200, "/admin/users").text, -1) {
				title := heading.FindStringSubmatch(b.see(t, 200, html.UnescapeString(m[1])).text)
				led[strings.TrimSpace(html.UnescapeString(tag.ReplaceAllString(title[1], "")))] = true
			}
			for _, id := range ids {
				if !led["Tokens of "+id] {
					t.Errorf("no link leads to the tokens of %q; the links lead to %v", id, led)
				}
			}
		})
	}
	s.stop(t, os.Interrupt)
}

// nginx runs nginx in front of an address and returns its own. Below the given paths, proxy_pass has a path, so that nginx
// decodes and cleans the path of each request.
func nginx(t *testing.T, address string, paths ...string) (base string) {
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
	host := "127.0.0.1"
	if runtime.GOOS == "linux" { // one of four million, so that no other program takes the port before nginx does
		host = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	}
	free, err := net.Listen("tcp", host+":0")
	must(t, err)
	listen, folder := free.Addr().String(), t.TempDir()
	must(t, free.Close())
	locations := "location / { proxy_pass " + address + "; }"
	for _, path := range paths {
		locations += " location " + path + " { proxy_pass " + address + path + "; }"
	}
	config := fmt.Sprintf(`pid nginx.pid; events {} http { access_log off; client_body_temp_path body; proxy_temp_path proxy;
		fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
		proxy_set_header Host $http_host; server { listen %s; %s } }`, listen, locations)
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
