package apitoken

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxTokenNameRunes = 100
	maxUserNameRunes  = 100
)

// checkName checks a name that people give to something: 1 to most characters of valid UTF-8, no space at either end, at least
// one visible character, and no invisible one.
func checkName(field, name string, most int) error {
	if name == "" {
		return invalid(field, "is empty")
	}
	if n := utf8.RuneCountInString(name); n > most {
		return invalid(field, "is %d characters long, at most %d are allowed", n, most)
	}
	first, _ := utf8.DecodeRuneInString(name)
	last, _ := utf8.DecodeLastRuneInString(name)
	if unicode.IsSpace(first) || unicode.IsSpace(last) {
		return invalid(field, "begins or ends with a space")
	}
	if err := checkVisible(field, name); err != nil {
		return err
	}
	if !strings.ContainsFunc(name, isVisible) {
		return invalid(field, "has no visible character")
	}
	return nil
}

const maxOptionalBytes = 255

// checkResource checks the resource that a token is bound to, if it is bound. A space at either end would make two resources
// that look like one.
func checkResource(resource string) error { return checkOptional("resource", resource) }

func checkDescription(description string) error { return checkOptional("description", description) }

// checkOptional checks a text that may be empty. The rules are those for names, but the length is counted in bytes, as for the
// host's identifiers.
func checkOptional(field, text string) error {
	if n := len(text); n > maxOptionalBytes {
		return invalid(field, "is %d bytes long, at most %d are allowed", n, maxOptionalBytes)
	}
	if text == "" {
		return nil
	}
	return checkName(field, text, maxOptionalBytes)
}

// checkVisible refuses invalid UTF-8, and characters that make two different texts look alike, turn text around, or break a
// line of a log. A joiner passes where it changes what is seen (RFC 5892 appendix A): after a virama, and between two letters
// of a script that is written with joiners.
func checkVisible(field, text string) error {
	if !utf8.ValidString(text) {
		return invalid(field, "is not valid UTF-8")
	}
	before := utf8.RuneError
	for i, r := range text {
		after, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		if isInvisible(r) && !(isJoiner(r) && (isVirama(before) || usesJoiners(before) && usesJoiners(after))) {
			return invalid(field, "contains the invisible character %U", r)
		}
		before = r
	}
	return nil
}

// displayName makes any text fit to be shown as the name of a user.
func displayName(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case isJoiner(r), unicode.Is(unicode.Variation_Selector, r):
			return r
		case unicode.In(r, unicode.Co, unicode.Noncharacter_Code_Point):
			return unicode.ReplacementChar
		case isInvisible(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, string(unicode.ReplacementChar)))
	clean = strings.TrimSpace(clean)
	if runes := []rune(clean); len(runes) > maxUserNameRunes {
		clean = strings.TrimRightFunc(string(runes[:maxUserNameRunes]), func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsMark(r) || isJoiner(r)
		})
	}
	if !strings.ContainsFunc(clean, isVisible) {
		return ""
	}
	return clean
}

// isInvisible reports whether a reader cannot see the character, or sees another. A code point that this version of Go does
// not know yet counts as visible, because nearly all new ones are letters or symbols.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isJoiner reports whether the character is ZERO WIDTH NON-JOINER or ZERO WIDTH JOINER.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// usesJoiners reports whether the character is a letter or a mark of a script in which a joiner changes what is seen.
func usesJoiners(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsMark(r)) && unicode.In(r,
		unicode.Adlam, unicode.Arabic, unicode.Balinese, unicode.Bengali, unicode.Chakma, unicode.Devanagari, unicode.Gujarati,
		unicode.Gurmukhi, unicode.Hanifi_Rohingya, unicode.Javanese, unicode.Kannada, unicode.Khmer, unicode.Malayalam,
		unicode.Mandaic, unicode.Mongolian, unicode.Myanmar, unicode.Newa, unicode.Nko, unicode.Oriya, unicode.Sinhala,
		unicode.Sundanese, unicode.Syriac, unicode.Tamil, unicode.Telugu, unicode.Tibetan)
}

// viramas remove the vowel of the letter before them: those of Devanagari, Bengali, Gurmukhi, Gujarati, Oriya, Tamil, Telugu,
// Kannada, Malayalam, Sinhala, Tibetan, Myanmar, Khmer, Balinese, Sundanese, Javanese, Newa and Chakma.
const viramas = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u0f84\u103a\u17d2\u1b44\u1baa\ua9c0\U00011442\U00011133"

// isVirama reports whether a joiner may follow the character also at the end of a word.
func isVirama(r rune) bool { return strings.ContainsRune(viramas, r) }

// isVisible reports whether a reader sees something if the character stands alone.
func isVisible(r rune) bool {
	const blankBraille = '\u2800'
	return r != blankBraille && !unicode.IsSpace(r) && !unicode.IsMark(r) && !isInvisible(r)
}
