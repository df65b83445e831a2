package adminapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
)

// bodyRoutes are the routes that read a body, each with a valid body of one member.
var bodyRoutes = []struct {
	method, path string
	name, value  string // of the member
}{
	{"POST", "/users/bob/tokens", "name", `"x"`},
	{"PUT", "/users/bob", "name", `"x"`},
	{"PUT", "/policy", "no_maximum", "true"},
	{"PUT", "/policy", "max_lifetime_seconds", "60"},
}

// Every route reads a body in the same way. testdata/exchanges has the members of each.
func TestEveryBodyIsReadStrictly(t *testing.T) {
	for _, route := range bodyRoutes {
		first, upper := route.name, strings.ToUpper(route.name)
		quoted := fmt.Sprintf("%q", first)
		member := quoted + ": " + route.value
		body := "{" + member + "}"
		more := func(members string) string { return "{" + member + ", " + members + "}" }
		type test struct {
			name, body string
			status     int
			code       string
		}
		tests := []test{
			{"blank", " ", 400, "malformed"},
			{"nothing", "", 415, "unsupported_media_type"}, // an empty body has no content type
			{"no JSON", "x", 400, "malformed"},
			{"a form", "name=x", 400, "malformed"},
			{"a text", `"x"`, 400, "malformed"},
			{"a number", "1", 400, "malformed"},
			{"null", "null", 400, "malformed"},
			{"an array", "[" + body + "]", 400, "malformed"},
			{"cut off", strings.TrimSuffix(body, "}"), 400, "malformed"},
			{"a comma at the end", "{" + member + ",}", 400, "malformed"},
			{"something behind", body + "x", 400, "malformed"},
			{"a second object", body + body, 400, "malformed"},
			{"NUL behind", body + "\x00", 400, "malformed"},
			{"a byte order mark", "\ufeff" + body, 400, "malformed"},
			{"UTF-16", "\xff\xfe{\x00}\x00", 400, "malformed"},
			{"a comment", "{/* */" + member + "}", 400, "malformed"},
			{"unknown", more(`"scope": "all"`), 400, "malformed"},
			{"unknown and null", more(`"scope": null`), 400, "malformed"},
			{"unknown and deep", more(`"scope": ` + strings.Repeat(`{"a":`, 900) + "1" + strings.Repeat("}", 900)), 400, "malformed"},
			{"too deep", more(`"scope": ` + strings.Repeat("[", 16000)), 400, "malformed"},
			{"no name", more(`"": 1`), 400, "malformed"},
			{"__proto__", more(`"__proto__": {}`), 400, "malformed"},
			{"twice", more(member), 400, "malformed"},
			{"twice, escaped", more(strings.Replace(member, first, fmt.Sprintf(`\u%04x%s`, first[0], first[1:]), 1)), 400, "malformed"},
			{"another case", "{" + strings.Replace(member, first, upper, 1) + "}", 400, "malformed"},
			{"another case besides", more(`"` + upper + `": 1`), 400, "malformed"},
			{"a space in the name", "{" + strings.Replace(member, first, first+" ", 1) + "}", 400, "malformed"},
			{"null for the member", "{" + quoted + ": null}", 400, "malformed"},
			{"an object for the member", "{" + quoted + ": {}}", 400, "malformed"},
			{"an array for the member", "{" + quoted + ": []}", 400, "malformed"},
			{"128 KiB", body + strings.Repeat(" ", 128<<10-len(body)), 0, ""},
			{"128 KiB and one", body + strings.Repeat(" ", 128<<10-len(body)+1), 413, "too_large"},
			{"1 MiB", `{"name": "` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large"},
		}
		if route.path != "/users/bob" { // a user keeps what is left out
			tests = append(tests, test{"empty", "{}", 422, "invalid"})
		}
		for _, test := range tests {
			t.Run(route.method+" "+route.path+" "+first+" "+test.name, func(t *testing.T) {
				s := newSite(t)
				before := s.snapshot()
				w := s.call("ada", route.method, route.path, test.body)
				if test.code == "" {
					if w.Code >= 300 {
						t.Errorf("the status is %d, want a success: %s", w.Code, w.Body)
					}
					return
				}
				wantProblem(t, test.status, test.code, w)
				if diff := cmp.Diff(before, s.snapshot()); diff != "" {
					t.Errorf("a refused request changed something (-before +after):\n%s", diff)
				}
			})
		}
	}
}

// snapshot is the state of the host, as the lists show it.
func (s site) snapshot() (all []string) {
	for _, path := range []string{"/users", "/tokens", "/policy", "/events"} {
		all = append(all, s.call("ada", "GET", path, "").Body.String())
	}
	return all
}

func TestEveryBodyHasToBeDeclaredAsJSON(t *testing.T) {
	for _, route := range bodyRoutes {
		for name, header := range map[string]http.Header{
			"none":                   {},
			"empty":                  {"Content-Type": {""}},
			"text":                   {"Content-Type": {"text/plain"}},
			"a form":                 {"Content-Type": {"application/x-www-form-urlencoded"}},
			"a form with a boundary": {"Content-Type": {"multipart/form-data; boundary=x"}},
			"another JSON":           {"Content-Type": {"application/merge-patch+json"}},
			"JSON as text":           {"Content-Type": {"text/json"}},
			"another charset":        {"Content-Type": {"application/json; charset=utf-16"}},
			"two":                    {"Content-Type": {"application/json", "application/json"}},
			"a list":                 {"Content-Type": {"application/json, application/json"}},
			"compressed":             {"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}},
			"compressed otherwise":   {"Content-Type": {"application/json"}, "Content-Encoding": {"br"}},
		} {
			t.Run(route.method+" "+route.path+" "+name, func(t *testing.T) {
				s := newSite(t)
				before := s.snapshot()
				r := httptest.NewRequest(route.method, route.path, strings.NewReader("{"+strconv.Quote(route.name)+": "+route.value+"}"))
				r.Header = header
				wantProblem(t, 415, "unsupported_media_type", s.serve("ada", r))
				if diff := cmp.Diff(before, s.snapshot()); diff != "" {
					t.Errorf("a refused request changed something (-before +after):\n%s", diff)
				}
			})
		}
	}
}

func TestAnIncompleteBodyIsMalformed(t *testing.T) {
	s := newSite(t)
	r := newRequest("POST", "/users/bob/tokens", `{"name": "x"}`)
	r.Body = io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(r.Body)))
	wantProblem(t, 400, "malformed", s.serve("bob", r))
}

