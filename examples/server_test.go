package examples_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServerKeepsItsDataOverARestart(t *testing.T) {
	program, db := build(t, "server"), filepath.Join(t.TempDir(), "restart.db")
	s := start(t, program, db)
	admin, bob := s.logins["ADMIN"], s.logins["BOB"]
	liveID, live := s.generate(t, bob, "live")
	deadID, dead := s.generate(t, bob, "dead")
	s.expect(t, 204, basic(admin), "DELETE", "/admin/api/tokens/"+deadID, "")
	s.expect(t, 200, basic(admin), "PUT", "/admin/api/policy", `{"max_lifetime_seconds": 86400}`)
	s.expect(t, 200, bearer(live), "GET", "/api/hello", "")
	s.expect(t, 401, bearer(dead), "GET", "/api/hello", "")
	var trail struct {
		Events []struct {
			Actor struct {
				Origin struct {
					Address   string
					UserAgent string `json:"user_agent"`
					RequestID string `json:"request_id"`
				}
			}
		}
	}
	decode(t, s.expect(t, 200, basic(admin), "GET", "/admin/api/events?action=token.revoke", ""), &trail)
	if from := trail.Events[0].Actor.Origin; from.Address != "127.0.0.1" || from.UserAgent == "" || !strings.Contains(s.log.String(), "id="+from.RequestID) {
		t.Errorf("the revocation comes from %+v", from)
	}
	if diff := cmp.Diff("stopped\n", s.stop(t, os.Interrupt)); diff != "" {
		t.Errorf("goodbye of the first run (-want +got):\n%s", diff)
	}

	if info, err := os.Stat(db); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s is %v, err = %v; other users should not be able to read it", db, info.Mode(), err)
	}
	if _, err := os.Stat(db + "-wal"); err == nil {
		t.Error("the database was not closed: its write-ahead log is still there")
	}

	s = start(t, program, db)
	if strings.Contains(s.output, "export") {
		t.Errorf("the second start prints logins:\n%s", s.output)
	}
	s.expect(t, 200, bearer(live), "GET", "/api/hello", "")
	s.expect(t, 401, bearer(dead), "GET", "/api/hello", "")
	s.expect(t, 422, basic(bob), "POST", "/admin/api/users/bob/tokens", `{"name": "long", "lifetime_seconds": 86401}`)
	var kept struct {
		Status   string
		LastUsed string `json:"last_used_at"`
	}
	decode(t, s.expect(t, 200, basic(admin), "GET", "/admin/api/tokens/"+liveID, ""), &kept)
	if kept.Status != "active" || kept.LastUsed == "" {
		t.Errorf("after the restart the token is %+v, want it active with its last use", kept)
	}
	if diff := cmp.Diff("stopped\n", s.stop(t, syscall.SIGTERM)); diff != "" {
		t.Errorf("goodbye of the second run (-want +got):\n%s", diff)
	}
}

func TestServerRefusesWrongCredentials(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "nobody.db"))
	_, token := s.generate(t, s.logins["BOB"], "good")
	for name, authorization := range map[string]string{
		"nothing":                        "",
		"a wrong password":               basic("admin:wrong"),
		"no password":                    basic("admin:"),
		"an unknown user":                basic("carol:wrong"),
		"another's password":             basic("admin:" + strings.TrimPrefix(s.logins["BOB"], "bob:")),
		"an invalid token":               bearer(token + "x"),
		"a token as a password":          basic("bob:" + token),
		"a name that differs in case":    basic("A" + s.logins["ADMIN"][1:]),
		"a password and something after": basic(s.logins["ADMIN"] + "x"),
	} {
		t.Run(name, func(t *testing.T) {
			s.expect(t, 401, authorization, "GET", "/admin/api/policy", "")
		})
	}
	t.Run("a token of a user on a route of administrators", func(t *testing.T) {
		s.expect(t, 200, bearer(token), "GET", "/admin/api/users/bob/tokens", "")
		s.expect(t, 403, bearer(token), "GET", "/admin/api/tokens", "")
	})
	t.Run("a user on a route of administrators", func(t *testing.T) {
		s.expect(t, 403, basic(s.logins["BOB"]), "PUT", "/admin/api/policy", `{"no_maximum": true}`)
	})
	t.Run("no credentials on a route that needs a token", func(t *testing.T) {
		s.expect(t, 401, "", "GET", "/api/hello", "")
	})
	t.Run("a password on a route that needs a token", func(t *testing.T) {
		s.expect(t, 401, basic(s.logins["BOB"]), "GET", "/api/hello", "")
	})
	s.stop(t, os.Interrupt)
}

