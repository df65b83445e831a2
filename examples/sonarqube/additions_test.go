package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnExpiredTokenFreesItsName(t *testing.T) {
	h := newHost(t)
	h.generate(bobs, "ci", "expirationDate", "2026-01-11")
	h.clock.Add(24 * time.Hour)
	if got := h.tokens("bob")[0]; got["isExpired"] != true {
		t.Errorf("it is listed as %v", got)
	}
	token := h.generate(bobs, "ci")
	if got := h.tokens("bob"); len(got) != 1 || got[0]["isExpired"] != nil {
		t.Errorf("listed are %v, want the token that has the name now", got)
	}
	h.want(204, "", bobs, "POST", "api/user_tokens/revoke", "name", "ci")
	if names := h.names("bob"); len(names) != 0 || h.valid(token) {
		t.Errorf("after it was revoked bob has %q", names)
	}
}

func TestAnExpiredTokenIsRemovedByRevoking(t *testing.T) {
	h := newHost(t)
	h.generate(bobs, "ci", "expirationDate", "2026-01-11")
	h.clock.Add(24 * time.Hour)
	h.want(204, "", admins, "POST", "api/user_tokens/revoke", "login", "bob", "name", "ci")
	if names := h.names("bob"); len(names) != 0 {
		t.Errorf("bob has %q", names)
	}
}

func TestAChildDoesNotOutliveItsParent(t *testing.T) {
	h := newHost(t)
	parent := h.generate(admins, "parent", "expirationDate", "2026-01-20")
	h.generate(parent, "child", "login", "bob", "expirationDate", "2026-01-20")
	h.want(400, "!Tokens expiring after 2026-01-20 are not allowed. Please use a valid expiration date.",
		parent, "POST", "api/user_tokens/generate", "name", "longer", "expirationDate", "2026-01-21")
	h.want(400, "!Tokens expiring after 2026-01-20 are not allowed. Please use an expiration date.", parent, "POST", "api/user_tokens/generate", "name", "endless")
}

func TestDeactivationEndsTokensForGood(t *testing.T) {
	h := newHost(t)
	token := h.generate(bobs, "ci")
	session := h.signIn("bob", "secret of bob")
	h.send(admins, "POST", "api/users/deactivate", "login", "bob")
	h.want(404, "!User with login 'bob' doesn't exist", admins, "POST", "api/user_tokens/generate", "name", "ci", "login", "bob")
	h.want(200, `{"paging":{"pageIndex":1,"pageSize":50,"total":1},"users":[{"login":"bob","name":"Bob","email":"bob@example.org","active":false,"local":true,"tokensCount":0}]}`,
		admins, "GET", "api/users/search", "deactivated", "true")
	h.want(200, `{"user":{"login":"bob","name":"Robert","active":true,"local":true}}`, admins, "POST", "api/users/create", "login", "bob", "name", "Robert", "password", "new")
	for _, shown := range []string{token, bobs, session} {
		if h.valid(shown) {
			t.Errorf("%.12s... works again", shown)
		}
	}
	h.generate("bob:new", "ci")
}

// A token for analyses opens only the analyses that it is for, as far as its owner has the permission.
func TestATokenForAnalysesOpensOnlyAnalyses(t *testing.T) {
	h := newHost(t)
	h.makeProject("web")
	h.makeProject("app")
	project := []string{"type", "PROJECT_ANALYSIS_TOKEN", "projectKey", "web"}
	bobsAll, bobsWeb := h.generate(bobs, "all", "type", "GLOBAL_ANALYSIS_TOKEN"), h.generate(bobs, "web", project...)
	adminsAll, adminsWeb := h.generate(admins, "all", "type", "GLOBAL_ANALYSIS_TOKEN"), h.generate(admins, "web", project...)
	requests := []struct{ method, path string }{
		{"POST", "api/ce/submit?projectKey=web"}, {"POST", "api/ce/submit?projectKey=app"}, {"POST", "api/projects/create?project=new&name=New"},
		{"POST", "api/user_tokens/generate?name=more"}, {"GET", "api/user_tokens/search"}, {"POST", "api/user_tokens/revoke?name=web"},
		{"GET", "api/users/search"}, {"POST", "api/settings/set?key=x&value=y"}, {"GET", "api/settings/values"}, {"POST", "api/projects/delete?project=web"},
	}
	opened := func(token string) (opened string) {
		for _, request := range requests {
			res, _ := h.send(token, request.method, request.path)
			opened += map[int]string{200: "+", 400: "+", 204: "+", 403: "-"}[res.StatusCode]
		}
		return opened
	}
	for _, tt := range []struct{ name, token, want string }{
		{"bob's for all", bobsAll, "+++-------"}, {"bob's for web", bobsWeb, "+---------"},
		{"the administrator's for all", adminsAll, "+++-------"}, {"the administrator's for web", adminsWeb, "+---------"},
	} {
		if diff := cmp.Diff(tt.want, opened(tt.token)); diff != "" {
			t.Errorf("%s opens (-want +got):\n%s", tt.name, diff)
		}
	}
	h.mayNotScan("bob")
	if got := opened(bobsAll) + opened(bobsWeb); got != "--------------------" {
		t.Errorf("once bob may not scan, they open %s", got)
	}
	if !h.valid(bobsAll) || len(h.names("bob")) != 2 {
		t.Errorf("bob has %q", h.names("bob"))
	}
}

