package examples_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

func TestServerOnPostgreSQL(t *testing.T) {
	long(t)
	p, err := engine.StartPostgres(t.TempDir(), &engine.Options{Fast: true})
	engine.Require(t, "postgres", err)
	t.Cleanup(func() { _ = p.Stop() })
	s := servesFrom(t, strings.Replace(p.DSN(), "postgres@", "postgres:opensesame@", 1))
	if want := "set it to on"; !strings.Contains(s.log.String(), want) {
		t.Errorf("the log does not warn that the database may lose acknowledged writes:\n%s", s.log)
	}
}

func TestServerOnMySQL(t *testing.T) {
	long(t)
	m, err := engine.StartMariaDB(t.TempDir(), &engine.Options{Fast: true})
	engine.Require(t, "mysql", err)
	t.Cleanup(func() { _ = m.Stop() })
	config, err := mysql.ParseDSN(m.DSN())
	must(t, err)
	s := servesFrom(t, "mysql://test:test@"+config.Addr+"/test?timeout=2s")
	if want := "set it to 1"; !strings.Contains(s.log.String(), want) {
		t.Errorf("the log does not warn that the database may lose acknowledged writes:\n%s", s.log)
	}
}

// servesFrom starts the server twice on a database.
func servesFrom(t *testing.T, db string) *server {
	t.Helper()
	program := build(t, "server")
	s := listen(t, program, "-demo", "-db", db)
	admin, bob := s.logins["ADMIN"], s.logins["BOB"]
	if got := s.count(t, admin); got.Users != 40 || got.Active != 156 || got.Expired != 182 || got.Revoked != 62 {
		t.Errorf("the demonstration has %+v", got)
	}
	id, token := s.generate(t, bob, "live")
	s.expect(t, 200, bearer(token), "GET", "/api/hello", "")
	for _, login := range []string{"B" + bob[1:], bob + "x", "nobody:x", "\x00:x", "\xff:x", "bob :" + bob[4:], strings.Repeat("b", 300) + ":x"} {
		s.expect(t, 401, basic(login), "GET", "/admin/api/policy", "")
	}

	b := s.browser(t)
	for _, login := range []string{"Admin" + admin[5:], "admin " + admin[5:]} {
		if p := b.signIn(t, 403, login); !strings.Contains(p.text, "The name or the password is wrong.") {
			t.Errorf("the account of another name was found:\n%s", p.text)
		}
	}
	b.signIn(t, 303, admin)
	if page := b.see(t, 200, "/admin/users/bob/tokens"); !strings.Contains(page.text, "live") {
		t.Errorf("the page does not show the token:\n%s", page.text)
	}
	session := b.cookies(t, "/")
	s.stop(t, os.Interrupt)
	if strings.Contains(s.output+s.log.String(), "opensesame") || strings.Contains(s.output, "test:test") {
		t.Errorf("the password of the database is shown:\n%s%s", s.output, s.log)
	}

	s = start(t, program, db)
	if len(s.logins) != 0 {
		t.Errorf("the second start prints logins:\n%s", s.output)
	}
	s.expect(t, 200, bearer(token), "GET", "/api/hello", "")
	b = s.browser(t)
	b.do(t, 200, "GET", "/admin/api/tokens/"+id, "", "Cookie", session) // sessions outlive the process
	b.do(t, 303, "POST", "/sign-out", "", "Cookie", session)
	b.do(t, 401, "GET", "/admin/api/tokens/"+id, "", "Cookie", session)
	s.stop(t, os.Interrupt)
	return s
}
