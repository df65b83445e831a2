package httpauth_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// The syntax as regular expressions, as a second implementation.
var (
	bearerSyntax = regexp.MustCompile(`^[ \t]*(?i:bearer)( +)([^\x00-\x20,\x7f]+)[ \t]*$`)
	basicSyntax  = regexp.MustCompile(`^[ \t]*(?i:basic)( +)([A-Za-z0-9+/]+={0,2})[ \t]*$`)
	keySyntax    = regexp.MustCompile(`^[ \t]*([^\x00-\x20,\x7f]+)[ \t]*$`)
)

// FuzzBearer compares the parser with bearerSyntax. It accepts exactly one header that matches, and returns the token. Its seeds
// are in testdata.
func FuzzBearer(f *testing.F) {
	f.Fuzz(func(t *testing.T, value, second string, two bool) {
		values := []string{value}
		if two {
			values = append(values, second)
		}
		token, err := httpauth.Bearer(values)
		match := bearerSyntax.FindStringSubmatch(value)
		accept := !two && match != nil && len(match[1])+len(match[2]) <= httpauth.MaxCredentials
		switch {
		case accept && err != nil:
			t.Errorf("%q is refused: %v", values, err)
		case !accept && err == nil:
			t.Errorf("%q is accepted as %q", values, token)
		case accept && token != match[2]:
			t.Errorf("%q returns %q, want %q", values, token, match[2])
		case err != nil && token != "":
			t.Errorf("%q is refused and returns %q", values, token)
		}
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r == 0x7f || r == ',' }) {
			t.Errorf("%q returns %q, which has a separator", values, token)
		}
	})
}

// FuzzCredentials has all options on and two headers that may be missing, empty or anything. A token is found only if exactly
// one of them holds one by the expressions above.
func FuzzCredentials(f *testing.F) {
	token := "tok_" + strings.Repeat("x", 49)
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, authorization := range []string{
		"", "Bearer " + token, "Bearer", basic(token + ":"), basic(token + ":" + token), basic(token), basic(":"), basic(":" + token),
		basic("") + "!", "Basic", "Basic =", "Basic " + token, "basic  " + basic(token + ":")[6:], "Basic YWJjOg==", "Basic YWJjOh==", "Basic YWJjOg", "Digest x",
	} {
		for _, own := range []string{"", token, " " + token + "\t", "Bearer " + token, token + "," + token, strings.Repeat("x", 513)} {
			f.Add(authorization, true, own, true)
			f.Add(authorization, true, own, false)
			f.Add(authorization, false, own, true)
		}
	}
	f.Fuzz(func(t *testing.T, authorization string, hasAuthorization bool, own string, hasOwn bool) {
		h := http.Header{}
		var want []string
		if hasAuthorization {
			h.Set("Authorization", authorization)
			if match := bearerSyntax.FindStringSubmatch(authorization); match != nil && len(match[1])+len(match[2]) <= httpauth.MaxCredentials {
				want = append(want, match[2])
			}
			if match := basicSyntax.FindStringSubmatch(authorization); match != nil && len(match[1])+len(match[2]) <= httpauth.MaxCredentials {
				text, err := base64.StdEncoding.DecodeString(match[2])
				user, isToken := strings.CutSuffix(string(text), ":")
				canonical := base64.StdEncoding.EncodeToString(text) == match[2]
				if err == nil && canonical && isToken && user != "" && !strings.Contains(user, ":") {
					want = append(want, user)
				}
			}
		}
		if hasOwn {
			h.Set("X-API-Key", own)
			if match := keySyntax.FindStringSubmatch(own); match != nil && len(match[1]) <= httpauth.MaxCredentials {
				want = append(want, match[1])
			}
		}
		token, err := httpauth.Find(h)
		switch {
		case err != nil && token != "":
			t.Errorf("%v is refused and returns %q", h, token)
		case err == nil && (len(want) != 1 || token != want[0]):
			t.Errorf("%v returns %q, want the only one of %q", h, token, want)
		case err != nil && len(want) == 1 && !(hasAuthorization && hasOwn):
			t.Errorf("%v is refused, want %q: %v", h, want[0], err)
		}
	})
}

// The cost must not grow with the length of what a client sends.
func BenchmarkBearer(b *testing.B) {
	for name, value := range map[string]string{
		"token":    "Bearer tok_" + strings.Repeat("x", 49),
		"mebibyte": "Bearer " + strings.Repeat("x", 1<<20),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = httpauth.Bearer([]string{value})
			}
		})
	}
}
