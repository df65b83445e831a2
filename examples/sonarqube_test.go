package examples_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sonarqube sends a request to the example and gives the status and the body of the answer.
func sonarqube(t *testing.T, s *server, login, method, path string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+"/api/"+path, nil)
	must(t, err)
	if user, password, isBasic := strings.Cut(login, ":"); isBasic {
		r.SetBasicAuth(user, password)
	}
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(bytes.TrimSpace(body))
}

func TestSonarQubeKeepsItsDataOverARestart(t *testing.T) {
	program, db := build(t, "sonarqube"), filepath.Join(t.TempDir(), "sonarqube.db")
	s := start(t, program, db)
	admin := s.logins["ADMIN"]
	status, body := sonarqube(t, s, admin, "POST", "user_tokens/generate?name=ci&expirationDate="+time.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly))
	token := regexp.MustCompile(`tok_[0-9A-Za-z]{49}`).FindString(body)
	if status != 200 || token == "" {
		t.Fatalf("%d: %s", status, body)
	}
	if status, body := sonarqube(t, s, admin, "POST", "settings/set?key=sonar.auth.token.max.allowed.lifetime&value=30+days"); status != 204 {
		t.Errorf("%d: %s", status, body)
	}
	if _, body := sonarqube(t, s, token+":", "GET", "authentication/validate"); body != `{"valid":true}` {
		t.Errorf("the token does not work: %s", body)
	}
	s.stop(t, os.Interrupt)
	if info, err := os.Stat(db); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s is %v, err = %v; other users should not be able to read it", db, info.Mode(), err)
	}
	if log := s.log.String(); strings.Contains(log, token) || strings.Contains(log, strings.TrimPrefix(admin, "admin:")) || !strings.Contains(log, "user=admin token=ci") {
		t.Errorf("it logs:\n%s", log)
	}

	s = listen(t, program, "-db", db, "-password", "another")
	if strings.Contains(s.output, "export") {
		t.Errorf("the second start prints a password:\n%s", s.output)
	}
	if status, _ := sonarqube(t, s, "admin:another", "GET", "system/info"); status != 401 {
		t.Errorf("the second start has changed the password: %d", status)
	}
	_, body = sonarqube(t, s, token+":", "GET", "user_tokens/search")
	zone := time.Now().Format("-0700")
	if !regexp.MustCompile(`"lastConnectionDate":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d` + regexp.QuoteMeta(zone) + `"`).MatchString(body) {
		t.Errorf("the use just before the end is not kept, or not in %s: %s", zone, body)
	}
	if status, body := sonarqube(t, s, admin, "POST", "user_tokens/generate?name=endless"); status != 400 || !strings.Contains(body, "Please use an expiration date.") {
		t.Errorf("the maximum is not kept: %d: %s", status, body)
	}
	s.stop(t, syscall.SIGTERM)
}

func TestSonarQubeTakesThePasswordOfItsAdministrator(t *testing.T) {
	s := listen(t, build(t, "sonarqube"), "-db", filepath.Join(t.TempDir(), "password.db"), "-password", "by flag")
	if strings.Contains(s.output, "first start") {
		t.Errorf("it prints %s", s.output)
	}
	if status, body := sonarqube(t, s, "admin:by flag", "POST", "user_tokens/generate?name=ci"); status != 200 || !strings.Contains(body, `"token":"tok_`) {
		t.Errorf("%d: %s", status, body)
	}
	s.stop(t, os.Interrupt)
}