// If an unread part were ignored, the client would believe that it counted: a body of DELETE .../tokens looks as if it
// narrowed what is revoked.
func TestUnreadPartsOfARequestAreRefused(t *testing.T) {
	honoured := map[string]bool{"PUT /users/{id} If-Match": true, "PUT /policy If-Match": true}
	for _, r := range requests() {
		refused := func(name string, change func(*http.Request), want string) {
			t.Run(r.String()+" "+name, func(t *testing.T) {
				s := newSite(t)
				token, _ := s.Generate(apitoken.GenerateParams{Owner: "bob"})
				req := newRequest(r.Method, strings.Replace(r.path, noToken, token.ID.String(), 1), r.body)
				before := s.snapshot()
				change(req)
				p := wantProblem(t, 400, "malformed", s.serve("ada", req))
				if !strings.Contains(p.Detail, want) {
					t.Errorf("the detail is %q, want it to name %q", p.Detail, want)
				}
				if diff := cmp.Diff(before, s.snapshot()); diff != "" {
					t.Errorf("a refused request changed something (-before +after):\n%s", diff)
				}
			})
		}
		if r.body == "" {
			for name, body := range map[string]string{
				"a condition": `{"kind": "ci"}`, "an empty object": "{}", "a form": "kind=ci", "a space": " ", "NUL": "\x00", "1 MiB": strings.Repeat("x", 1<<20),
			} {
				refused(name, func(req *http.Request) {
					req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
				}, "body")
				refused(name+" of unknown length", func(req *http.Request) {
					req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), -1
				}, "body")
			}
			refused("a body that is announced and does not come", func(req *http.Request) {
				req.Body, req.ContentLength = io.NopCloser(iotest.ErrReader(errors.New("nothing comes"))), 10
			}, "body")
		}
		for _, header := range []string{"If-Match", "If-None-Match", "If-Unmodified-Since"} {
			for _, value := range []string{`"1"`, "*", "", "Thu, 01 Jan 2026 12:00:00 GMT"} {
				if honoured[r.String()+" "+header] {
					continue
				}
				refused(header+": "+value, func(req *http.Request) { req.Header[header] = []string{value} }, header)
			}
		}
		if r.body != "" {
			refused("a part of a body", func(req *http.Request) { req.Header.Set("Content-Range", "bytes 0-9/100") }, "Content-Range")
		}
	}
}