func TestAProjectTakesItsTokensAlong(t *testing.T) {
	h := newHost(t)
	h.makeProject("web")
	h.makeProject("app")
	web := h.generate(admins, "web", "type", "PROJECT_ANALYSIS_TOKEN", "projectKey", "web")
	app := h.generate(admins, "app", "type", "PROJECT_ANALYSIS_TOKEN", "projectKey", "app")
	h.want(200, `{"paging":{"pageIndex":2,"pageSize":1,"total":2},"components":[{"key":"web","name":"The web","qualifier":"TRK","visibility":"private"}]}`,
		admins, "GET", "api/projects/search", "ps", "1", "p", "2")
	h.want(204, "", admins, "POST", "api/projects/delete", "project", "web")
	h.want(404, "!Project key 'web' not found", admins, "POST", "api/projects/delete", "project", "web")
	if h.valid(web) || !h.valid(app) {
		t.Errorf("the token of the project works: %v, another: %v", h.valid(web), h.valid(app))
	}
	h.want(400, `!Could not create Project with key: "app". A similar key already exists: "app"`,
		admins, "POST", "api/projects/create", "project", "app", "name", "Another")
	// A token that is generated during the deletion is revoked, too: after the deletion has looked for tokens, and when another
	// project already has the same key.
	h.makeProject("lib")
	lib, meanwhile := h.generate(admins, "lib", "type", "PROJECT_ANALYSIS_TOKEN", "projectKey", "lib"), ""
	h.store.revoke = func() {
		h.store.revoke = nil
		meanwhile = h.generate(admins, "meanwhile", "type", "PROJECT_ANALYSIS_TOKEN", "projectKey", "lib")
	}
	h.want(204, "", admins, "POST", "api/projects/delete", "project", "lib")
	if h.valid(lib) || meanwhile == "" || h.valid(meanwhile) {
		t.Errorf("the token of the project works: %v, the one of meanwhile: %v", h.valid(lib), h.valid(meanwhile))
	}
	h.store.during = func() {
		h.store.during = nil
		h.want(204, "", admins, "POST", "api/projects/delete", "project", "app")
		h.makeProject("app")
	}
	if late := h.generate(admins, "late", "type", "PROJECT_ANALYSIS_TOKEN", "projectKey", "app"); h.valid(late) || len(h.names("admin")) != 0 {
		t.Errorf("the one of before works: %v, the administrator has %q", h.valid(late), h.names("admin"))
	}
}

