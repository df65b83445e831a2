package adminui_test

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestEveryResponseHasSecurityHeaders(t *testing.T) {
	h := newHost(t)
	for _, person := range []string{"ada", "bob", "broken", ""} {
		for _, path := range []string{"/admin/", "/admin/users", "/admin/users/bob/tokens", "/admin/tokens.csv", "/admin/nothing", assetPath(t, "style"), "/"} {
			w := h.send(person, http.MethodGet, path, nil)
			want := map[string]string{
				"Cross-Origin-Opener-Policy": "same-origin", // a page that opened this one gets no reference to it
				"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
				"Cache-Control":              "no-store",
				"Referrer-Policy":            "same-origin", // no-referrer makes browsers send Origin: null with the forms
				"X-Content-Type-Options":     "nosniff",
				"X-Frame-Options":            "DENY",
			}
			if strings.Contains(path, "/static/") {
				want["Cache-Control"] = "public, max-age=31536000, immutable"
			}
			for name, value := range want {
				if got := w.Header().Get(name); got != value {
					t.Errorf("%s for %q: %s is %q, want %q", path, person, name, got, value)
				}
			}
		}
	}
}

func TestAFormHasALimit(t *testing.T) {
	h := newHost(t)
	for size, want := range map[int]int{100 << 10: http.StatusUnprocessableEntity, 200 << 10: http.StatusBadRequest} {
		w := h.send("bob", http.MethodPost, "/admin/users/bob/tokens", url.Values{"name": {strings.Repeat("x", size)}, "lifetime": {days30}})
		if w.Code != want {
			t.Errorf("a form of %d bytes: %d, want %d", size, w.Code, want)
		}
	}
}

// assetPath is the address of a static file, as the pages link to it.
func assetPath(t *testing.T, name string) string {
	t.Helper()
	path := regexp.MustCompile(`/admin/static/` + name + `-[0-9a-f]{16}\.[a-z]+`).FindString(newHost(t).page("ada", "/admin/users"))
	if path == "" {
		t.Fatalf("the page does not link to %s with a hash", name)
	}
	return path
}

// The address of a static file changes with its content. Another hash is of another version of the library: while both run, the pages
// of one get the files of the other, and browsers do not keep these.
func TestStaticFilesAreKeptUnderTheHashOfTheirContent(t *testing.T) {
	h := newHost(t)
	hash := regexp.MustCompile(`-[0-9a-f]{16}\.`)
	for name, contentType := range map[string]string{
		"style": "text/css; charset=utf-8", "enhance": "text/javascript; charset=utf-8", "icon": "image/svg+xml",
	} {
		path := assetPath(t, name)
		w := h.send("ada", http.MethodGet, path, nil)
		content, err := os.ReadFile("static/" + hash.ReplaceAllString(path[len("/admin/static/"):], "."))
		must(t, err)
		sum := sha256.Sum256(content)
		if want := "-" + hex.EncodeToString(sum[:8]) + "."; hash.FindString(path) != want {
			t.Errorf("%s does not have the hash %s", path, want)
		}
		if w.Code != http.StatusOK || w.Body.String() != string(content) || w.Header().Get("Content-Type") != contentType {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		other := h.send("ada", http.MethodGet, hash.ReplaceAllString(path, "-0123456789abcdef."), nil)
		if other.Code != http.StatusOK || other.Body.String() != string(content) || other.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s with another hash: %d %v", path, other.Code, other.Header())
		}
		if plain := h.send("ada", http.MethodGet, hash.ReplaceAllString(path, "."), nil); plain.Code != http.StatusNotFound {
			t.Errorf("%s without its hash: %d", path, plain.Code)
		}
	}
}