// times are texts that look like a time, and whether each is one of RFC 3339 as the document has it.
var times = map[string]bool{
	"2026-01-31T12:00:00Z": true, "2026-01-31T12:00:00.5Z": true, "2026-01-31T12:00:00.123456789123Z": true, "2026-01-31T12:00:00+00:00": true,
	"2026-01-31T12:00:00-00:00": true, "2026-01-31T12:00:00+23:59": true, "2026-01-31T12:00:00-12:00": true, "2028-02-29T00:00:00Z": true, "2026-01-31T23:59:59Z": true,
	"2026-01-31T5:00:00Z": false, "2026-01-31T12:00:00,5Z": false, "2026-01-31T12:00:00+24:00": false, "2026-01-31T12:00:00+01:60": false,
	"2026-01-31T12:00:00-24:00": false, "2026-01-31T12:00:00+99:99": false,
	"2026-01-31t12:00:00Z": false, "2026-01-31T12:00:00z": false, "2026-01-31 12:00:00Z": false, "2026-01-31T12:00:00": false, "2026-01-31T12:00Z": false,
	"2026-01-31T12:00:00.Z": false, "2026-01-31T12:00:00+0100": false, "2026-01-31T12:00:00+01": false, "2026-1-31T12:00:00Z": false, "2026-01-31T24:00:00Z": false,
	"2026-01-31T12:60:00Z": false, "2026-01-31T23:59:60Z": false, "2026-02-29T00:00:00Z": false, "2026-13-01T00:00:00Z": false, "2026-00-01T00:00:00Z": false,
	"2026-01-00T00:00:00Z": false, "02026-01-31T12:00:00Z": false, "26-01-31T12:00:00Z": false, "2026-01-31T12:00:00Z ": false, " 2026-01-31T12:00:00Z": false,
	"2026-01-31T12:00:00Z\n": false, "２０２６-01-31T12:00:00Z": false, "2026-01-31T12:00:00Z[UTC]": false, "2026-W05-6T12:00:00Z": false, "+2026-01-31T12:00:00Z": false,
	"2026-01-31T12:00:00.5+24:00": false, "2026-01-31T12:00:00 01:00": false,
}

// A body and the query accept the same times, which are those that the pattern of the document matches.
func TestTimesFollowRFC3339Exactly(t *testing.T) {
	s := newSite(t)
	pattern := regexp.MustCompile(documentedTime(t))
	for text, good := range times {
		quoted, err := json.Marshal(text)
		must(t, err)
		w := s.call("ada", "POST", "/users/bob/tokens", `{"name": "`+fmt.Sprintf("%x", text)[:20]+fmt.Sprint(len(text))+`", "expires_at": `+string(quoted)+`}`)
		refused := w.Code == 400 && decode[problem](t, w).Field == "expires_at"
		if refused == good {
			t.Errorf("%q in a body: the status is %d, and the time is valid: %t: %s", text, w.Code, good, w.Body)
		}
		for _, name := range []string{"expires_before", "unused_since"} {
			w := s.call("ada", "GET", "/tokens?"+name+"="+url.QueryEscape(text), "")
			if refused := w.Code == 400 && decode[problem](t, w).Field == name; refused == good {
				t.Errorf("%q as %s: the status is %d, and the time is valid: %t: %s", text, name, w.Code, good, w.Body)
			}
		}
		// The pattern knows no calendar; the format date-time does.
		if matches := pattern.MatchString(text); good && !matches || !good && matches && text != "2026-02-29T00:00:00Z" {
			t.Errorf("%q matches the pattern of the document: %t, want %t", text, matches, good)
		}
	}
}

// documentedTime is the pattern of every time in requests.
func documentedTime(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`"format": "date-time",\s+"pattern": ("(?:[^"\\]|\\.)*")`).FindAllSubmatch(adminapi.OpenAPI, -1)
	if len(found) != 9 {
		t.Fatalf("the document has %d patterns of times, want those of expires_at in four bodies, and of claim_by, expires_before, unused_since, since and before", len(found))
	}
	var pattern string
	for _, m := range found {
		var one string
		must(t, json.Unmarshal(m[1], &one))
		if pattern != "" && one != pattern {
			t.Errorf("the document has the patterns %s and %s", pattern, one)
		}
		pattern = one
	}
	return pattern
}

