package httpauth_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// The whole syntax, said a second time.
var (
	bearerSyntax = regexp.MustCompile(`^[ \t]*(?i:bearer)( +)([^\x00-\x20,\x7f]+)[ \t]*$`)
	basicSyntax  = regexp.MustCompile(`^[ \t]*(?i:basic)( +)([A-Za-z0-9+/]+={0,2})[ \t]*$`)
	aloneSyntax  = regexp.MustCompile(`^[ \t]*([^\x00-\x20,\x7f]+)[ \t]*$`)
)

// FuzzBearer holds the parser to the expression above: it accepts what matches, gives what stands there, and accepts
// nothing else and no two headers. Its seeds are in testdata.
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
			t.Errorf("%q gives %q, want %q", values, token, match[2])
		case err != nil && token != "":
			t.Errorf("%q is refused and gives %q", values, token)
		}
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r == 0x7f || r == ',' }) {
			t.Errorf("%q gives %q", values, token)
		}
	})
}

// FuzzCredentials has every option on, and two headers that each may be missing, empty or anything. A token is found only
// where one of them is one by the expressions above, and it is that one.
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
			if match := aloneSyntax.FindStringSubmatch(own); match != nil && len(match[1]) <= httpauth.MaxCredentials {
				want = append(want, match[1])
			}
		}
		token, err := httpauth.Find(h)
		switch {
		case err != nil && token != "":
			t.Errorf("%v is refused and gives %q", h, token)
		case err == nil && (len(want) != 1 || token != want[0]):
			t.Errorf("%v gives %q, want one of %q that is the only one", h, token, want)
		case err != nil && len(want) == 1 && !(hasAuthorization && hasOwn):
			t.Errorf("%v is refused, want %q: %v", h, want[0], err)
		}
	})
}

func TestBearerWithoutAHeaderIsNoToken(t *testing.T) {
	if token, err := httpauth.Bearer(nil); token != "" || err != httpauth.ErrNoToken {
		t.Errorf("no header gives %q, %v", token, err)
	}
}

// What a stranger sends costs next to nothing, however much it is.
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
