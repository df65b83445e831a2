package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
	h.putUser("bob", "reader") // without the permission to scan
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

// A request with two credentials is refused even if both are valid: a program in between may have read only one of them.
func TestTwoCredentialsAreRefused(t *testing.T) {
	h := newHost(t)
	token := h.generate(bobs, "ci")
	for _, first := range []string{bobs, token, token + ":"} {
		r, err := http.NewRequest("GET", h.url+"/api/user_tokens/search", nil)
		must(t, err)
		authorize(r, first)
		r.Header.Add("Authorization", "Bearer "+token)
		if res, _ := h.do(r); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("it is answered %s", res.Status)
		}
	}
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

// A failure of the store is neither a refusal nor a success.
func TestTroubleIsNoRefusal(t *testing.T) {
	h := newHost(t)
	token := h.generate(bobs, "ci")
	h.store.down = errors.New("the disk is gone")
	for _, path := range []string{"api/user_tokens/search", "api/authentication/validate"} {
		res, body := h.send(token, "GET", path)
		if res.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "disk") || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s is answered %s: %s", path, res.Status, body)
		}
	}
	if !strings.Contains(h.logs.String(), "the disk is gone") {
		t.Error("the log does not say why")
	}
}
