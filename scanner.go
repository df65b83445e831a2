package apitoken

import (
	"fmt"
	"strings"
)

// Scanner recognises tokens of one prefix by their text, without a store. It redacts logs and finds tokens where they do not
// belong. The zero Scanner is for the prefix "tok".
type Scanner struct{ format format }

// NewScanner returns a Scanner for tokens of a Manager with that [Options.Prefix]. An empty prefix is "tok". A prefix that
// Options does not accept is [ErrInvalid].
func NewScanner(prefix string) (Scanner, error) {
	if prefix == "" {
		return Scanner{}, nil
	}
	f, err := newFormat(prefix)
	if err != nil {
		return Scanner{}, fmt.Errorf("apitoken: new scanner: %w", err)
	}
	return Scanner{format: f}, nil
}

// Scanner returns a Scanner for the tokens of this Manager.
func (m *Manager) Scanner() Scanner { return Scanner{format: m.format} }

func (s Scanner) tokens() format {
	if s.format.prefix == "" {
		return defaultFormat
	}
	return s.format
}

// LooksLikeToken reports whether the whole text has the form of a token: prefix, length, alphabet and checksum are right. The
// token may have expired, been revoked, or never have existed. A text with the right prefix, length and alphabet has a valid
// checksum by chance once in 57 thousand million.
func (s Scanner) LooksLikeToken(text string) bool { return s.tokens().matches(text) }

// Redact replaces every token in a text by the prefix and REDACTED, as in "tok_REDACTED", and leaves every other byte as it
// is. A token is what LooksLikeToken accepts, whatever surrounds it, letters and digits included. A text without a token is
// returned without a copy.
//
// A token with a missing or changed character is not recognised, so redact a text before truncating it.
func (s Scanner) Redact(text string) string {
	f := s.tokens()
	var out strings.Builder
	done := 0 // bytes of the text that have been redacted
	for at := f.next(text, 0); at >= 0; at = f.next(text, at+1) {
		if done == 0 {
			out.Grow(len(text))
		}
		if at >= done { // otherwise it overlaps the token before, which is already replaced
			out.WriteString(text[done:at])
			out.WriteString(f.prefix + redacted)
		}
		done = at + f.length()
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// next returns where the first token at or after this byte begins; -1: there is none.
func (f format) next(text string, at int) int {
	for ; ; at++ {
		skip := strings.Index(text[at:], f.prefix)
		at += skip
		end := at + f.length()
		if skip < 0 || end > len(text) {
			return -1
		}
		if digitOf[text[at+len(f.prefix)]] < notADigit && digitOf[text[end-1]] < notADigit && f.matches(text[at:end]) {
			return at
		}
	}
}

// Pattern returns a regular expression for a token that is a word of its own, in the syntax shared by RE2, PCRE, Python,
// JavaScript and most scanners. An expression cannot check the checksum: pass its matches to LooksLikeToken.
func (s Scanner) Pattern() string {
	return fmt.Sprintf(`\b%s[0-9A-Za-z]{%d}\b`, s.tokens().prefix, bodyChars+checksumChars)
}

// GitleaksRule returns a rule for the configuration file of gitleaks 8, in TOML. Its id is the prefix followed by
// "-api-token". It ignores placeholders, such as a prefix followed by zeros. A configuration that extends the default one of
// gitleaks also ignores texts that contain "false" or end with "null", in any case: one token of 400,000.
func (s Scanner) GitleaksRule() string {
	f := s.tokens()
	return fmt.Sprintf(`[[rules]]
id = "%[1]s-api-token"
description = "API token that begins with %[2]s"
regex = '''%[3]s'''
keywords = ["%[2]s"]
entropy = %[4]v
`, strings.TrimSuffix(f.prefix, "_"), f.prefix, s.Pattern(), leastEntropy)
}

// leastEntropy, in bits per character, is below that of a token: 5 on average, and at least 4.1 in nine million drawn at
// random. A placeholder of one repeated character has less than 1, one of the ten digits 3.6.
const leastEntropy = 3.9
