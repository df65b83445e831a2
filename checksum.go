package apitoken

import (
	"hash/crc32"
	"strings"
)

// digitOf is the place of each byte in the alphabet, and foreign for a byte that is not in it.
var digitOf = func() (table [256]byte) {
	for i := range table {
		table[i] = foreign
	}
	for i := range len(alphabet) {
		table[alphabet[i]] = byte(i)
	}
	return table
}()

const foreign = 1 << 6 // a bit that no digit has

// zeros is a body of the first character of the alphabet.
var zeros = strings.Repeat(alphabet[:1], bodyChars)

// shares are what a character of the alphabet at a place of the body changes in the checksum, compared with a zero there. A
// CRC is linear: the changes of all places, exclusive-ored, are that of the whole, whatever else the text is. So the
// checksum is 43 looks into a table, none of which waits for another, and each also tells whether the character is in the
// alphabet. With package hash/crc32 and a loop for the alphabet, Authenticate in memory takes an eighth longer.
var shares = func() (table [bodyChars][foreign]uint32) {
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

// checksum is the CRC-32 (IEEE) of the prefix and a body of 43 characters. It is false if one of these is not in the
// alphabet.
func (f format) checksum(body string) (sum uint32, ok bool) {
	sum = f.zeros
	var all byte
	for place := range bodyChars {
		digit := digitOf[body[place]]
		all |= digit
		sum ^= shares[place][digit%foreign]
	}
	return sum, all < foreign
}

func appendChecksum(text []byte, sum uint32) []byte {
	var digits [checksumChars]byte
	for i := checksumChars - 1; i >= 0; i-- {
		digits[i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return append(text, digits[:]...)
}

// hasChecksum reports whether the text is the checksum. It reads the number instead of writing it: the digits wait for
// nothing.
func hasChecksum(text string, sum uint32) bool {
	var all byte
	var read uint64
	for i := range checksumChars {
		digit := digitOf[text[i]]
		all |= digit
		read = read*uint64(len(alphabet)) + uint64(digit)
	}
	return all < foreign && read == uint64(sum)
}
