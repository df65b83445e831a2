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