func TestStaticFilesAreNotListed(t *testing.T) {
	h := newHost(t)
	for _, path := range []string{"/admin/static/", "/admin/static/x/", "/admin/static/nothing.css", "/admin/static/-0123456789abcdef."} {
		if w := h.send("ada", http.MethodGet, path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		header map[string]string
		want   int
	}{
		{"these pages", map[string]string{"Sec-Fetch-Site": "same-origin"}, http.StatusCreated},
		{"an old browser on these pages", map[string]string{"Origin": "http://example.com"}, http.StatusCreated},
		{"a program", nil, http.StatusCreated},
		{"the trusted origin", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://tokens.example.com"}, http.StatusCreated},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, http.StatusForbidden},
		{"another site of the same domain", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://other.example.com"}, http.StatusForbidden},
		{"an old browser on another site", map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
		{"a page without an origin", map[string]string{"Origin": "null", "User-Agent": "Mozilla/5.0"}, http.StatusForbidden},
		{"a page without an origin, and the cookie of a session", map[string]string{"Origin": "null", "Cookie": "session=1"}, http.StatusForbidden},
		{"a page without an origin, and credentials", map[string]string{"Origin": "null", "Authorization": "Negotiate x"}, http.StatusForbidden},
		{"a page without an origin on another site", map[string]string{"Origin": "null", "Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		{"a program with the origin null", map[string]string{"Origin": "null"}, http.StatusCreated},
		{"a program that names another site", map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, func(o *adminui.Options) { o.TrustedOrigins = []string{"https://tokens.example.com"} })
			r := httptest.NewRequest(http.MethodPost, "http://example.com/admin/users/bob/tokens", strings.NewReader("name=ci&lifetime="+days30))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Person", "ada")
			for name, value := range tt.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			h.pages.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("%d, want %d: %.200s", w.Code, tt.want, text(w.Body.String()))
			}
			n, err := h.Manager.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true})
			if err != nil || (n == 1) != (tt.want == http.StatusCreated) {
				t.Errorf("%d tokens, %v", n, err)
			}
		})
	}
}

// A link must not fill in a form.
func TestFormsIgnoreTheQuery(t *testing.T) {
	h := newHost(t, withUserForms)
	token, _ := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "precious"})
	before := h.state()
	id := url.Values{"id": {token.ID.String()}}
	for _, tt := range []struct {
		name, path string
		body       url.Values
		status     int
		want       string
	}{
		{"generate", "/users/bob/tokens?name=ci&lifetime=" + days30, nil, 422, "Choose when the token expires."},
		{"the name", "/users/bob/tokens?name=ci", url.Values{"lifetime": {days30}}, 422, "Refused: name: is empty."},
		{"the lifetime", "/users/bob/tokens?lifetime=" + days30, url.Values{"name": {"ci"}}, 422, "Choose when the token expires."},
		{"the last day", "/users/bob/tokens?date=2026-01-10", url.Values{"name": {"ci"}, "lifetime": {"date"}}, 422, "Enter the last day of the token"},
		{"the maximum", "/policy?max=30&revision=0&confirmed=yes", nil, 422, "Enter a whole number of days"},
		{"the confirmation of the maximum", "/policy?revision=0&confirmed=yes", url.Values{"max": {"30"}}, 200, "Set the maximum to 30 days?"},
		{"the selection", "/tokens/revoke?" + id.Encode() + "&confirmed=yes", nil, 200, "there is nothing to revoke"},
		{"the change of a user", "/users/bob?name=x&role=admin&revision=1", nil, 400, "The form cannot be read"},
		{"the role of a user", "/users/bob?role=admin", url.Values{"name": {"Bob"}, "revision": {"1"}}, 303, ""},
		{"a new user", "/users?account=person&id=erin", nil, 422, "user id: is empty"},
		{"the confirmation of the revocation", "/tokens/revoke?confirmed=yes", id, 200, "Revoke 1 active token?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := h
			h.t = t
			h.says(h.form("ada", "/admin"+tt.path, tt.status, tt.body), tt.want)
			if diff := cmp.Diff(before, h.state()); diff != "" {
				t.Errorf("something changed (-before +after):\n%s", diff)
			}
		})
	}
}

