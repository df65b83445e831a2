package main

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Invalid requests are answered with the status and the text of the original.
func TestInvalidRequests(t *testing.T) {
	h := newHost(t)
	long := strings.Repeat("é", 101)
	types := "[USER_TOKEN, GLOBAL_ANALYSIS_TOKEN, PROJECT_ANALYSIS_TOKEN]"
	tests := []struct {
		name, by, method, path string
		params                 []string
		status                 int
		want                   string
	}{
		{"an unknown address", admins, "GET", "api/user_tokens/rename", nil, 404, "!Unknown url : /api/user_tokens/rename"},
		{"the probe of a scanner", "", "GET", "api/v2/analysis/version", nil, 404, "!Unknown url : /api/v2/analysis/version"},
		{"GET that should be POST", bobs, "GET", "api/user_tokens/generate", []string{"name", "ci"}, 405, "!HTTP method POST is required"},
		{"POST that should be GET", bobs, "POST", "api/user_tokens/search", nil, 405, "!HTTP method GET is required"},
		{"DELETE", bobs, "DELETE", "api/user_tokens/revoke", []string{"name", "ci"}, 405, "!HTTP method POST is required"},
		{"PUT", bobs, "PUT", "api/settings/values", nil, 405, "!HTTP method GET is required"},
		{"an unknown parameter", bobs, "GET", "api/user_tokens/search", []string{"color", "red"}, 400, "!Parameter 'color' is not offered here"},
		{"a parameter with two values", admins, "GET", "api/user_tokens/search", []string{"login", "bob", "login", "carol"}, 400, "!Parameter 'login' has more than one value"},
		{"a parameter twice with one value", admins, "GET", "api/user_tokens/search", []string{"login", "bob", "login", "bob"}, 200, `{"login":"bob","userTokens":[]}`},
		{"an unknown visibility", admins, "POST", "api/projects/create", []string{"project", "x", "name", "X", "visibility", "secret"}, 400, "!Value of parameter 'visibility' (secret) must be one of: [private, public]"},
		{"things that are no projects", admins, "GET", "api/projects/search", []string{"qualifiers", "APP"}, 400, "!Value of parameter 'qualifiers' (APP) must be one of: [TRK]"},
		{"a setting with two kinds of value", admins, "POST", "api/settings/set", []string{"key", "x", "value", "y", "values", "z"}, 400, "!Either 'value', 'values' or 'fieldValues' must be provided"},
		{"a maximum and more", admins, "POST", "api/settings/set", []string{"key", maxLifetime, "value", "30 days", "values", "90 days"}, 400, "!Either 'value', 'values' or 'fieldValues' must be provided"},
		{"an empty setting", admins, "POST", "api/settings/set", []string{"key", "x", "value", ""}, 400, "!Either 'value', 'values' or 'fieldValues' must be provided"},
		{"the health by a user", bobs, "GET", "api/system/health", nil, 403, forbidden},
		{"a name of 101 characters", bobs, "POST", "api/user_tokens/generate", []string{"name", long}, 400, "!'name' length (101) is longer than the maximum authorized (100)"},
		{"a type that is none", bobs, "POST", "api/user_tokens/generate", []string{"name", "ci", "type", "ROBOT"}, 400, "!Value of parameter 'type' (ROBOT) must be one of: " + types},
		{"an empty type", bobs, "POST", "api/user_tokens/generate", []string{"name", "ci", "type", ""}, 400, "!Value of parameter 'type' () must be one of: " + types},
		{"the library's word for a type", bobs, "POST", "api/user_tokens/generate", []string{"name", "ci", "type", "user"}, 400, "!Value of parameter 'type' (user) must be one of: " + types},
		{"a name that cannot be seen", bobs, "POST", "api/user_tokens/generate", []string{"name", "zero\u200bwidth"}, 400, "!name: contains the invisible character U+200B"},
		{"a date in the year 2200", bobs, "POST", "api/user_tokens/generate", []string{"name", "ci", "expirationDate", "2200-01-01"}, 400, "!expiry: is in 2200, the year 2200 is the limit"},
		{"no UTF-8", bobs, "POST", "api/user_tokens/generate", []string{"name", "\xff"}, 400, "!The parameters are not UTF-8"},
		{"an escape that is none", bobs, "POST", "api/user_tokens/generate?name=%zz", nil, 400, "!The parameters cannot be read"},
		{"a body that has no end", bobs, "POST", "api/user_tokens/generate", []string{"name", strings.Repeat("x", 1<<17)}, 400, "!The parameters cannot be read"},
		{"revoke without a name", bobs, "POST", "api/user_tokens/revoke", nil, 400, "!The 'name' parameter is missing"},
		{"a login of another case", admins, "GET", "api/user_tokens/search", []string{"login", "Bob"}, 404, "!User with login 'Bob' doesn't exist"},
		{"a page that is no number", admins, "GET", "api/users/search", []string{"p", "two"}, 400, "!'p' value (two) must be a number between 1 and 1000000"},
		{"a page before the first", admins, "GET", "api/users/search", []string{"p", "0"}, 400, "!'p' value (0) must be a number between 1 and 1000000"},
		{"a page of 501", admins, "GET", "api/users/search", []string{"ps", "501"}, 400, "!'ps' value (501) must be a number between 1 and 500"},
		{"a page behind the last", admins, "GET", "api/users/search", []string{"p", "1000000", "ps", "500"}, 200, `{"paging":{"pageIndex":1000000,"pageSize":500,"total":3},"users":[]}`},
		{"no login", admins, "POST", "api/users/create", []string{"name", "Dan"}, 400, "!The 'login' parameter is missing"},
		{"no password", admins, "POST", "api/users/create", []string{"login", "dan", "name", "Dan"}, 400, "!Password is mandatory and must not be empty"},
		{"a password of 73 bytes", admins, "POST", "api/users/create", []string{"login", "dan", "name", "Dan", "password", strings.Repeat("p", 73)}, 400, "!'password' is longer than the maximum authorized (72 bytes)"},
		{"a login that is taken", admins, "POST", "api/users/create", []string{"login", "bob", "name", "Bob", "password", "x"}, 400, "!An active user with login 'bob' already exists"},
		{"a login with a control character", admins, "POST", "api/users/create", []string{"login", "d\x00n", "name", "Dan", "password", "x"}, 400, "!user id: contains the invisible character U+0000"},
		{"no truth", admins, "POST", "api/users/create", []string{"login", "dan", "name", "Dan", "local", "maybe"}, 400, "!Value of parameter 'local' (maybe) must be one of: [true, false, yes, no]"},
		{"oneself deactivated", admins, "POST", "api/users/deactivate", []string{"login", "admin"}, 400, "!Self-deactivation is not possible"},
		{"an unknown user deactivated", admins, "POST", "api/users/deactivate", []string{"login", "nobody"}, 404, unknown},
		{"anonymized", admins, "POST", "api/users/deactivate", []string{"login", "bob", "anonymize", "true"}, 400, "!'anonymize' is not offered here: the log of changes keeps the login"},
		{"an unknown user updated", admins, "POST", "api/users/update", []string{"login", "nobody"}, 404, unknown},
		{"a wrong password", bobs, "POST", "api/users/change_password", []string{"login", "bob", "password", "x", "previousPassword", "wrong"}, 400, "!Incorrect password"},
		{"the same password", bobs, "POST", "api/users/change_password", []string{"login", "bob", "password", "secret of bob", "previousPassword", "secret of bob"}, 400, "!Password must be different from old password"},
		{"without the password of before", bobs, "POST", "api/users/change_password", []string{"login", "bob", "password", "x"}, 400, "!The 'previousPassword' parameter is missing"},
		{"another's password", bobs, "POST", "api/users/change_password", []string{"login", "carol", "password", "x"}, 403, forbidden},
		{"a maximum of another word", admins, "POST", "api/settings/set", []string{"key", maxLifetime, "value", "2 days"}, 400, `!No token expiration interval with name "2 days" found.`},
		{"a setting without value", admins, "POST", "api/settings/set", []string{"key", "x"}, 400, "!Either 'value', 'values' or 'fieldValues' must be provided"},
		{"a field that is no JSON", admins, "POST", "api/settings/set", []string{"key", "x", "fieldValues", "[1]"}, 400, "!JSON '[1]' does not respect expected format for setting 'x'"},
		{"reset of nothing", admins, "POST", "api/settings/reset", nil, 400, "!The 'keys' parameter is missing"},
		{"settings by a user", bobs, "POST", "api/settings/set", []string{"key", "x", "value", "y"}, 403, forbidden},
		{"settings without credentials", "", "POST", "api/settings/set", []string{"key", "x", "value", "y"}, 401, ""},
		{"the system by a user", bobs, "GET", "api/system/info", nil, 403, forbidden},
		{"users by a user", bobs, "GET", "api/users/search", nil, 403, forbidden},
		{"a project deleted by a user", bobs, "POST", "api/projects/delete", []string{"project", "web"}, 403, forbidden},
		{"an unknown user signs in", "", "POST", "api/authentication/login", []string{"login", "nobody", "password", "x"}, 401, ""},
		{"a wrong password signs in", "", "POST", "api/authentication/login", []string{"login", "bob", "password", "x"}, 401, ""},
		{"nothing signs in", "", "POST", "api/authentication/login", nil, 401, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := *h
			h.t = t
			h.want(tt.status, tt.want, tt.by, tt.method, tt.path, tt.params...)
		})
	}
	t.Logf("%d requests", len(tests))
}

