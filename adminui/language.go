package adminui

import (
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// language makes the texts of the pages in one language. Its zero value is English.
type language struct {
	tag   string            // as in the attribute lang
	rtl   bool              // written from right to left
	texts map[string]string // by the English text
	pages *template.Template
}

// inEnglish makes texts in English. It has no pages.
var inEnglish = &language{tag: englishTag}

// english marks a text that is translated elsewhere, so that it is among [Texts].
func english(text string) string { return text }

// newLanguage returns the language of a translation with the pages in it.
func newLanguage(t Translation) (*language, error) {
	l := &language{tag: t.Language, rtl: t.RightToLeft, texts: maps.Clone(t.Texts)}
	pages, err := templates.Clone()
	if err != nil {
		return nil, err
	}
	l.pages = pages.Funcs(l.functions())
	return l, nil
}

// functions are those that the templates call. A text with values is HTML by sentence; any other result is text, which
// html/template escapes.
func (l *language) functions() template.FuncMap {
	return template.FuncMap{
		"lang":   func() string { return l.tag },
		"rtl":    func() bool { return l.rtl },
		"action": l.action,
		"t": func(english string, values ...any) any {
			if len(values) == 0 {
				return l.text(english)
			}
			return l.sentence(english, values...)
		},
		"plain": l.text,
		"n": func(n int, one, many string, values ...any) template.HTML {
			return l.sentence(plural(n, one, many), values...)
		},
		"part": func(name string, data any) (template.HTML, error) {
			var part strings.Builder
			err := l.pages.ExecuteTemplate(&part, name, data)
			return template.HTML(part.String()), err
		},
	}
}

// translated returns the translation of an English text, or the text itself if there is none.
func (l *language) translated(english string) string {
	if text, ok := l.texts[english]; ok {
		return text
	}
	return english
}

// text returns a text with values as plain text. Every verb of the text is %s.
func (l *language) text(english string, values ...any) string {
	if len(values) == 0 {
		return l.translated(english)
	}
	for i, value := range values {
		if n, is := value.(int); is {
			values[i] = l.number(n)
		}
	}
	return fmt.Sprintf(l.translated(english), values...)
}

// sentence returns a text with values as HTML. Ids and names, which are values of a string type, are each isolated in an element
// of their own. Otherwise a name in a right-to-left script would change the order of the words around it.
func (l *language) sentence(english string, values ...any) template.HTML {
	escaped := template.HTMLEscapeString(l.translated(english))
	if len(values) == 0 {
		return template.HTML(escaped)
	}
	parts := make([]any, len(values))
	for i, value := range values {
		switch value := value.(type) {
		case template.HTML:
			parts[i] = value
		case int:
			parts[i] = l.number(value)
		default:
			parts[i] = "<bdi>" + template.HTMLEscapeString(reflect.ValueOf(value).String()) + "</bdi>"
		}
	}
	return template.HTML(fmt.Sprintf(escaped, parts...))
}

// number formats a number with a separator before every third digit from the end.
func (l *language) number(n int) string {
	digits, separator := strconv.Itoa(n), l.translated(english(","))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + separator + digits[i:]
	}
	return digits
}

// The layouts of times and days are texts too.
var (
	minuteLayout   = english("2 Jan 2006, 15:04")
	dayLayout      = english("2 January 2006")
	shortDayLayout = english("2 Jan")
)

// months are the names that a layout can contain. Those that are not abbreviated come first.
var months = []string{
	english("January"), english("February"), english("March"), english("April"), english("May"), english("June"), english("July"),
	english("August"), english("September"), english("October"), english("November"), english("December"),
	english("Jan"), english("Feb"), english("Mar"), english("Apr"), english("Jun"), english("Jul"), english("Aug"), english("Sep"),
	english("Oct"), english("Nov"), english("Dec"),
}

// date formats a time by a layout, with the month in the language.
func (l *language) date(t time.Time, layout string) string {
	text := t.Format(l.translated(layout))
	for _, month := range months {
		if strings.Contains(text, month) {
			return strings.Replace(text, month, l.translated(month), 1)
		}
	}
	return text
}

// languages are those of the pages. The first one is English, unless the host has reworded it.
type languages []*language

// newLanguages returns English and the translations.
func newLanguages(translations []Translation) (all languages, err error) {
	wanted := []Translation{{Language: englishTag}}
	known := map[string]bool{}
	for _, t := range translations {
		if err := t.check(); err != nil {
			return nil, err
		}
		tag := strings.ToLower(t.Language)
		if known[tag] {
			return nil, invalid("Options.Translations has the language %q twice", t.Language)
		}
		known[tag] = true
		if tag == englishTag {
			wanted[0].Texts = t.Texts
			continue
		}
		wanted = append(wanted, t)
	}
	for _, t := range wanted {
		l, err := newLanguage(t)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// of returns the language of a request.
func (all languages) of(r *http.Request, chosen func(*http.Request) string) *language {
	if chosen != nil {
		if l := all.match(chosen(r)); l != nil {
			return l
		}
		return all[0]
	}
	for _, tag := range acceptedLanguages(r.Header.Get("Accept-Language")) {
		if l := all.match(tag); l != nil {
			return l
		}
	}
	return all[0]
}

// match returns the language with a tag, or else with the same first part; nil: there is none.
func (all languages) match(tag string) *language {
	for _, l := range all {
		if strings.EqualFold(l.tag, tag) {
			return l
		}
	}
	first, _, _ := strings.Cut(tag, "-")
	for _, l := range all {
		if own, _, _ := strings.Cut(l.tag, "-"); strings.EqualFold(own, first) {
			return l
		}
	}
	return nil
}
