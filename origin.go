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
	if len(text) > maxOriginBytes {
		text = text[:maxOriginBytes]
		for cut := len(text) - 1; cut >= len(text)-utf8.UTFMax; cut-- {
			if utf8.RuneStart(text[cut]) {
				if !utf8.FullRuneInString(text[cut:]) {
					text = text[:cut]
				}
				break
			}
		}
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if len(clean) > maxOriginBytes { // a replacement takes up to three bytes
		return printable(clean)
	}
	return clean
}
