package apitoken

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Secret is the text of a token. It exists once, in the answer of [Manager.Generate]; show it to its owner and forget it.
// Whatever prints, logs, encodes or compares a Secret shows REDACTED: only [Secret.Reveal] gives the text.
type Secret struct {
	// A function, because fmt, slog, json and cmp print the strings and follow the pointers that they find in unexported
	// fields, but can do nothing with a function.
	reveal func() string
}

const redacted = "REDACTED"

func newSecret(text string) Secret { return Secret{reveal: func() string { return text }} }

// Reveal gives the text to hand to the owner. The zero Secret reveals the empty string.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Equal reports whether two secrets are the same text, in constant time for texts of one length.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String is REDACTED.
func (s Secret) String() string { return redacted }

// Format writes REDACTED for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is REDACTED.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText writes REDACTED, also as JSON. The one handler that hands out a new token calls Reveal.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