// Ids in the path: what cannot be one never gets anywhere, and what can is taken letter for letter.
func TestIDsInThePath(t *testing.T) {
	s := newSite(t)
	for _, id := range []apitoken.UserID{"a/b", "..", ".", "%2F", "tokens", "disabled", "a/tokens", "Bob", "bob ", "b\u00e4b", "//", "~bob"} {
		if id != "bob " {
			s.User(id, "")
		}
	}
	tests := []struct {
		segment string
		want    string // the id that is answered, or the code of the problem
	}{
		{"bob", "bob"},
		{"Bob", "Bob"},
		{"BOB", "not_found"},
		{"%62ob", "bob"},
		{"bob%20", "not_found"}, // a user id may have spaces; this one there is not
		{"bob%00", "invalid"},
		{"bob%0A", "invalid"},
		{"%E2%80%AEbob", "invalid"},
		{"%ff", "invalid"},
		{"b%C3%A4b", "b\u00e4b"},
		{"ba%CC%88b", "not_found"}, // the same to the eye
		{"a%2Fb", "a/b"},
		{"a%2fb", "a/b"},
		{"a/b", "not_found"},
		{"%2F%2F", "//"},
		{"%2E%2E", ".."},
		{"%2e", "."},
		{"..", "not_found"},
		{".", "not_found"},
		{"", "not_found"},
		{"%252F", "%2F"},
		{"~YS9i", "a/b"},
		{"%7EYS9i", "a/b"},
		{"~Li4", ".."},
		{"~Lg", "."},
		{"~Ly8", "//"},
		{"~fmJvYg", "~bob"},
		{"~bob", "not_found"},  // no base64url of whole bytes
		{"~Ym9i", "not_found"}, // bob, which is written as it is
		{"~Li4=", "not_found"}, // padding
		{"~Li5", "not_found"},  // bits that count for nothing are set
		{"~YS94", "not_found"}, // a/x, which is no user
		{"~", "not_found"},
		{"~LwA", "invalid"}, // a slash and NUL
		{"~L_8", "invalid"}, // no text
		{"tokens", "tokens"},
		{"disabled", "disabled"},
		{"a%2Ftokens", "a/tokens"},
		{tooLongID, "invalid"},
		{strings.Repeat("x", 1<<16), "invalid"},
		{"bob;x=1", "not_found"},
		{"*", "not_found"},
		{"bob+", "not_found"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%.30s", test.segment), func(t *testing.T) {
			w := s.call("ada", "GET", "/users/"+test.segment, "")
			got := codeOf(w.Body.Bytes())
			if w.Code == http.StatusOK {
				got = decode[struct{ ID string }](t, w).ID
			}
			if got != test.want {
				t.Errorf("it is %q, want %q", got, test.want)
			}
		})
	}
	token, _ := s.Generate(apitoken.GenerateParams{Owner: "bob"})
	id := token.ID.String()
	for name, text := range map[string]string{
		"capitals": strings.ToUpper(id), "braces": "%7B" + id + "%7D", "a URN": "urn:uuid:" + id, "no hyphens": strings.ReplaceAll(id, "-", ""),
		"a space": id + "%20", "NUL": id + "%00", "short": id[:35], "long": id + "0", "a number": "1", "nothing but zeros": "00000000-0000-0000-0000-000000000000",
		"a secret": s.Token("bob"), "a hint": token.Hint, "not UTF-8": "%ff", "very long": strings.Repeat("0", 1<<16),
	} {
		for _, method := range []string{"GET", "DELETE"} {
			t.Run(method+" "+name, func(t *testing.T) {
				wantProblem(t, 404, "not_found", s.call("ada", method, "/tokens/"+text, ""))
			})
		}
	}
	if _, err := s.Manager.Token(ctx, apitoken.As("bob"), token.ID); err != nil {
		t.Error(err)
	}
	if got := s.live(); len(got) != 2 {
		t.Errorf("%d tokens are alive", len(got))
	}
}
