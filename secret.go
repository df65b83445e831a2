package apitoken

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Secret is the text of a token. [Manager.Generate] returns it once; show it to the owner and forget it. Printing, logging,
// encoding and comparing a Secret show REDACTED. Only [Secret.Reveal] returns the text.
type Secret struct {
	// A function, because fmt, slog, json and cmp print strings and follow pointers in unexported fields, but not functions.
	reveal func() string
}

const redacted = "REDACTED"

func newSecret(text string) Secret { return Secret{reveal: func() string { return text }} }

// Reveal returns the text to show to the owner. The zero Secret reveals the empty string.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Equal reports whether two secrets are the same text. It takes constant time for texts of equal length.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns REDACTED.
func (s Secret) String() string { return redacted }

// Format writes REDACTED for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns REDACTED.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns REDACTED, also for JSON. A handler that returns a new token calls Reveal.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