func TestServerExplainsItself(t *testing.T) {
	program, folder := build(t, "server"), t.TempDir()
	for _, test := range []struct {
		name  string
		args  []string
		fails bool
		says  string
	}{
		{"help", []string{"-h"}, false, "-addr"},
		{"an unknown flag", []string{"-port", "1"}, true, "not defined: -port"},
		{"an argument", []string{"start"}, true, `unexpected argument "start"`},
		{"an invalid prefix", []string{"-prefix", "My-App", "-addr", "127.0.0.1:0"}, true, "prefix"},
		{"an invalid address", []string{"-addr", "127.0.0.1:x"}, true, "unknown port"},
		{"a missing folder", []string{"-db", "no/such.db", "-addr", "127.0.0.1:0"}, true, "no/such.db"},
		{"an unknown kind of database", []string{"-db", "oracle://bob:opensesame@localhost/x"}, true, "oracle://"},
		{"an invalid URL of MySQL", []string{"-db", "mysql://bob:opensesame:%@localhost/x"}, true, "percent-encoded"},
		{"an invalid URL of PostgreSQL", []string{"-db", "postgres://bob:opensesame:%@localhost/x"}, true, "-db"},
		{"an invalid parameter", []string{"-db", "postgres://bob:opensesame@localhost/x?sslmode=maybe"}, true, "sslmode"},
		{"no MySQL at the address", []string{"-db", "mysql://bob:opensesame@127.0.0.1:1/x"}, true, "mysql://bob:xxxxx@127.0.0.1:1/x"},
		{"no PostgreSQL at the address", []string{"-db", "postgres://bob:opensesame@127.0.0.1:1/x"}, true, "postgres://bob@127.0.0.1:1/x"},
		{"an invalid origin", []string{"-origin", "tokens.example.com", "-addr", "127.0.0.1:0"}, true, "-origin"},
		{"an invalid level", []string{"-log", "loud"}, true, "-log"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := command(t, program, test.args...)
			cmd.Dir = folder
			out, err := cmd.CombinedOutput()
			if failed := err != nil; failed != test.fails || !strings.Contains(string(out), test.says) {
				t.Errorf("err = %v, output:\n%s\nwant failure %t and %q in the output", err, out, test.fails, test.says)
			}
			if strings.Contains(string(out), "opensesame") {
				t.Errorf("the password is shown:\n%s", out)
			}
			if strings.Contains(string(out), "export") {
				t.Errorf("a start that failed made accounts:\n%s", out)
			}
		})
	}
}

// generate generates a token for Bob over HTTP, with a login.
func (s *server) generate(t *testing.T, login, name string) (id, secret string) {
	t.Helper()
	var made struct {
		Token  struct{ ID string }
		Secret string
	}
	decode(t, s.expect(t, 201, basic(login), "POST", "/admin/api/users/bob/tokens", `{"name": "`+name+`"}`), &made)
	return made.Token.ID, made.Secret
}

// expect sends a request and returns the body of the answer. Another status ends the test.
func (s *server) expect(t *testing.T, status int, authorization, method, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	must(t, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != status {
		t.Fatalf("%s %s is answered %d, want %d\n%s", method, path, resp.StatusCode, status, answer)
	}
	if challenge := resp.Header.Get("WWW-Authenticate"); status == 401 && challenge == "" {
		t.Errorf("%s %s is answered 401 without a challenge", method, path)
	}
	return answer
}

// basic returns the header for a login, "name:password".
func basic(login string) string {
	name, password, _ := strings.Cut(login, ":")
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(name, password)
	return req.Header.Get("Authorization")
}

// bearer returns the header for a token.
func bearer(token string) string { return "Bearer " + token }

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}
