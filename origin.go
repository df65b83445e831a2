package apitoken

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Origin says where a request came from, for the events and the [Observer]. The host chooses the values. The library stores
// and shows them, and no decision depends on them.
//
// Each is at most 255 bytes of printable UTF-8. A longer text is cut, and characters that are not printable become U+FFFD, so
// that an unusual header never prevents a revocation.
type Origin struct {
	Address   string // of the client, from a source that the host trusts
	UserAgent string
	RequestID string // by which the host finds the request in its own logs
}

const maxOriginBytes = 255

func (o Origin) clean() Origin {
	return Origin{Address: printable(o.Address), UserAgent: printable(o.UserAgent), RequestID: printable(o.RequestID)}
}

// printable makes a text fit to be stored: printable characters only, at most maxOriginBytes bytes.
func printable(text string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, cut(text, maxOriginBytes))
	if len(clean) > maxOriginBytes { // a replacement takes up to three bytes
		return printable(clean)
	}
	return clean
}

// cut returns at most the first bytes of a text, without a part of a character at the end.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[:most]
	for at := len(text) - 1; at >= max(0, len(text)-utf8.UTFMax); at-- {
		if utf8.RuneStart(text[at]) {
			if !utf8.FullRuneInString(text[at:]) {
				text = text[:at]
			}
			break
		}
	}
	return text
}