func TestOneOfTwoWithOneNameWins(t *testing.T) {
	h := newHost(t)
	token := h.generate(bobs, "parent")
	var wg sync.WaitGroup
	statuses := make(chan int, 8)
	for range cap(statuses) {
		wg.Go(func() {
			r := httptest.NewRequest("POST", "/api/user_tokens/generate?name=ci", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			h.handler().ServeHTTP(w, r)
			statuses <- w.Code
		})
	}
	wg.Wait()
	close(statuses)
	got := map[int]int{}
	for status := range statuses {
		got[status]++
	}
	if diff := cmp.Diff(map[int]int{200: 1, 400: 7}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Dates are those of UTC, in whatever zone the server is.
func TestTheEdgesOfADay(t *testing.T) {
	for _, zone := range []int{0, 14, -12} {
		h := newHost(t)
		h.zone = time.FixedZone("", zone*3600)
		h.setMax("30 days")
		for _, now := range []time.Time{time.Date(2026, 3, 1, 23, 59, 59, 999_999_000, time.UTC), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)} {
			h.clock.Set(now)
			h.want(400, "!The minimum value for parameter expirationDate is 2026-03-02.", bobs, "POST", "api/user_tokens/generate", "name", "x", "expirationDate", "2026-03-01")
			h.want(400, "!Tokens expiring after 2026-03-31 are not allowed. Please use a valid expiration date.",
				bobs, "POST", "api/user_tokens/generate", "name", "x", "expirationDate", "2026-04-01")
			h.generate(bobs, "least", "expirationDate", "2026-03-02")
			h.generate(bobs, "most", "expirationDate", "2026-03-31")
			h.want(204, "", bobs, "POST", "api/user_tokens/revoke", "name", "least")
			h.want(204, "", bobs, "POST", "api/user_tokens/revoke", "name", "most")
		}
	}
}

func (h *host) signIn(login, password string) (cookie string) {
	h.t.Helper()
	res, _ := h.send("", "POST", "api/authentication/login", "login", login, "password", password)
	cookies := res.Cookies()
	if res.StatusCode != 200 || len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
		h.t.Fatalf("sign-in is answered %s with %v", res.Status, cookies)
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

func TestSessions(t *testing.T) {
	h := newHost(t)
	session := h.signIn("bob", "secret of bob")
	h.want(200, `{"login":"bob","userTokens":[]}`, session, "GET", "api/user_tokens/search")
	h.generate(session, "ci")

	r, _ := http.NewRequest("POST", h.url+"/api/user_tokens/generate?name=evil", nil)
	authorize(r, session)
	r.Header.Set("Origin", "http://evil.example")
	if res, _ := h.do(r); res.StatusCode != 403 {
		t.Errorf("another site is answered %s", res.Status)
	}
	h.want(200, "", session, "POST", "api/authentication/logout")
	h.want(401, "", session, "GET", "api/user_tokens/search")

	session = h.signIn("bob", "secret of bob")
	h.want(204, "", session, "POST", "api/users/change_password", "login", "bob", "password", "new", "previousPassword", "secret of bob")
	h.want(401, "", session, "GET", "api/user_tokens/search")
	if h.valid(bobs) || !h.valid("bob:new") || len(h.names("bob")) != 1 {
		t.Errorf("after the change of the password bob has %q", h.names("bob"))
	}
	h.want(204, "", admins, "POST", "api/users/change_password", "login", "bob", "password", "newer")
	if !h.valid("bob:newer") {
		t.Error("the password by the administrator does not work")
	}
	if strings.Contains(h.logs.String(), "secret of") {
		t.Error("the log has a password")
	}
}

func TestSettingsAreStoredAndReturned(t *testing.T) {
	h := newHost(t)
	h.want(204, "", admins, "POST", "api/settings/set", "key", "sonar.core.serverBaseURL", "value", "https://é.example")
	h.want(204, "", admins, "POST", "api/settings/set", "key", "a.list", "values", "x", "values", "y")
	h.want(204, "", admins, "POST", "api/settings/set", "key", "fields", "fieldValues", `{"a":"1"}`, "fieldValues", `{"a":"2"}`)
	h.want(204, "", admins, "POST", "api/settings/set", "key", "my.secured", "value", "secret")
	h.want(200, `{"settings":[{"key":"a.list","values":["x","y"],"inherited":false},{"key":"fields","fieldValues":[{"a":"1"},{"a":"2"}],"inherited":false},
		{"key":"sonar.auth.token.max.allowed.lifetime","value":"No expiration","inherited":true},
		{"key":"sonar.core.serverBaseURL","value":"https://é.example","inherited":false}],"setSecuredSettings":["my.secured"]}`, bobs, "GET", "api/settings/values")
	h.setMax("1 year")
	h.want(204, "", admins, "POST", "api/settings/reset", "keys", "a.list, sonar.auth.token.max.allowed.lifetime")
	h.want(200, `{"settings":[{"key":"sonar.auth.token.max.allowed.lifetime","value":"No expiration","inherited":true}],"setSecuredSettings":[]}`,
		bobs, "GET", "api/settings/values", "keys", "a.list,sonar.auth.token.max.allowed.lifetime,unknown")
}

func TestVersionAndStatusNeedNoAuthentication(t *testing.T) {
	h := newHost(t)
	for _, shown := range []string{"", "wrong:password", "tok_wrong"} {
		h.want(200, `2026.2.0.1`, shown, "GET", "api/server/version")
		h.want(200, `{"id":"apitoken","version":"2026.2.0.1","status":"UP"}`, shown, "GET", "api/system/status")
	}
	res, _ := h.send("", "HEAD", "api/server/version")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%s as %s", res.Status, res.Header.Get("Content-Type"))
	}
}

func TestUsersAreFoundByLoginNameAndEmail(t *testing.T) {
	h := newHost(t)
	for q, want := range map[string]string{"": `{"login":"admin","name":"Administrator","active":true,"local":true,"tokensCount":0},
		{"login":"bob","name":"Bob","email":"bob@example.org","active":true,"local":true,"tokensCount":0},
		{"login":"carol","name":"Carol","active":true,"local":true,"tokensCount":0}`,
		"CAR": `{"login":"carol","name":"Carol","active":true,"local":true,"tokensCount":0}`, "@example": `{"login":"bob","name":"Bob","email":"bob@example.org","active":true,"local":true,"tokensCount":0}`, "nobody": ""} {
		total := map[string]string{"": "3", "nobody": "0"}[q]
		if total == "" {
			total = "1"
		}
		h.want(200, `{"paging":{"pageIndex":1,"pageSize":500,"total":`+total+`},"users":[`+want+`]}`, admins, "GET", "api/users/search", "ps", "500", "q", q)
	}
	h.want(200, `{"user":{"login":"robot","name":"Robot","active":true,"local":false}}`, admins, "POST", "api/users/create", "login", "robot", "name", "Robot", "local", "false")
	h.want(400, "!Password cannot be changed when external authentication is used", admins, "POST", "api/users/change_password", "login", "robot", "password", "x")
	if token := h.generate(admins, "ci", "login", "robot"); !h.valid(token) || h.valid("robot:x") {
		t.Error("a user without a password signs in, or has no token")
	}
}