// No value of a parameter makes the server fail.
func TestNoValueOfAParameterIsAFailure(t *testing.T) {
	long(t)
	parameters := []string{"visibility", "qualifiers", "projects", "scmAccount", "login", "name", "type", "projectKey", "expirationDate", "password", "previousPassword", "email", "local", "q", "p", "ps",
		"key", "value", "values", "fieldValues", "keys", "project", "permission", "anonymize", "deactivated"}
	values := []string{"", "ü", "名前", "👩‍👩‍👧", "\x00", "\xff\xfe", "a\nb", "\u202egnp", "'; DROP TABLE documents; --", "%", "-1", "99999999999999999999", "1e9",
		"9999-12-31", "0000-00-00", "2026-01-20", "{}", "null", strings.Repeat("x", 5000), strings.Repeat("名", 200), "bob", "true", "scan", maxLifetime}
	h := newHost(t)
	handler := h.handler()
	h.makeProject("web")
	token := h.generate(admins, "sweep")
	answers := map[int]int{}
	for path, action := range actions {
		for i, value := range values {
			for _, one := range append([]string{"all"}, parameters...) {
				if one != "all" && i%8 != len(one)%8 { // a part of the many pairs is enough
					continue
				}
				form := url.Values{"login": {"bob"}, "name": {"n"}, "project": {"web"}, "projectKey": {"web"}, "permission": {"scan"}, "key": {"k"}, "keys": {"k"}, "value": {"v"}}
				for _, name := range parameters {
					if one == "all" || one == name {
						form.Set(name, value)
					}
				}
				maps.DeleteFunc(form, func(name string, _ []string) bool { // of others, none gets further than the list of those it takes
					return !slices.Contains(strings.Fields(strings.ReplaceAll(action.takes, "+", "")), name)
				})
				r := httptest.NewRequest(action.method, "/"+path+"?"+form.Encode(), nil)
				r.Header.Set("Content-Type", "application/json") // on an empty body, as clients do
				authorize(r, token)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				answers[w.Code]++
				if w.Code >= 500 {
					t.Errorf("%s with %s = %.40q is answered %d: %s", path, one, value, w.Code, w.Body)
				}
			}
		}
	}
	for _, shown := range []string{"\xff:\xff", "ü:ü", "\x00:x", strings.Repeat("x", 4000) + ":y", "bob:" + strings.Repeat("x", 4000)} {
		if h.valid(shown) {
			t.Errorf("%.10q is authenticated", shown)
		}
	}
	t.Logf("answers by status: %v", fmt.Sprint(answers))
}