// hostile returns names for an attack that the library accepts as names.
func hostile() []string {
	parts := []string{
		"<script>alert(1)</script>", "</textarea><img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "' onfocus='alert(1)' autofocus='",
		"javascript:alert(1)", "{{.Secret}}", "${7*7}", "%3Cscript%3E", "&lt;b&gt;", "&amp;", "=1+1", "=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)",
		"'quoted", "''", "\"", "a,b", "a;b", "x;=1+1", "x|=1+1", "x,\"=1+1", "a\"b", "\\", "שלום", "مرحبا", "日本語", "é", "e\u0301", "😀", "..", "/", "?x=1#y", "null", "0", "’", "\u00a0x"[2:],
	}
	var names []string
	for _, a := range parts {
		for _, b := range parts {
			if name := a + " " + b; len([]rune(name)) <= 100 && len(names) < 480 {
				names = append(names, name)
			}
		}
	}
	return append(append(names, parts[:19]...), strings.Repeat("W", 100))
}

// Hostile names and resources are text on the pages and the same text in the file, where no cell begins a formula. The last
// token has no resource.
func TestHostileNamesAndResourcesAreText(t *testing.T) {
	h := newHost(t)
	names := hostile()
	if len(names) != 500 {
		t.Fatalf("%d names, want 500", len(names))
	}
	resources := append(slices.Clone(names[1:]), "")
	for i, name := range names {
		p := apitoken.GenerateParams{Owner: "bob", Name: name, Resource: resources[i]}
		if _, _, err := h.Manager.Generate(ctx, apitoken.System(), p); err != nil {
			t.Fatalf("name %d, %q: %v", i, name, err)
		}
	}
	name := regexp.MustCompile(`<th scope="row" data-label="Name"><a href="/admin/tokens/[0-9a-f-]{36}"><bdi>([^<]*)</bdi></a>`)
	resource := regexp.MustCompile(`<td data-label="Kind">user(?: <bdi class="hint resource">([^<]*)</bdi>)?</td>`)
	for _, path := range []string{"/admin/tokens?owner=bob&order=oldest", "/admin/users/bob/tokens?order=oldest"} {
		var gotNames, gotResources []string
		for more := true; more; {
			page := h.page("ada", path)
			gotNames = append(gotNames, firstGroups(name, page)...)
			gotResources = append(gotResources, firstGroups(resource, page)...)
			for _, bad := range []string{"<script>", "<img", "<svg", "onerror=\"", "onload=\"", `"hint resource"></bdi>`} {
				if strings.Contains(page, bad) {
					t.Errorf("%s contains %s", path, bad)
				}
			}
			if more = strings.Contains(page, `rel="next"`); more {
				path = nextOf(t, page)
			}
		}
		if diff := cmp.Diff(names, gotNames); diff != "" {
			t.Errorf("names on the pages up to %s (-want +got):\n%s", path, diff)
		}
		if diff := cmp.Diff(resources, gotResources); diff != "" {
			t.Errorf("resources on the pages up to %s (-want +got):\n%s", path, diff)
		}
	}

	w := h.send("ada", http.MethodGet, "/admin/tokens.csv", nil)
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="tokens.csv"` {
		t.Errorf("Content-Disposition is %q", got)
	}
	rows, err := csv.NewReader(w.Body).ReadAll()
	h.must(err)
	var gotNames, gotResources []string
	for _, row := range rows[1:] {
		for _, cell := range row {
			for _, part := range formulas(cell) {
				t.Errorf("the cell %q has the formula %q", cell, part)
			}
		}
		gotNames = append(gotNames, original(row[slices.Index(rows[0], "name")]))
		gotResources = append(gotResources, original(row[slices.Index(rows[0], "resource")]))
	}
	if diff := cmp.Diff(names, gotNames); diff != "" {
		t.Errorf("names in the file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(resources, gotResources); diff != "" {
		t.Errorf("resources in the file (-want +got):\n%s", diff)
	}
}

// firstGroups returns the first group of every match in a page.
func firstGroups(pattern *regexp.Regexp, page string) (all []string) {
	for _, m := range pattern.FindAllStringSubmatch(page, -1) {
		all = append(all, html.UnescapeString(m[1]))
	}
	return all
}

// No spreadsheet finds a formula, and the rule in the documentation restores the cell.
func TestCellsWithoutFormulasCanBeRestored(t *testing.T) {
	for _, cell := range []string{
		"", "x", "=1", "'=1", "''", "'", "+", "-1", "@x", "\tx", "\rx", "é", "a=1",
		"x;=cmd|' /C calc'!A0", "x,=1", "x|=1", "x\t=1", "x\n=1", "x\r\n=1", "x;'=1", "x;''", ";;=1", "=1;=1", "x; =1", `x;"=1`, `x;" "=1`,
		" =1", `"=1"`, "＝1", "x;＋1", "－1", "＠x", "\t=1", "a;b", "a, b", "a - b", "x;-", "x|@y;+z",
	} {
		got := adminui.WithoutFormulas(cell)
		if restored := original(got); restored != cell {
			t.Errorf("%q became %q, which reads as %q", cell, got, restored)
		}
		for _, part := range formulas(got) {
			t.Errorf("%q became %q, in which a spreadsheet can find the formula %q", cell, got, part)
		}
	}
	for _, cell := range []string{"ada@example.org", "CI - deploy", "a;b", "x=1", "a, b", "1-2"} {
		if got := adminui.WithoutFormulas(cell); got != cell {
			t.Errorf("%q became %q, want no change", cell, got)
		}
	}
}

