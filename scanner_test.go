package apitoken_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

var prefixes = []string{"a", "tok", "acme", "z9999"}

// freshToken returns the text of a token of a Manager with the prefix, and that Manager's Scanner.
func freshToken(t testing.TB, prefix string) (string, apitoken.Scanner) {
	t.Helper()
	m, _, text := newToken(t, memstore.New(), apitoken.Options{Prefix: prefix})
	return text, m.Scanner()
}

func mustScanner(t testing.TB, prefix string) apitoken.Scanner {
	t.Helper()
	s, err := apitoken.NewScanner(prefix)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// randomToken returns a well-formed text by the second implementation of the format.
func randomToken(random *rand.Rand, prefix string) string {
	body := make([]byte, 43)
	for i := range body {
		body[i] = base62[random.IntN(62)]
	}
	return withChecksum(prefix + "_" + string(body))
}

func TestAScannerTakesThePrefixesOfAManager(t *testing.T) {
	for _, prefix := range append(slices.Clone(prefixes), "", "TOK", "toolong", "9", "a-b", "a_", "ü", "a.*") {
		_, managerErr := apitoken.New(memstore.New(), &apitoken.Options{Prefix: prefix})
		_, err := apitoken.NewScanner(prefix)
		if (err == nil) != (managerErr == nil) || err != nil && !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("prefix %q: NewScanner returns %v and New %v, want both to accept or both to refuse", prefix, err, managerErr)
		}
	}
	text, own := freshToken(t, "acme")
	if s := mustScanner(t, "acme"); s != own || !s.LooksLikeToken(text) {
		t.Errorf("the Scanner of a Manager is %v, want the one of its prefix: %v", own, s)
	}
	var zero apitoken.Scanner
	text, own = freshToken(t, "")
	for _, s := range []apitoken.Scanner{zero, own, mustScanner(t, ""), mustScanner(t, "tok")} {
		if !s.LooksLikeToken(text) || s.Redact(text) != "tok_REDACTED" || s.Pattern() != zero.Pattern() || s.GitleaksRule() != zero.GitleaksRule() {
			t.Errorf("%v differs from the Scanner of tok, want the zero Scanner and that of the empty prefix to be the same", s)
		}
	}
}

// LooksLikeToken reports true exactly for the texts that a Manager looks up.
func TestLooksLikeTokenAgreesWithAuthenticate(t *testing.T) {
	for _, prefix := range prefixes {
		text, s := freshToken(t, prefix)
		changed := []byte(text)
		changed[10] = base62[(strings.IndexByte(base62, changed[10])+1)%62]
		m, err := apitoken.New(memstore.New(), &apitoken.Options{Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			text string
			want bool
		}{
			"a token":                  {text, true},
			"an unknown token":         {withChecksum(prefix + "_" + strings.Repeat("0", 43)), true},
			"all zeros":                {prefix + "_" + strings.Repeat("0", 49), false},
			"a wrong character":        {string(changed), false},
			"another prefix":           {withChecksum("b_" + text[len(prefix)+1:len(text)-6]), false},
			"an upper-case prefix":     {strings.ToUpper(prefix) + text[len(prefix):], false},
			"a hyphen":                 {strings.Replace(text, "_", "-", 1), false},
			"one character less":       {withChecksum(text[:len(text)-7]), false},
			"one character more":       {withChecksum(text[:len(text)-6] + "x"), false},
			"a space in front":         {" " + text, false},
			"a line feed at the end":   {text + "\n", false},
			"empty":                    {"", false},
			"the prefix":               {prefix + "_", false},
			"a foreign byte, checksum": {withChecksum(text[:20] + "-" + text[21:len(text)-6]), false},
			"a letter with an accent":  {withChecksum(text[:20] + "é" + text[22:len(text)-6]), false},
		} {
			if got := s.LooksLikeToken(tt.text); got != tt.want {
				t.Errorf("prefix %s, %s: LooksLikeToken is %t, want %t", prefix, name, got, tt.want)
			}
			if _, err := m.Authenticate(ctx, tt.text); errors.Is(err, apitoken.ErrMalformed) == tt.want {
				t.Errorf("prefix %s, %s: Authenticate returns %v, want ErrMalformed %t", prefix, name, err, !tt.want)
			}
		}
	}
}

func TestRedactReplacesTokensOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	a, b := randomToken(random, "tok"), randomToken(random, "tok")
	foreign := randomToken(random, "acme")
	wrong := a[:len(a)-1] + string(base62[(strings.IndexByte(base62, a[len(a)-1])+1)%62])
	// A token that ends in "tok", so that another one can begin inside it.
	ends := a
	for !strings.HasSuffix(ends, "tok") {
		ends = randomToken(random, "tok")
	}
	const r = "tok_REDACTED"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"no token", "a line without one", "a line without one"},
		{"a token", a, r},
		{"in a header", "Authorization: Bearer " + a + "\r\n", "Authorization: Bearer " + r + "\r\n"},
		{"in JSON", `{"secret":"` + a + `"}`, `{"secret":"` + r + `"}`},
		{"in a URL", "/x?t=" + a + "&u=1", "/x?t=" + r + "&u=1"},
		{"twice", a + " " + a, r + " " + r},
		{"two in a line", a + "," + b, r + "," + r},
		{"two without a separator", a + b, r + r},
		{"between letters", "x" + a + "y", "x" + r + "y"},
		{"between digits and underscores", "9_" + a + "_9", "9_" + r + "_9"},
		{"after a prefix", "tok_" + a, "tok_" + r},
		{"after one that is cut", b[:30] + a, b[:30] + r},
		{"after one with a wrong checksum", wrong + a, wrong + r},
		{"between other letters", "日本" + a + "é\u200b", "日本" + r + "é\u200b"},
		{"in what is not UTF-8", "\xff" + a + "\xc3", "\xff" + r + "\xc3"},
		{"between NULs", "\x00" + a + "\x00", "\x00" + r + "\x00"},
		{"one that begins inside another", "<" + withOverlap(ends, b) + ">", "<" + r + ">"},
		{"one that is cut", a[:len(a)-1], a[:len(a)-1]},
		{"one with a wrong checksum", wrong, wrong},
		{"of another prefix", foreign, foreign},
		{"a placeholder", "tok_" + strings.Repeat("x", 49), "tok_" + strings.Repeat("x", 49)},
		{"redacted already", "x " + r, "x " + r},
		{"a prefix at the end", "x tok_", "x tok_"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, apitoken.Scanner{}.Redact(tt.text)); diff != "" {
				t.Errorf("redacted (-want +got):\n%s", diff)
			}
		})
	}
}