// Names in other scripts and of 100 characters are kept unchanged.
func TestNamesOfOtherScripts(t *testing.T) {
	h := newHost(t)
	for _, name := range []string{"é", "名前", "שלום", strings.Repeat("ü", 100), "a&b=c?d#e/f%20+g", `"><script>`} {
		token := h.generate(bobs, name)
		if got := h.names("bob"); len(got) != 1 || got[0] != name {
			t.Errorf("%q is listed as %q", name, got)
		}
		h.want(204, "", bobs, "POST", "api/user_tokens/revoke?name="+url.QueryEscape(name))
		if h.valid(token) {
			t.Errorf("%q was not revoked", name)
		}
	}
	h.want(200, `{"user":{"login":"jürgen@例え.jp","name":"Jürgen 例え","active":true,"local":true}}`, admins, "POST", "api/users/create",
		"login", "jürgen@例え.jp", "name", "Jürgen 例え", "password", "größer")
	if token := h.generate("jürgen@例え.jp:größer", "ci"); !h.valid(token) {
		t.Error("the token does not work")
	}
	h.want(200, `{"paging":{"pageIndex":1,"pageSize":50,"total":1},"users":[{"login":"jürgen@例え.jp","name":"Jürgen 例え","active":true,"local":true,"tokensCount":1}]}`,
		admins, "GET", "api/users/search", "q", "JÜRGEN")
}
