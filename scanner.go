package apitoken

import (
	"fmt"
	"strings"
)

// Scanner knows the tokens of one prefix by their text, and asks no store: it is for redacting logs and for finding tokens
// where they do not belong. The zero Scanner is for the prefix "tok".
type Scanner struct{ format format }

// NewScanner is for the tokens of a Manager with that [Options.Prefix]; empty is "tok". A prefix that no Manager can have is
// [ErrInvalid].
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

// Scanner is for the tokens of this Manager.
func (m *Manager) Scanner() Scanner { return Scanner{format: m.format} }

func (s Scanner) tokens() format {
	if s.format.prefix == "" {
		return defaultFormat
	}
	return s.format
}

// LooksLikeToken reports whether the whole text has the form of a token: prefix, length, alphabet and checksum are right. The
// token may have ended, and may never have existed. Of the texts that have all but the checksum, one in fifty thousand million
// has that by chance.
func (s Scanner) LooksLikeToken(text string) bool { return s.tokens().wrote(text) }

// Redact puts the prefix and REDACTED, as in "tok_REDACTED", in the place of every token in a text, and leaves everything else
// as it is, byte for byte. It finds a token by what LooksLikeToken goes by, whatever stands before and behind it, letters and
// digits as well. A text without a token it returns without a copy.
//
// A token with a character missing or changed is not recognised, so redact a text before it is cut.
func (s Scanner) Redact(text string) string {
	f := s.tokens()
	var out strings.Builder
	done := 0 // so much of the text is redacted
	for at := f.next(text, 0); at >= 0; at = f.next(text, at+1) {
		if done == 0 {
			out.Grow(len(text))
		}
		if at >= done { // else it begins inside the one before, and goes with it
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

// next is where the first token begins in a text, at this byte or behind it; -1: nowhere.
func (f format) next(text string, at int) int {
	for ; ; at++ {
		skip := strings.Index(text[at:], f.prefix)
		at += skip
		end := at + f.length()
		if skip < 0 || end > len(text) {
			return -1
		}
		if digitOf[text[at+len(f.prefix)]] < foreign && digitOf[text[end-1]] < foreign && f.wrote(text[at:end]) {
			return at
		}
	}
}

// Pattern is a regular expression for a token that is a word of its own, in the syntax that RE2, PCRE, Python, JavaScript and
// most scanners share. An expression cannot check the checksum: ask LooksLikeToken about what it finds.
func (s Scanner) Pattern() string {
	return fmt.Sprintf(`\b%s[0-9A-Za-z]{%d}\b`, s.tokens().prefix, bodyChars+checksumChars)
}

// GitleaksRule is a rule for the configuration file of gitleaks 8, in TOML, with the id "tok-api-token" after the prefix. It
// leaves placeholders alone, such as a prefix with zeros.
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

// leastEntropy, in bits a character, is below what a token has: 5 on average, and of nine million drawn at random none had less
// than 4.1. A placeholder of one character repeated has less than 1, one of the ten digits 3.6.
const leastEntropy = 3.9
