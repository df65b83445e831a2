package adminui

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Translation is the pages in another language. Language "en" rewords the English texts.
type Translation struct {
	Language    string            // the tag of the language, as in the attribute lang: "de", "pt-BR" or "zh-Hant"
	RightToLeft bool              // the language is written from right to left
	Texts       map[string]string // by the English text, as in [Texts]; a text that is missing appears in English
}

const englishTag = "en"

// languageTag is a language with a script and a region, and what is for private use. Browsers refuse to format dates for other tags.
var languageTag = regexp.MustCompile(`^([A-Za-z]{2,3}|[A-Za-z]{5,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-x(-[A-Za-z0-9]{1,8})+)?$`)

// check refuses a translation that would break a page: one with an empty text, or with other verbs than the English text.
func (t Translation) check() error {
	if !languageTag.MatchString(t.Language) {
		return invalid("Options.Translations: %q is not the tag of a language", t.Language)
	}
	for english, text := range t.Texts {
		switch want, ok := verbsOf(english, false); {
		case strings.TrimSpace(text) == "":
			return invalid("Options.Translations: %s: the translation of %q is empty", t.Language, english)
		case !ok: // no text of the pages, and never shown
		default:
			if got, ok := verbsOf(text, true); !ok || !slices.Equal(got, want) {
				return invalid("Options.Translations: %s: the translation %q of %q has other verbs", t.Language, text, english)
			}
		}
	}
	return nil
}

var verb = regexp.MustCompile(`%(?:\[(\d{1,2})\])?(.?)`)

// verbsOf returns the sorted numbers of the values that a text shows. A translation may number its verbs, all of them: %[2]s. ok is
// false if a verb is not %s.
func verbsOf(text string, mayNumber bool) (numbers []int, ok bool) {
	numbered := 0
	for i, match := range verb.FindAllStringSubmatch(text, -1) {
		n := i + 1
		if match[1] != "" {
			n, _ = strconv.Atoi(match[1])
			numbered++
		}
		if match[2] != "s" {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers, numbered == 0 || mayNumber && numbered == len(numbers)
}
