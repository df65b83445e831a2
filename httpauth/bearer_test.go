package httpauth_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// credentials is the whole syntax, said a second time.
var credentials = regexp.MustCompile(`^[ \t]*(?i:bearer)( +)([^\x00-\x20,\x7f]+)[ \t]*$`)

// FuzzBearer holds the parser to the expression above: it accepts what matches, gives what stands there, and accepts
// nothing else and no two headers. Its seeds are in testdata.
func FuzzBearer(f *testing.F) {
	f.Fuzz(func(t *testing.T, value, second string, two bool) {
		values := []string{value}
		if two {
			values = append(values, second)
		}
		token, err := httpauth.Bearer(values)
		match := credentials.FindStringSubmatch(value)
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

func TestBearerWithoutAHeaderIsNoBearer(t *testing.T) {
	if token, err := httpauth.Bearer(nil); token != "" || err != httpauth.ErrNoBearer {
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
