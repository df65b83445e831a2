package apitoken

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
)

// The text of a token is
//
//	<prefix>_<43 base62 characters><6 base62 characters>
//
// The 43 characters are drawn one by one and hold 256 random bits; they are never read as a number, so that each text is
// exactly one token. The 6 characters are the CRC-32 (IEEE) of everything before them, for scanners and for refusing
// typing errors without a look into the store; they decide nothing. With a prefix of at most 5 characters the text is at
// most 55 bytes long, which SHA-256 hashes as a single block.
const (
	alphabet      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	bodyChars     = 43
	checksumChars = 6
	maxPrefix     = 5
	maxTextBytes  = maxPrefix + 1 + bodyChars + checksumChars
	hintChars     = 4
)

// format writes and reads the texts of tokens that begin with a given prefix.
type format struct {
	prefix string // underscore included
	zeros  uint32 // the checksum of the prefix and a body of zeros
}

func newFormat(prefix string) (format, error) {
	if len(prefix) < 1 || len(prefix) > maxPrefix {
		return format{}, invalid("prefix", "is %d characters long, 1 to %d are allowed", len(prefix), maxPrefix)
	}
	for i, c := range []byte(prefix) {
		if letter, digit := 'a' <= c && c <= 'z', '0' <= c && c <= '9'; !letter && (i == 0 || !digit) {
			return format{}, invalid("prefix", "is not a lower-case letter followed by lower-case letters and digits")
		}
	}
	return formatOf(prefix), nil
}

// formatOf is the format of a prefix that is right.
func formatOf(prefix string) format {
	prefix += "_"
	return format{prefix: prefix, zeros: crc32.ChecksumIEEE([]byte(prefix + zeros))}
}

var defaultFormat = formatOf(defaultPrefix)

// generate makes the text of a new token, and what the store is to know of it. It cannot fail: [crypto/rand.Read] ends the
// process rather than return too little randomness.
func (f format) generate() (string, Digest) {
	var block [maxTextBytes]byte // on the stack, so that the string is all that is allocated
	text, sum := append(block[:0], f.prefix...), f.zeros
	for place, digit := range randomDigits() {
		text = append(text, alphabet[digit])
		sum ^= shares[place][digit]
	}
	text = appendChecksum(text, sum)
	return string(text), sha256.Sum256(text)
}

// randomDigits are places in the alphabet, all equally likely: of the 256 values of a byte it throws away the last 8, because
// 248 is the largest multiple of 62 that a byte holds.
func randomDigits() (digits [bodyChars]byte) {
	const fair = byte(256 - 256%len(alphabet))
	var random [bodyChars + 5]byte // 1.4 bytes are thrown away on average
	for n := 0; ; {
		_, _ = rand.Read(random[:])
		for _, b := range random {
			if b >= fair {
				continue
			}
			digits[n] = b % byte(len(alphabet))
			if n++; n == bodyChars {
				return digits
			}
		}
	}
}

// digest is what the store knows of a presented text. It is false, before anything is hashed, for every text that this
// format cannot have written.
func (f format) digest(text string) (Digest, bool) {
	if !f.wrote(text) {
		return Digest{}, false
	}
	var block [maxTextBytes]byte // on the stack: converting the text would allocate
	return sha256.Sum256(block[:copy(block[:], text)]), true
}

// wrote reports whether this format can have written the text: length, prefix, alphabet and checksum are right.
func (f format) wrote(text string) bool {
	if len(text) != f.length() || text[:len(f.prefix)] != f.prefix {
		return false
	}
	body, digits := text[len(f.prefix):][:bodyChars], text[len(text)-checksumChars:]
	sum, ok := f.checksum(body)
	return ok && hasChecksum(digits, sum)
}

// length is how long each text is, in bytes.
func (f format) length() int { return len(f.prefix) + bodyChars + checksumChars }

// hint is what a list shows, so that people recognise a token that they hold.
func (f format) hint(text string) string { return f.prefix + "..." + text[len(text)-hintChars:] }

// Digest is what is stored in place of a token: the SHA-256 of its text. It opens nothing.
type Digest [sha256.Size]byte

// Equal compares in constant time. Four words at a time, because crypto/subtle goes byte by byte and takes five times as
// long.
func (d Digest) Equal(other Digest) bool {
	var differ uint64
	for i := 0; i < len(d); i += 8 {
		differ |= binary.LittleEndian.Uint64(d[i:]) ^ binary.LittleEndian.Uint64(other[i:])
	}
	return differ == 0
}
