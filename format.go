package apitoken

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"unsafe"
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

// foreign is 1 for every byte that is not in the alphabet. A table, because comparing ranges takes twice as long.
var foreign = func() (table [256]byte) {
	for i := range table {
		table[i] = 1
	}
	for i := range len(alphabet) {
		table[alphabet[i]] = 0
	}
	return table
}()

// format writes and reads the texts of tokens that begin with a given prefix, underscore included.
type format struct{ prefix string }

func newFormat(prefix string) (format, error) {
	if len(prefix) < 1 || len(prefix) > maxPrefix {
		return format{}, invalid("prefix", "is %d characters long, 1 to %d are allowed", len(prefix), maxPrefix)
	}
	for i, c := range []byte(prefix) {
		if letter, digit := 'a' <= c && c <= 'z', '0' <= c && c <= '9'; !letter && (i == 0 || !digit) {
			return format{}, invalid("prefix", "is not a lower-case letter followed by lower-case letters and digits")
		}
	}
	return format{prefix: prefix + "_"}, nil
}

// generate makes the text of a new token. It cannot fail: [crypto/rand.Read] ends the process rather than return too
// little randomness.
func (f format) generate() string {
	text := make([]byte, 0, maxTextBytes)
	text = append(text, f.prefix...)
	text = appendRandom(text, bodyChars)
	text = appendChecksum(text, crc32.ChecksumIEEE(text))
	return string(text)
}

// appendRandom appends n characters of the alphabet, all equally likely: of the 256 values of a byte it throws away the
// last 8, because 248 is the largest multiple of 62 that a byte holds.
func appendRandom(text []byte, n int) []byte {
	const fair = byte(256 - 256%len(alphabet))
	var random [bodyChars + 5]byte // 1.4 bytes are thrown away on average
	for {
		_, _ = rand.Read(random[:])
		for _, b := range random {
			if n == 0 {
				return text
			}
			if b < fair {
				text = append(text, alphabet[b%byte(len(alphabet))])
				n--
			}
		}
	}
}

func appendChecksum(text []byte, sum uint32) []byte {
	var digits [checksumChars]byte
	for i := checksumChars - 1; i >= 0; i-- {
		digits[i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return append(text, digits[:]...)
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
	if len(text) != f.length() {
		return false
	}
	body := len(text) - checksumChars
	var bad byte
	for i := range len(f.prefix) {
		bad |= text[i] ^ f.prefix[i]
	}
	for _, c := range []byte(text[len(f.prefix):body]) {
		bad |= foreign[c]
	}
	return bad == 0 && hasChecksum(text[body:], checksum(text[:body]))
}

// length is how long each text is, in bytes.
func (f format) length() int { return len(f.prefix) + bodyChars + checksumChars }

// checksum hands the bytes of the string to crc32 where they are. A copy would be moved to the heap, which triples the
// time and allocates, and reading the table byte by byte takes four times as long.
func checksum(text string) uint32 {
	return crc32.ChecksumIEEE(unsafe.Slice(unsafe.StringData(text), len(text)))
}

func hasChecksum(text string, sum uint32) bool {
	for i := checksumChars - 1; i >= 0; i-- {
		if text[i] != alphabet[sum%uint32(len(alphabet))] {
			return false
		}
		sum /= uint32(len(alphabet))
	}
	return true
}

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