// withOverlap returns a, whose last letters are the prefix of b, followed by the rest of b.
func withOverlap(a, b string) string { return a + b[len("tok"):] }

func TestRedactDoesNotCopyATextWithoutTokens(t *testing.T) {
	line := strings.Repeat("tok_ is the prefix, tok_x is none, ", 30)
	var s apitoken.Scanner
	if got := testing.AllocsPerRun(100, func() { _ = s.Redact(line) }); got != 0 {
		t.Errorf("%.0f allocations for a text without tokens, want none", got)
	}
}

func TestPatternFindsTokensThatAreWords(t *testing.T) {
	if diff := cmp.Diff(`\bacme_[0-9A-Za-z]{49}\b`, mustScanner(t, "acme").Pattern()); diff != "" {
		t.Errorf("pattern (-want +got):\n%s", diff)
	}
	for _, prefix := range prefixes {
		text, s := freshToken(t, prefix)
		pattern := regexp.MustCompile(s.Pattern())
		for _, around := range []string{"%s", `key = "%s"`, "X=%s\n", "é%sé", "(%s)", "-%s-", "%s %[1]s"} {
			line := fmt.Sprintf(around, text)
			for _, found := range pattern.FindAllString(line, -1) {
				if found != text {
					t.Errorf("the pattern finds %q in %q, want %q", found, line, text)
				}
			}
			if got, want := len(pattern.FindAllString(line, -1)), strings.Count(line, text); got != want {
				t.Errorf("the pattern finds %d tokens in %q, want %d", got, line, want)
			}
		}
		for _, around := range []string{"x%s", "%sx", "_%s", "%s_", "%s9"} {
			if line := fmt.Sprintf(around, text); pattern.MatchString(line) {
				t.Errorf("the pattern matches inside a word in %q, want no match", line)
			}
		}
		if pattern.MatchString(text[:len(text)-1]) || pattern.MatchString(strings.ToUpper(text)) {
			t.Errorf("the pattern of %s matches a shorter text or one in upper case, want no match", prefix)
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	line := `time=2026-03-01T12:00:00.000Z level=INFO msg="GET /api/hello" status=200 user=bob tok_hint=none took_ms=3` + "\n"
	for name, text := range map[string]string{
		"none":     strings.Repeat(line, 10_000),
		"one a kB": strings.Repeat(strings.Repeat(line, 9)+randomToken(random, "tok")+"\n", 1000),
		"worst":    strings.Repeat("a_", 500_000),
	} {
		s := mustScanner(b, map[bool]string{true: "a", false: "tok"}[name == "worst"])
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Redact(text)
			}
		})
	}
}
