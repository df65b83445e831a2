package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// An unknown parameter is refused before anything is done, in the query and in a form.
func TestEveryActionRefusesUnknownParameters(t *testing.T) {
	h := newHost(t)
	h.makeProject("web")
	n := 0
	for path, action := range actions {
		for _, unknown := range []string{"component", "organization", "branch", "Login", "name ", "login[]"} {
			res, body := h.send(admins, action.method, path, unknown, "web")
			if res.StatusCode != 400 || !strings.Contains(body, "Parameter '"+unknown+"' is not offered here") {
				t.Errorf("%s with %q is answered %s: %s", path, unknown, res.Status, body)
			}
			n++
		}
	}
	if n < 100 {
		t.Errorf("only %d were tried", n)
	}
}

// A request for the settings of a project is refused. It must not change those of the server.
func TestSettingsOfAComponentAreNotThoseOfTheServer(t *testing.T) {
	h := newHost(t)
	h.makeProject("web")
	h.setMax("30 days")
	h.want(204, "", admins, "POST", "api/settings/set", "key", "sonar.exclusions", "value", "all")
	const refused = "!Parameter 'component' is not offered here"
	for _, component := range []string{"web", "none", ""} {
		h.want(400, refused, admins, "POST", "api/settings/set", "component", component, "key", maxLifetime, "value", "No expiration")
		h.want(400, refused, admins, "POST", "api/settings/set", "component", component, "key", "sonar.exclusions", "value", "web")
		h.want(400, refused, admins, "POST", "api/settings/reset", "component", component, "keys", maxLifetime+",sonar.exclusions")
		h.want(400, refused, admins, "GET", "api/settings/values", "component", component)
	}
	h.want(200, `{"settings":[{"key":"`+maxLifetime+`","value":"30 days","inherited":false},{"key":"sonar.exclusions","value":"all","inherited":false}],"setSecuredSettings":[]}`,
		admins, "GET", "api/settings/values")
	h.want(400, noDate, admins, "POST", "api/user_tokens/generate", "name", "endless")
}

func TestProjectsKeepTheirFields(t *testing.T) {
	h := newHost(t)
	h.makeProject("app")
	h.makeProject("web")
	const shop = `{"key":"shop","name":"Shop","qualifier":"TRK","visibility":"public"}`
	h.want(200, `{"project":`+shop+`}`, admins, "POST", "api/projects/create", "project", "shop", "name", "Shop", "visibility", "public")
	for projects, found := range map[string]string{
		"shop": shop, "": "", "none": "", "none,shop": shop, "web": `{"key":"web","name":"The web","qualifier":"TRK","visibility":"private"}`,
	} {
		total := map[bool]string{true: "1", false: "0"}[found != ""]
		h.want(200, `{"paging":{"pageIndex":1,"pageSize":50,"total":`+total+`},"components":[`+found+`]}`,
			admins, "GET", "api/projects/search", "projects", projects, "qualifiers", "TRK")
	}
}

func TestUsersKeepTheirAccountsOfSourceControl(t *testing.T) {
	h := newHost(t)
	const robot = `{"login":"robot","name":"Robot","active":true,"local":false`
	h.want(200, `{"user":`+robot+`,"scmAccounts":["github:robot","a,b"]}}`,
		admins, "POST", "api/users/create", "login", "robot", "name", "Robot", "local", "false", "scmAccount", "github:robot", "scmAccount", "a,b")
	h.want(200, `{"user":`+robot+`,"email":"r@example.org","scmAccounts":["github:robot","a,b"]}}`,
		admins, "POST", "api/users/update", "login", "robot", "email", "r@example.org")
	h.want(200, `{"user":`+robot+`,"email":"r@example.org","scmAccounts":["other"]}}`, admins, "POST", "api/users/update", "login", "robot", "scmAccount", "other")
	h.want(200, `{"user":`+robot+`,"email":"r@example.org"}}`, admins, "POST", "api/users/update", "login", "robot", "scmAccount", "")
}

func TestHealthAndPing(t *testing.T) {
	h := newHost(t)
	h.want(200, "pong", "", "GET", "api/system/ping")
	h.want(200, `{"health":"GREEN","causes":[]}`, admins, "GET", "api/system/health")
	h.want(401, "", "", "GET", "api/system/health")
}

func TestCurrentUser(t *testing.T) {
	h := newHost(t)
	h.makeProject("web")
	const bob = `{"isLoggedIn":true,"login":"bob","name":"Bob","email":"bob@example.org","local":true,"scmAccounts":[],"permissions":{"global":`
	h.want(200, `{"isLoggedIn":false,"permissions":{"global":[]}}`, "", "GET", "api/users/current")
	h.want(200, bob+`["provisioning","scan"]}}`, bobs, "GET", "api/users/current")
	h.want(200, bob+`["provisioning","scan"]}}`, h.generate(bobs, "ci"), "GET", "api/users/current")
	h.want(200, bob+`["scan"]}}`, h.generate(bobs, "web", "type", "PROJECT_ANALYSIS_TOKEN", "projectKey", "web"), "GET", "api/users/current")
	h.want(200, bob+`["provisioning","scan"]}}`, h.signIn("bob", "secret of bob"), "GET", "api/users/current")
	h.want(200, `{"isLoggedIn":true,"login":"admin","name":"Administrator","email":"","local":true,"scmAccounts":[],"permissions":{"global":["admin","provisioning","scan"]}}`,
		admins, "GET", "api/users/current")
	h.want(401, "", "bob:wrong", "GET", "api/users/current")
	h.want(401, "", "tok_wrong", "GET", "api/users/current")
}

// As in the original, a valid session takes precedence over a header.
func TestASessionComesBeforeTheHeader(t *testing.T) {
	h := newHost(t)
	session, token := h.signIn("bob", "secret of bob"), h.generate(carols, "ci")
	current := func(cookie, header string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", h.url+"/api/users/current", nil)
		must(t, err)
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Authorization", header)
		res, body := h.do(r)
		var who struct{ Login string }
		_ = json.Unmarshal([]byte(body), &who) // the body of a refusal is empty
		return res.StatusCode, who.Login
	}
	for _, header := range []string{"Basic Og==", "Basic", "Bearer " + token, "Bearer wrong", "Basic Ym9iOndyb25n"} {
		if status, login := current(session, header); status != 200 || login != "bob" {
			t.Errorf("with %.12q the session is answered %d as %q", header, status, login)
		}
	}
	if status, login := current("JWT-SESSION=wrong", "Bearer "+token); status != 200 || login != "carol" {
		t.Errorf("a token beside a session that is none is answered %d as %q", status, login)
	}
	if status, _ := current("JWT-SESSION=wrong", "Basic Og=="); status != 401 {
		t.Errorf("an empty header beside a session that is none is answered %d", status)
	}
	h.want(204, "", admins, "POST", "api/users/change_password", "login", "bob", "password", "newer")
	if status, _ := current(session, "Basic Og=="); status != 401 {
		t.Errorf("a session with the password of before is answered %d", status)
	}
}