// original restores a cell by the rule in the documentation of the package.
func original(cell string) string { return apostrophes.ReplaceAllString(cell, "$1") }

var apostrophes = regexp.MustCompile(`(^|[,;|\t\r\n])'`)

// formulas returns the parts of a cell that a spreadsheet could take for a formula, with any separator.
func formulas(cell string) (found []string) {
	for _, separators := range []string{"", ",", ";", "|", "\t", "\r\n", ",;|\t\r\n"} {
		for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			if start := strings.TrimLeft(part, ` "`); start != "" && strings.ContainsAny(start[:1], "=+-@\t\r") || strings.HasPrefix(start, "＝") ||
				strings.HasPrefix(start, "＋") || strings.HasPrefix(start, "－") || strings.HasPrefix(start, "＠") {
				found = append(found, part)
			}
		}
	}
	return found
}

// The secret is only in the body of the response to the form.
func TestTheSecretIsShownOnce(t *testing.T) {
	h := newHost(t)
	w := h.send("ada", http.MethodPost, "/admin/users/bob/tokens", url.Values{"name": {"ci"}, "lifetime": {days30}})
	text := secret.FindString(w.Body.String())
	if text == "" || strings.Count(w.Body.String(), text) != 1 {
		t.Fatalf("the secret is shown %d times", strings.Count(w.Body.String(), text))
	}
	if strings.Contains(fmt.Sprint(w.Header()), text) {
		t.Errorf("the secret is in the header: %v", w.Header())
	}
	if cookies := w.Header().Values("Set-Cookie"); cookies != nil {
		t.Errorf("cookies: %q", cookies)
	}
	w = h.send("ada", http.MethodPost, "/admin/users/bob/tokens", url.Values{"name": {"ci"}, "lifetime": {days30}})
	if w.Code != http.StatusConflict || secret.MatchString(w.Body.String()) {
		t.Errorf("sent again: %d, want 409 without a secret", w.Code)
	}
	for _, path := range []string{"/users", "/users/bob/tokens", "/tokens", "/tokens.csv", "/expiring", "/policy", "/activity"} {
		h.saysNothingOf(h.page("ada", "/admin"+path), text)
	}
}

