package apitoken_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// slowRedact is a second implementation of Redact, which tries every byte as the start of a token.
func slowRedact(prefix, text string) string {
	length := len(prefix) + 50
	out, end := "", 0 // end of the token before
	for i := range len(text) {
		if i+length <= len(text) && wellFormed(prefix, text[i:i+length]) {
			if i >= end {
				out += prefix + "_REDACTED"
			}
			end = i + length
		}
		if i >= end {
			out += text[i : i+1]
		}
	}
	return out
}

// wellFormed is a second implementation of the format.
func wellFormed(prefix, text string) bool {
	body, ok := strings.CutPrefix(text, prefix+"_")
	return ok && len(body) == 49 && strings.Trim(body, base62) == "" && withChecksum(text[:len(text)-6]) == text
}

// FuzzRedact: Redact agrees with the second implementation for tokens between any texts, and leaves no token.
func FuzzRedact(f *testing.F) {
	for _, between := range []string{"", " ", "tok_", "tok_x", "_", "é", "\xff", "to", "tok_REDACTED", strings.Repeat("0", 49)} {
		f.Add(between, "x", " ", uint64(1))
		f.Add("", between, between, uint64(2))
	}
	f.Fuzz(func(t *testing.T, before, between, after string, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		for _, prefix := range prefixes {
			s := mustScanner(t, prefix)
			a, b := randomToken(random, prefix), randomToken(random, prefix)
			text := before + a + between + b + after
			got := s.Redact(text)
			if diff := cmp.Diff(slowRedact(prefix, text), got); diff != "" {
				t.Fatalf("%q (-want +got):\n%s", text, diff)
			}
			if strings.Contains(got, a) || strings.Contains(got, b) || s.Redact(got) != got {
				t.Fatalf("redacted %q, want no token left", got)
			}
			if utf8.ValidString(text) && !utf8.ValidString(got) {
				t.Fatalf("redacted %q, want valid UTF-8 like the text", got)
			}
		}
	})
}

// FuzzLooksLikeToken: LooksLikeToken agrees with the second implementation.
func FuzzLooksLikeToken(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, prefix := range prefixes {
		f.Add(randomToken(random, prefix))
		f.Add(randomToken(random, prefix)[1:])
		f.Add(prefix + "_" + strings.Repeat("0", 49))
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		for _, prefix := range prefixes {
			s := mustScanner(t, prefix)
			for _, text := range []string{text, withChecksum(text), withChecksum(prefix + "_" + text)} {
				want := wellFormed(prefix, text)
				if got := s.LooksLikeToken(text); got != want {
					t.Fatalf("prefix %s, %q: LooksLikeToken is %t, want %t", prefix, text, got, want)
				}
				if want && s.Redact(text) != prefix+"_REDACTED" {
					t.Fatalf("prefix %s: Redact of the token %q is %q, want it redacted", prefix, text, s.Redact(text))
				}
			}
		}
	})
}
