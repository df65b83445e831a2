package browser_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// program is examples/server as a process with a temporary database.
type program struct {
	t         *testing.T
	url       string
	passwords map[string]string
	admin     *http.Client // with its own session
}

var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "server")
	compile := exec.Command("go", "build", "-o", path, "./server")
	compile.Dir = filepath.Join("..", "..", "examples") // the module of the program
	if out, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./server: %w\n%s", err, out)
	}
	return path, nil
})

var (
	exported  = regexp.MustCompile(`^export [A-Z]+=([^:]*):(.*)$`)
	listening = regexp.MustCompile(`^listening on (http://\S+), `)
)

// guard runs a program until its own standard input ends, and then ends the program by its process ID. The input ends when
// the test closes it, and when the process of the test is gone.
const guard = `
exec 3<&0
"$@" </dev/null 3<&- & program=$!
{ read -r _; kill "$program"; } <&3 >/dev/null 2>&1 & reader=$!
wait "$program"; code=$?
kill "$reader" 2>/dev/null
exit "$code"`

// serve starts the program on a free port, and ends it with the test, or with the process of the test.
func serve(t *testing.T) program {
	t.Helper()
	path, err := build()
	must(t, err)
	process := exec.Command("sh", "-c", guard, "sh", path, "-addr", "127.0.0.1:0", "-log", "warn", "-db", filepath.Join(t.TempDir(), "browser.db"))
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	must(t, err)
	stdout, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	must(t, err)
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = process.Wait()
	})
	jar, err := cookiejar.New(nil)
	must(t, err)
	s := program{t: t, passwords: map[string]string{}, admin: &http.Client{Jar: jar}}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if login := exported.FindStringSubmatch(lines.Text()); login != nil {
			s.passwords[login[1]] = login[2]
		}
		if where := listening.FindStringSubmatch(lines.Text()); where != nil {
			s.url = where[1]
			answer, err := s.admin.PostForm(s.url+"/sign-in", url.Values{"name": {"admin"}, "password": {s.passwords["admin"]}})
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("the administrator signs in: %v %v", answer, err)
			}
			_ = answer.Body.Close()
			return s
		}
	}
	t.Fatal("the server ended before it listened")
	return s
}

// signIn signs a user in on the sign-in page, which the tab shows.
func (s program) signIn(h hands, name string) (status int) {
	s.t.Helper()
	h.fill("Name", name)
	h.fill("Password", s.passwords[name])
	return h.follow("Sign in")
}

// api sends a request of the administrator to the JSON API, outside of the browser.
func (s program) api(method, path, body string, into any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/admin/api"+path, strings.NewReader(body))
	must(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	response, err := s.admin.Do(r)
	must(s.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, answer, err)
	}
	if into == nil {
		return
	}
	must(s.t, json.Unmarshal(answer, into))
}

// made is a generated token in the JSON API.
type made struct {
	Token  struct{ ID string }
	Secret string
}

// generate generates a token outside of the browser.
func (s program) generate(owner, name string) made {
	s.t.Helper()
	var m made
	s.api("POST", "/users/"+owner+"/tokens", fmt.Sprintf("{%q: %q}", "name", name), &m)
	return m
}

// hello presents a token to the application, and returns the status.
func (s program) hello(token string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "GET", s.url+"/api/hello", nil)
	must(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	must(s.t, err)
	_ = response.Body.Close()
	return response.StatusCode
}

// state returns the data that forms could change, from the JSON API.
func (s program) state() string {
	s.t.Helper()
	var tokens, policy any
	s.api("GET", "/tokens", "", &tokens)
	s.api("GET", "/policy", "", &policy)
	state, err := json.MarshalIndent([]any{tokens, policy}, "", " ")
	must(s.t, err)
	return string(state)
}