// The Content-Security-Policy forbids inline scripts and styles.
func TestTemplatesHaveNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(?:[^>]*[^>]src=)?>|\sstyle=|\son[a-z]+=|<style|javascript:|https?://`)
	files := os.DirFS("templates")
	names, err := fs.Glob(files, "*.html")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d templates, %v", len(names), err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		must(t, err)
		if found := inline.FindString(string(content)); found != "" {
			t.Errorf("%s contains %q", name, found)
		}
	}
}

// An id or a name in a right-to-left script would change the order of the words around it outside a bdi element. An option cannot
// contain one, and has dir=auto.
func TestIDsAndNamesAreIsolated(t *testing.T) {
	const id, other, name, role = "אבג", "ייי", "דהו", "טטט"
	kit := tokentest.NewWith(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{role: apitoken.ListAny}})
	h := mount(t, kit, withUserForms, signedInAs(id), func(o *adminui.Options) { o.SignOut = "/sign-out" })
	h.put(apitoken.User{ID: id, Name: name, Role: apitoken.RoleAdmin})
	h.put(apitoken.User{ID: other, Name: name, Role: role})
	h.put(apitoken.User{ID: other, Name: name + name, Role: apitoken.RoleUser})
	token, _, err := h.Manager.Generate(ctx, apitoken.As(id), apitoken.GenerateParams{Owner: other, Name: name, Description: name, Resource: name, Lifetime: apitoken.Days(7)})
	h.must(err)
	_, err = h.Manager.SetPolicy(ctx, apitoken.As(id), apitoken.MaxLifetimePolicy{Max: apitoken.Days(90)})
	h.must(err)
	description := name + name
	token, err = h.Manager.UpdateToken(ctx, apitoken.As(id), token.ID, apitoken.TokenChange{Description: &description})
	h.must(err)
	form := url.Values{"id": {token.ID.String()}, "name": {name}, "lifetime": {days30}}
	forms := map[string]int{"/users/" + other + "/tokens": 409, "/users/" + id + "/tokens": 201, "/tokens/revoke": 200}
	seen := 0
	check := func(path, page string) {
		t.Helper()
		seen += strings.Count(page, "<bdi")
		bare := regexp.MustCompile(`(?s)<title>.*?</title>|<bdi[^>]*>[^<]*</bdi>|<option dir="auto"[^>]*>[^<]*</option>|<[^>]*>`).ReplaceAllString(page, "")
		for _, text := range []string{id, other, name, role} {
			if before, _, found := strings.Cut(bare, text); found {
				t.Errorf("%s shows %q outside a bdi, after %q", path, text, before[max(0, len(before)-60):])
			}
		}
	}
	for path, want := range forms {
		check(path, h.form("", "/admin"+path, want, form))
	}
	for _, path := range []string{
		"/users", "/users?q=" + url.QueryEscape(name), "/users?q=" + url.QueryEscape("אאא"), "/users/" + id + "/tokens", "/users/" + other + "/tokens",
		"/users/" + id, "/users/" + other, "/users/" + other + "/disable", "/users/" + other + "/suspend", "/users/" + other + "/revoke-all", "/tokens", "/tokens?owner=" + url.QueryEscape(other), "/tokens/" + token.ID.String(), "/tokens/" + token.ID.String() + "/revoke", "/tokens/" + token.ID.String() + "/edit", "/expiring", "/policy",
		"/activity", "/activity?owner=" + url.QueryEscape(other), "/activity?owner=" + url.QueryEscape("אבגד"),
	} {
		check(path, h.page("", "/admin"+path))
	}
	form.Set("confirmed", "yes")
	check("the result", h.form("", "/admin/tokens/revoke", http.StatusOK, form))
	if seen < 60 {
		t.Errorf("%d ids and names, want at least 60", seen)
	}
}
