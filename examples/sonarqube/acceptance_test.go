package main

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	tooLate   = "!Tokens expiring after 2026-02-09 are not allowed. Please use a valid expiration date."
	noDate    = "!Tokens expiring after 2026-02-09 are not allowed. Please use an expiration date."
	forbidden = "!Insufficient privileges"
	unknown   = "!User with login 'nobody' doesn't exist"
	wrongDate = "!Supplied date format for parameter expirationDate is wrong. Please supply date in the ISO 8601 date format (YYYY-MM-DD)"
)

// items are the properties of tokens that SonarQube's own tests assert, by their numbers in the list of this project.
var items = []struct {
	number, name string
	hold         func(h *host)
}{
	{"1", "self without login", func(h *host) {
		h.want(200, `{"login":"bob","name":"ci","createdAt":"2026-01-10T14:06:05+0000","token":"SECRET","type":"USER_TOKEN"}`,
			bobs, "POST", "api/user_tokens/generate", "name", "ci")
	}},
	{"2", "self with a date, which is midnight in UTC", func(h *host) {
		h.zone = time.FixedZone("", 3600)
		h.want(200, `{"login":"bob","name":"ci","createdAt":"2026-01-10T15:06:05+0100","token":"SECRET","type":"USER_TOKEN","expirationDate":"2026-02-09T01:00:00+0100"}`,
			bobs, "POST", "api/user_tokens/generate", "name", "ci", "expirationDate", "2026-02-09")
	}},
	{"3", "an administrator for another user, whom the answer names", func(h *host) {
		h.want(200, `{"login":"bob","name":"ci","createdAt":"2026-01-10T14:06:05+0000","token":"SECRET","type":"USER_TOKEN"}`,
			admins, "POST", "api/user_tokens/generate", "name", "ci", "login", "bob")
		token := h.want(200, `{"login":"bob","name":"cd","createdAt":"2026-01-10T14:06:05+0000","token":"SECRET","type":"USER_TOKEN","expirationDate":"2026-01-11T00:00:00+0000"}`,
			admins, "POST", "api/user_tokens/generate?name=cd&login=bob&expirationDate=2026-01-11")
		h.want(200, `{"login":"bob","userTokens":[{"name":"ci","createdAt":"2026-01-10T14:06:05+0000","type":"USER_TOKEN"},
			{"name":"cd","createdAt":"2026-01-10T14:06:05+0000","type":"USER_TOKEN","expirationDate":"2026-01-11T00:00:00+0000","isExpired":false,"lastConnectionDate":"2026-01-10T14:06:05+0000"}]}`,
			token, "GET", "api/user_tokens/search")
	}},
	{"4", "a user for another user", func(h *host) {
		h.want(403, forbidden, bobs, "POST", "api/user_tokens/generate", "name", "ci", "login", "carol")
		h.want(403, forbidden, bobs, "POST", "api/user_tokens/generate", "name", "ci", "login", "nobody")
	}},
	{"5", "generate without credentials", func(h *host) {
		h.want(401, "", "", "POST", "api/user_tokens/generate", "name", "ci")
	}},
	{"6", "for an unknown login", func(h *host) {
		h.want(404, unknown, admins, "POST", "api/user_tokens/generate", "name", "ci", "login", "nobody")
	}},
	{"7", "a blank name", func(h *host) {
		for _, name := range []string{"", " ", "\t\n"} {
			h.want(400, "!The 'name' parameter is missing", bobs, "POST", "api/user_tokens/generate", "name", name)
		}
		h.want(400, "!The 'name' parameter is missing", bobs, "POST", "api/user_tokens/generate")
	}},
	{"8", "a name twice", func(h *host) {
		h.generate(bobs, "ci")
		h.want(400, "!A user token for login 'bob' and name 'ci' already exists", bobs, "POST", "api/user_tokens/generate", "name", " ci ")
		h.generate(carols, "ci")
		h.generate(bobs, "CI")
	}},
	{"9", "a date of another form", func(h *host) {
		for _, date := range []string{"", "tomorrow", "09/02/2026", "2026-2-9", "2026-02-30", "2026-02-09T00:00:00Z"} {
			h.want(400, wrongDate, bobs, "POST", "api/user_tokens/generate", "name", "ci", "expirationDate", date)
		}
		h.want(200, `{"login":"bob","name":"offset","createdAt":"2026-01-10T14:06:05+0000","token":"SECRET","type":"USER_TOKEN","expirationDate":"2026-02-09T00:00:00+0000"}`,
			bobs, "POST", "api/user_tokens/generate", "name", "offset", "expirationDate", "2026-02-09+14:00") // the date counts
	}},
	{"10", "a date in the past, or today", func(h *host) {
		for _, date := range []string{"0001-01-01", "2025-12-31", "2026-01-10"} {
			h.want(400, "!The minimum value for parameter expirationDate is 2026-01-11.",
				bobs, "POST", "api/user_tokens/generate", "name", "ci", "expirationDate", date)
		}
	}},
	{"11", "a maximum of 30 days", func(h *host) {
		h.setMax("30 days")
		for _, by := range []string{bobs, admins} {
			h.generate(by, "29", "expirationDate", "2026-02-08")
			h.generate(by, "30", "expirationDate", "2026-02-09")
			h.want(400, tooLate, by, "POST", "api/user_tokens/generate", "name", "31", "expirationDate", "2026-02-10")
			h.want(400, noDate, by, "POST", "api/user_tokens/generate", "name", "none")
		}
	}},
	{"12", "no maximum", func(h *host) {
		h.generate(bobs, "with", "expirationDate", "2199-12-31")
		h.generate(bobs, "without")
		h.setMax("30 days")
		h.setMax("No expiration")
		h.generate(bobs, "again")
	}},
	{"14", "the maximum is enforced, and touches no token that exists", func(h *host) {
		before := h.generate(bobs, "before")
		h.setMax("90 days")
		if !h.valid(before) {
			h.t.Error("a token of before does not work any more")
		}
		h.want(400, "!Tokens expiring after 2026-04-10 are not allowed. Please use an expiration date.",
			admins, "POST", "api/user_tokens/generate", "name", "after", "login", "bob")
	}},
	{"15", "a token for all analyses", func(h *host) {
		generate := func(status int, want, by string, params ...string) string {
			return h.want(status, want, by, "POST", "api/user_tokens/generate", append(params, "name", "scan", "type", "GLOBAL_ANALYSIS_TOKEN")...)
		}
		generate(400, "!A Global Analysis Token cannot be generated for another user.", admins, "login", "bob")
		h.mayNotScan("bob")
		generate(403, forbidden, bobs)
		h.mayScan("bob")
		token := generate(200, `{"login":"bob","name":"scan","createdAt":"2026-01-10T14:06:05+0000","token":"SECRET","type":"GLOBAL_ANALYSIS_TOKEN"}`,
			bobs, "projectKey", "ignored")
		if !strings.HasPrefix(token, "tok_") {
			h.t.Errorf("the token begins as %.4s", token)
		}
	}},
	{"16", "a token for the analyses of a project", func(h *host) {
		generate := func(status int, want, by string, params ...string) {
			h.want(status, want, by, "POST", "api/user_tokens/generate", append(params, "name", "scan", "type", "PROJECT_ANALYSIS_TOKEN")...)
		}
		h.makeProject("web")
		generate(400, "!A Project Analysis Token cannot be generated for another user.", admins, "login", "bob", "projectKey", "web")
		generate(400, "!A projectKey is needed when creating Project Analysis Token", bobs)
		generate(404, "!Project key 'none' not found", bobs, "projectKey", "none")
		h.mayNotScan("bob")
		generate(403, forbidden, bobs, "projectKey", "web")
		h.mayScan("bob")
		generate(200, `{"login":"bob","name":"scan","createdAt":"2026-01-10T14:06:05+0000","token":"SECRET","type":"PROJECT_ANALYSIS_TOKEN","projectKey":"web"}`,
			bobs, "projectKey", "web")
		h.want(200, `{"login":"bob","userTokens":[{"name":"scan","createdAt":"2026-01-10T14:06:05+0000","type":"PROJECT_ANALYSIS_TOKEN","project":{"key":"web","name":"The web"}}]}`,
			bobs, "GET", "api/user_tokens/search")
	}},
	{"17", "an insertion that fails leaves nothing", func(h *host) {
		h.store.create = func(error) error { return apitoken.ErrUncertain }
		h.want(503, "!Error while generating token. Please try again.", bobs, "POST", "api/user_tokens/generate", "name", "ci")
		h.store.create = nil
		if names := h.names("bob"); len(names) != 0 {
			h.t.Errorf("bob has %q", names)
		}
		h.generate(bobs, "ci")
	}},
	{"18", "an administrator revokes one token and no other", func(h *host) {
		h.generate(bobs, "keep")
		gone := h.generate(bobs, "ci")
		h.generate(bobs, "ci 2")
		kept := h.generate(carols, "ci")
		h.want(204, "", admins, "POST", "api/user_tokens/revoke", "login", "bob", "name", "ci")
		if diff := cmp.Diff([]string{"keep", "ci 2"}, h.names("bob")); diff != "" {
			h.t.Errorf("(-want +got):\n%s", diff)
		}
		if h.valid(gone) || !h.valid(kept) {
			h.t.Errorf("the revoked token works: %v, the other: %v", h.valid(gone), h.valid(kept))
		}
	}},
	{"19", "self revokes", func(h *host) {
		token := h.generate(bobs, "ci")
		h.want(204, "", bobs, "POST", "api/user_tokens/revoke?name=ci")
		h.want(401, "", token, "GET", "api/user_tokens/search")
	}},
	{"20", "a name that no token has", func(h *host) {
		for _, name := range []string{"none", "zero\u200bwidth", strings.Repeat("long", 100)} {
			h.want(204, "", bobs, "POST", "api/user_tokens/revoke", "name", name)
		}
	}},
	{"21", "revoke for an unknown login", func(h *host) {
		h.want(404, unknown, admins, "POST", "api/user_tokens/revoke", "name", "ci", "login", "nobody")
	}},
	{"22", "a user revokes the token of another user", func(h *host) {
		token := h.generate(carols, "ci")
		h.want(403, forbidden, bobs, "POST", "api/user_tokens/revoke", "name", "ci", "login", "carol")
		h.want(403, forbidden, bobs, "POST", "api/user_tokens/revoke", "name", "ci", "login", "nobody")
		if !h.valid(token) {
			h.t.Error("it was revoked")
		}
	}},
	{"23", "revoke without credentials", func(h *host) { h.want(401, "", "", "POST", "api/user_tokens/revoke", "name", "ci") }},
	{"24", "an administrator sees the tokens of one user only", func(h *host) {
		h.generate(bobs, "ci")
		h.generate(carols, "hers")
		h.want(200, `{"login":"bob","userTokens":[{"name":"ci","createdAt":"2026-01-10T14:06:05+0000","type":"USER_TOKEN"}]}`,
			admins, "GET", "api/user_tokens/search", "login", "bob")
	}},
	{"25", "a user sees their own tokens", func(h *host) {
		h.want(200, `{"login":"bob","userTokens":[]}`, bobs, "GET", "api/user_tokens/search")
		h.generate(bobs, "ci")
		h.want(200, `{"login":"bob","userTokens":[{"name":"ci","createdAt":"2026-01-10T14:06:05+0000","type":"USER_TOKEN"}]}`,
			bobs, "GET", "api/user_tokens/search", "login", "bob")
	}},
	{"26", "the last use, once there is one, moves at most hourly", func(h *host) {
		token := h.generate(bobs, "ci")
		for _, step := range []struct {
			after time.Duration
			use   bool
			want  any
		}{
			{0, false, nil},
			{time.Minute, true, "2026-01-10T14:07:05+0000"},
			{59*time.Minute + 59*time.Second, true, "2026-01-10T14:07:05+0000"},
			{time.Second, true, "2026-01-10T15:07:05+0000"},
			{3 * time.Hour, false, "2026-01-10T15:07:05+0000"},
			{0, true, "2026-01-10T18:07:05+0000"},
		} {
			h.clock.Add(step.after)
			if step.use && !h.valid(token) {
				h.t.Fatal("it does not work")
			}
			if got := h.tokens("bob")[0]["lastConnectionDate"]; got != step.want {
				h.t.Errorf("after %v more it was last used %v, want %v", step.after, got, step.want)
			}
		}
	}},
	{"27", "an expiration, only where it is set", func(h *host) {
		h.generate(bobs, "without")
		h.generate(bobs, "with", "expirationDate", "2026-01-12")
		got := h.tokens("bob")
		if _, there := got[0]["expirationDate"]; there || got[1]["expirationDate"] != "2026-01-12T00:00:00+0000" {
			h.t.Errorf("%v", got)
		}
	}},
	{"28", "whether it is expired, only with an expiration", func(h *host) {
		h.generate(bobs, "without")
		h.generate(bobs, "with", "expirationDate", "2026-01-11")
		for _, step := range []struct {
			now  time.Time
			want any
		}{
			{start, false},
			{time.Date(2026, 1, 10, 23, 59, 59, 999_999_000, time.UTC), false},
			{time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC), true},
			{time.Date(2027, 1, 11, 0, 0, 0, 0, time.UTC), true},
		} {
			h.clock.Set(step.now)
			got := h.tokens("bob")
			if _, there := got[0]["isExpired"]; there || got[1]["isExpired"] != step.want {
				h.t.Errorf("at %v: %v", step.now, got)
			}
		}
	}},
	{"29", "search for an unknown login", func(h *host) {
		h.want(404, unknown, admins, "GET", "api/user_tokens/search", "login", "nobody")
	}},
	{"30", "a user searches the tokens of another user", func(h *host) {
		h.want(403, forbidden, bobs, "GET", "api/user_tokens/search", "login", "carol")
		h.want(403, forbidden, bobs, "GET", "api/user_tokens/search", "login", "nobody")
	}},
	{"31", "search without credentials", func(h *host) { h.want(401, "", "", "GET", "api/user_tokens/search") }},
	{"32", "the right owner among several, and only that token counts as used", func(h *host) {
		h.generate(bobs, "other")
		h.generate(carols, "hers")
		token := h.generate(bobs, "ci")
		for _, shown := range []string{token, token + ":"} {
			_, body := h.send(shown, "GET", "api/user_tokens/search")
			if !strings.HasPrefix(body, `{"login":"bob"`) {
				h.t.Errorf("it is told %s", body)
			}
		}
		if used := h.used("bob") + h.used("carol"); used != "ci " {
			h.t.Errorf("used are %q", used)
		}
	}},
	{"33", "an expiration that is ahead, which the answers say", func(h *host) {
		h.zone = time.FixedZone("", -2*3600)
		token := h.generate(bobs, "ci", "expirationDate", "2026-01-11")
		for shown, want := range map[string]string{token: "2026-01-10T22:00:00-0200", token + ":": "2026-01-10T22:00:00-0200", bobs: "", "": ""} {
			res, _ := h.send(shown, "GET", "api/authentication/validate")
			if got := res.Header.Get("SonarQube-Authentication-Token-Expiration"); got != want {
				h.t.Errorf("the answer says %q, want %q", got, want)
			}
		}
	}},
	{"34", "a name and a password are no token", func(h *host) {
		token := h.generate(bobs, "ci")
		for shown, want := range map[string]bool{bobs: true, "bob:wrong": false, "bob:": false, token + ":x": false, token + ":": true, ":": false, ":" + token: false} {
			if got := h.valid(shown); got != want {
				h.t.Errorf("%.10s... is valid: %v, want %v", shown, got, want)
			}
		}
	}},
	{"35", "an unknown token is not a use", func(h *host) {
		token, other := h.generate(bobs, "ci"), "x"
		if strings.HasSuffix(token, other) {
			other = "y"
		}
		for _, shown := range []string{"squ_0123456789012345678901234567890123456789", token[:len(token)-1] + other, "x"} {
			h.want(401, "", shown, "GET", "api/user_tokens/search")
		}
		if used := h.used("bob"); used != "" {
			h.t.Errorf("used are %q", used)
		}
		if log := h.logs.String(); strings.Contains(log, "token=ci") || strings.Count(log, "reason=malformed") != 3 {
			h.t.Errorf("it is logged:\n%s", log)
		}
	}},
	{"36", "an expired token is refused, and was not used", func(h *host) {
		token := h.generate(bobs, "ci", "expirationDate", "2026-01-11")
		h.clock.Set(time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC))
		h.want(401, "", token, "GET", "api/user_tokens/search")
		if used := h.used("bob"); used != "" {
			h.t.Errorf("used are %q", used)
		}
	}},
	{"37", "the owner is deactivated", func(h *host) {
		token := h.generate(bobs, "ci")
		h.want(200, `{"user":{"login":"bob","name":"Bob","email":"bob@example.org","active":false,"local":true}}`,
			admins, "POST", "api/users/deactivate", "login", "bob", "anonymize", "false")
		for _, shown := range []string{token, token + ":", bobs} {
			h.want(401, "", shown, "GET", "api/user_tokens/search")
		}
		h.want(401, "", "", "POST", "api/authentication/login", "login", "bob", "password", "secret of bob")
		h.want(200, `{"login":"bob","userTokens":[]}`, admins, "GET", "api/user_tokens/search", "login", "bob")
	}},
	{"38", "all kinds, and the name of the token in the log", func(h *host) {
		h.makeProject("web")
		for i, kind := range []string{"USER_TOKEN", "GLOBAL_ANALYSIS_TOKEN", "PROJECT_ANALYSIS_TOKEN"} {
			name := "kind-" + strconv.Itoa(i)
			token := h.generate(admins, name, "type", kind, "projectKey", "web")
			if !h.valid(token) || !h.valid(token+":") {
				h.t.Errorf("%s does not work", kind)
			}
			if !strings.Contains(h.logs.String(), "user=admin token="+name) {
				h.t.Errorf("%s is not in the log:\n%s", name, h.logs)
			}
		}
	}},
	{"39", "no header", func(h *host) {
		h.want(200, `{"valid":false}`, "", "GET", "api/authentication/validate")
		h.want(401, "", "", "GET", "api/settings/values")
	}},
	{"40, by the server", "the setting from which a page takes its options", func(h *host) {
		for _, value := range []string{"30 days", "90 days", "1 year", "No expiration"} {
			h.setMax(value)
			h.want(200, `{"settings":[{"key":"sonar.auth.token.max.allowed.lifetime","value":"`+value+`","inherited":`+strconv.FormatBool(value == "No expiration")+`}],"setSecuredSettings":[]}`,
				bobs, "GET", "api/settings/values", "keys", "sonar.auth.token.max.allowed.lifetime")
		}
	}},
	{"41, by the server", "30, 90 and 365 days from 2022-06-01", func(h *host) {
		h.clock.Set(time.Date(2022, 6, 1, 8, 0, 0, 0, time.UTC))
		for max, last := range map[string]string{"30 days": "2022-07-01", "90 days": "2022-08-30", "1 year": "2023-06-01"} {
			h.setMax(max)
			h.want(400, "!Tokens expiring after "+last+" are not allowed. Please use an expiration date.", bobs, "POST", "api/user_tokens/generate", "name", "x")
			h.generate(bobs, max, "expirationDate", last)
		}
	}},
}

