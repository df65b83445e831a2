package examples_test

import (
	"crypto/sha256"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

func TestServerSessionsCannotBeTakenOver(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessions.db")
	s := start(t, build(t, "server"), file)
	b := s.browser(t)
	b.signIn(t, 303, s.logins["BOB"])
	first := b.cookies(t, "/")
	b.signIn(t, 303, s.logins["BOB"])
	second := b.cookies(t, "/")
	if first == second {
		t.Error("signing in again keeps the earlier session")
	}
	s.browser(t).do(t, 401, "GET", "/admin/api/policy", "", "Cookie", first)
	b.see(t, 200, "/admin/api/policy")

	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
	must(t, err)
	defer db.Close()
	_, id, _ := strings.Cut(second, "=")
	sum := sha256.Sum256([]byte(id))
	var stored []byte
	var hours float64
	err = db.QueryRow(`SELECT digest, (ends_at / 1e6 - strftime('%s', 'now')) / 3600 FROM user_sessions`).Scan(&stored, &hours)
	if err != nil || string(stored) != string(sum[:]) || hours < 11 || hours > 12.1 {
		t.Errorf("the only session is stored as %x for %.1f hours, err = %v; want the SHA-256 of the cookie for 12", stored, hours, err)
	}
	if _, err := db.Exec(`UPDATE user_sessions SET ends_at = ends_at - 12 * 3600 * 1000000`); err != nil {
		t.Fatal(err)
	}
	b.see(t, 401, "/admin/api/policy")
	b.leads(t, "/admin/", "/sign-in?next=%2Fadmin%2F")
	s.stop(t, os.Interrupt)
}

func TestServerEndsTheSessionOfADisabledUser(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "disabled.db"))
	bob, admin := s.logins["BOB"], basic(s.logins["ADMIN"])
	b := s.browser(t)
	b.signIn(t, 303, bob)
	b.see(t, 200, "/admin/users/bob/tokens")

	s.expect(t, 204, admin, "PUT", "/admin/api/users/bob/disabled", "")
	b.leads(t, "/admin/users/bob/tokens", "/sign-in?next=%2Fadmin%2Fusers%2Fbob%2Ftokens")
	if p := b.signIn(t, 403, bob); !strings.Contains(p.text, "This account is disabled.") || len(p.Cookies()) != 0 {
		t.Errorf("a disabled user is answered with the cookies %v and\n%s", p.Cookies(), p.text)
	}
	if p := b.signIn(t, 403, "bob:wrong"); strings.Contains(p.text, "disabled") {
		t.Error("without the password, the answer tells that the account is disabled")
	}
	s.expect(t, 401, basic(bob), "GET", "/admin/api/policy", "")

	s.expect(t, 204, admin, "DELETE", "/admin/api/users/bob/disabled", "")
	b.see(t, 303, "/admin/users/bob/tokens") // the session does not come back
	b.signIn(t, 303, bob)
	b.see(t, 200, "/admin/users/bob/tokens")
	s.stop(t, os.Interrupt)
}

// A session ends with the tokens of its user, even if its browser sends no request in between.
func TestServerRevivesNoSession(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "revive.db"))
	admin := basic(s.logins["ADMIN"])
	for name, end := range map[string]func(){
		"disabled and enabled": func() {
			s.expect(t, 204, admin, "PUT", "/admin/api/users/bob/disabled", "")
			s.expect(t, 204, admin, "DELETE", "/admin/api/users/bob/disabled", "")
		},
		"all tokens revoked": func() { s.expect(t, 204, admin, "DELETE", "/admin/api/users/bob/tokens", "") },
	} {
		t.Run(name, func(t *testing.T) {
			b, other := s.browser(t), s.browser(t)
			b.signIn(t, 303, s.logins["BOB"])
			other.signIn(t, 303, s.logins["ADMIN"])
			session := b.cookies(t, "/")
			end()
			b.see(t, 401, "/admin/api/policy")
			b.leads(t, "/admin/users/bob/tokens", "/sign-in?next=%2Fadmin%2Fusers%2Fbob%2Ftokens")
			other.see(t, 200, "/admin/api/policy")
			b.signIn(t, 303, s.logins["BOB"])
			b.see(t, 200, "/admin/users/bob/tokens")
			s.browser(t).do(t, 401, "GET", "/admin/api/policy", "", "Cookie", session)
		})
	}
	s.stop(t, os.Interrupt)
}
