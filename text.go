package apitoken

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"hash/crc32"
	"strings"
)

// The text of a token is
//
//	<prefix>_<43 base62 characters><6 base62 characters>
//
// The 43 characters are drawn one by one and contain 256 random bits. They are never parsed as a number, so no two texts are
// the same token. The 6 characters are the CRC-32 (IEEE) of everything before them. Scanners use it, and it refuses typing
// errors without a query; it never accepts a token. With a prefix of at most 5 characters the text is at most 55 bytes long,
// which SHA-256 hashes as a single block.
const (
	alphabet      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	bodyChars     = 43
	checksumChars = 6
	maxPrefix     = 5
	maxTextBytes  = maxPrefix + 1 + bodyChars + checksumChars
	hintChars     = 4
	defaultPrefix = "tok"
)

// format writes and reads the texts of tokens with a given prefix.
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

// formatOf returns the format of a valid prefix.
func formatOf(prefix string) format {
	prefix += "_"
	return format{prefix: prefix, zeros: crc32.ChecksumIEEE([]byte(prefix + zeros))}
}

var defaultFormat = formatOf(defaultPrefix)

// generate returns the text of a new token and the digest to store. It cannot fail: [crypto/rand.Read] ends the process
// rather than return too little randomness.
func (f format) generate() (string, Digest) {
	var block [maxTextBytes]byte // on the stack, so that the string is the only allocation
	text, sum := append(block[:0], f.prefix...), f.zeros
	for place, digit := range randomDigits() {
		text = append(text, alphabet[digit])
		sum ^= checksumChanges[place][digit]
	}
	text = appendChecksum(text, sum)
	return string(text), sha256.Sum256(text)
}

// randomDigits returns indexes into the alphabet, all equally likely. Of the 256 values of a byte it discards the last 8,
// because 248 is the largest multiple of 62 that fits.
func randomDigits() (digits [bodyChars]byte) {
	const fair = byte(256 - 256%len(alphabet))
	var random [bodyChars + 5]byte // 1.4 bytes are discarded on average
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

// digest returns the digest of a presented text. ok is false for every text that this format cannot have written; such a text
// is not hashed.
func (f format) digest(text string) (d Digest, ok bool) {
	if !f.matches(text) {
		return Digest{}, false
	}
	var block [maxTextBytes]byte // on the stack: converting the text would allocate
	return sha256.Sum256(block[:copy(block[:], text)]), true
}

// matches reports whether this format can have written the text: length, prefix, alphabet and checksum are right.
func (f format) matches(text string) bool {
	if !f.claims(text) {
		return false
	}
	body, digits := text[len(f.prefix):][:bodyChars], text[len(text)-checksumChars:]
	sum, ok := f.checksum(body)
	return ok && hasChecksum(digits, sum)
}

// claims reports whether a text has the prefix and the length of this format, with a valid checksum or not.
func (f format) claims(text string) bool {
	return len(text) == f.length() && text[:len(f.prefix)] == f.prefix
}

// length is the length of every text in bytes.
func (f format) length() int { return len(f.prefix) + bodyChars + checksumChars }

// hint returns what lists show of a text, so that people recognise a token that they hold.
func (f format) hint(text string) string { return f.prefix + "..." + text[len(text)-hintChars:] }

// digitOf maps each byte to its index in the alphabet, or to notADigit if it is not in the alphabet.
var digitOf = func() (table [256]byte) {
	for i := range table {
		table[i] = notADigit
	}
	for i := range len(alphabet) {
		table[alphabet[i]] = byte(i)
	}
	return table
}()

const notADigit = 1 << 6 // a bit that no digit has

// zeros is a body of the first character of the alphabet.
var zeros = strings.Repeat(alphabet[:1], bodyChars)

// checksumChanges maps each place in the body and each character to how the character changes the checksum, compared with a zero
// there. A CRC is linear: the exclusive or of the changes at all places is the change of the whole. So the checksum takes 43
// independent look-ups, which also show whether each character is in the alphabet. With package hash/crc32 and a loop over
// the alphabet, Authenticate in memory takes an eighth longer.
var checksumChanges = func() (table [bodyChars][notADigit]uint32) {
	body := []byte(zeros)
	none := crc32.ChecksumIEEE(body)
	for place := range body {
		for digit, character := range []byte(alphabet) {
			body[place] = character
			table[place][digit] = crc32.ChecksumIEEE(body) ^ none
		}
		body[place] = alphabet[0]
	}
	return table
}()

// checksum returns the CRC-32 (IEEE) of the prefix and a body of 43 characters. ok is false if one of them is not in the
// alphabet.
func (f format) checksum(body string) (sum uint32, ok bool) {
	sum = f.zeros
	var all byte
	for place := range bodyChars {
		digit := digitOf[body[place]]
		all |= digit
		sum ^= checksumChanges[place][digit%notADigit]
	}
	return sum, all < notADigit
}

func appendChecksum(text []byte, sum uint32) []byte {
	var digits [checksumChars]byte
	for i := checksumChars - 1; i >= 0; i-- {
		digits[i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return append(text, digits[:]...)
}

// hasChecksum reports whether the text is the checksum. It parses the text rather than format the checksum, which would need
// divisions and be slower.
func hasChecksum(text string, sum uint32) bool {
	var all byte
	var read uint64
	for i := range checksumChars {
		digit := digitOf[text[i]]
		all |= digit
		read = read*uint64(len(alphabet)) + uint64(digit)
	}
	return all < notADigit && read == uint64(sum)
}

// Digest is stored in place of a token: the SHA-256 of its text. It is not a credential.
type Digest [sha256.Size]byte

// Equal compares in constant time.
func (d Digest) Equal(other Digest) bool { return subtle.ConstantTimeCompare(d[:], other[:]) == 1 }

// quoted quotes up to 40 bytes of a word of a request, for an error. It returns REDACTED if an underscore and 20 characters of
// the alphabet follow each other in the word: they may be a token, or part of one, in the wrong field.
func quoted(word string) string {
	const secret = 20
	run := 0 // characters of the alphabet since an underscore
	for i := range len(word) {
		switch {
		case word[i] == '_':
			run = 1
		case run > 0 && digitOf[word[i]] < notADigit:
			run++
		default:
			run = 0
		}
		if run > secret {
			return redacted
		}
	}
	return fmt.Sprintf("%.40q", word)
}