// leftOut are the items that do not apply here, with the reason.
var leftOut = map[string]string{
	"13": "there is one edition, and it has the policy",
	"42": "the next free name is proposed by a page, and there is none here",
}

func TestItemsOfTheAcceptanceList(t *testing.T) {
	long(t)
	seen := map[string]bool{}
	for _, item := range items {
		number, _, _ := strings.Cut(item.number, ",")
		seen[number] = true
		t.Run(item.number+" "+item.name, func(t *testing.T) { item.hold(newHost(t)) })
	}
	for i := 1; i <= 42; i++ {
		number := strconv.Itoa(i)
		if reason := leftOut[number]; seen[number] == (reason != "") {
			t.Errorf("item %s is held: %v, and left out: %q", number, seen[number], reason)
		}
	}
	t.Logf("%d of 42 items are held; left out are %v", len(seen), leftOut)
}

func (h *host) setMax(value string) {
	h.t.Helper()
	h.want(204, "", admins, "POST", "api/settings/set", "key", maxLifetime, "value", value)
}

func (h *host) makeProject(key string) {
	h.t.Helper()
	h.want(200, `{"project":{"key":"`+key+`","name":"The `+key+`","qualifier":"TRK","visibility":"private"}}`,
		admins, "POST", "api/projects/create", "project", key, "name", "The "+key)
}

// used returns the names of the tokens that have a last use.
func (h *host) used(login string) (names string) {
	h.t.Helper()
	for _, token := range h.tokens(login) {
		if token["lastConnectionDate"] != nil {
			names += token["name"].(string) + " "
		}
	}
	return names
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

// mayNotScan gives a user a role without the permission to scan.
func (h *host) mayNotScan(login apitoken.UserID) { h.putUser(login, "reader") }

func (h *host) mayScan(login apitoken.UserID) { h.putUser(login, apitoken.RoleUser) }

func (h *host) putUser(login apitoken.UserID, role apitoken.Role) {
	h.t.Helper()
	_, err := h.manager.PutUser(h.t.Context(), apitoken.System(), apitoken.User{ID: login, Name: string(login), Role: role})
	must(h.t, err)
}
