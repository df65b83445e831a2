package adminui_test

import (
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// mark follows each letter of the marked texts. It is a character for private use.
const mark = "\ue000"

const markedLanguage = "en-x-marked"

// marked is a translation in which every letter is followed by a mark.
var marked = sync.OnceValue(func() adminui.Translation {
	texts := map[string]string{}
	layouts := []string{"2 Jan", "2 Jan 2006, 15:04", "2 January 2006"}
	letter := regexp.MustCompile(`%s|\pL`)
	for _, text := range adminui.Texts() {
		if slices.Contains(layouts, text) { // the months are texts of their own
			continue
		}
		texts[text] = letter.ReplaceAllStringFunc(text, func(found string) string {
			if found == "%s" {
				return found
			}
			return found + mark
		})
	}
	return adminui.Translation{Language: markedLanguage, Texts: texts}
})

// withMarks shows the pages in the marked language, unless a test chooses others. It reports whether it does. With -short it does not:
// looking at every page takes most of the time of the tests.
func withMarks(o *adminui.Options) bool {
	if testing.Short() || o.Translations != nil || o.Language != nil {
		return false
	}
	o.Translations = []adminui.Translation{marked()}
	o.Language = func(*http.Request) string { return markedLanguage }
	return true
}

// withoutMarks reports texts that are not translated and removes the marks. So every page that a test asks for is examined.
func withoutMarks(t *testing.T, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := &markedPage{ResponseWriter: w}
		pages.ServeHTTP(page, r)
		if !page.isHTML() {
			return
		}
		if texts := untranslated(page.body.String()); texts != nil {
			t.Errorf("%s %s: the page has texts that are not translated: %q", r.Method, r.URL, texts)
		}
		_, _ = w.Write([]byte(strings.ReplaceAll(strings.ReplaceAll(page.body.String(), mark, ""), markedLanguage, "en")))
	})
}

// markedPage keeps a page, and passes on everything else.
type markedPage struct {
	http.ResponseWriter
	body strings.Builder
}

func (p *markedPage) isHTML() bool {
	return strings.HasPrefix(p.Header().Get("Content-Type"), "text/html; charset=utf-8")
}

func (p *markedPage) Write(b []byte) (int, error) {
	if p.isHTML() {
		return p.body.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

func (p *markedPage) Unwrap() http.ResponseWriter { return p.ResponseWriter }

var (
	isolatedText = regexp.MustCompile(`(?s)<bdi[^>]*>(.*?)</bdi>`)
	ofOthers     = regexp.MustCompile(`(?s)<(?:bdi|code|title|option|label for="(?:permission|keep)-\d+"|p class="(?:back|brand)")[^>]*>.*?</\w+>|</span> <span class="hint">[^<]*</span></td>`)
	said         = regexp.MustCompile(`(?:aria-label|alt|placeholder|data-label|data-asks|data-text|data-again|data-copied|data-by-hand)="([^"]*)"`)
	word         = regexp.MustCompile(`[\pL\pM\d_` + mark + `]+`)
	notWords     = regexp.MustCompile(`%s|\d{4}-\d\d-\d\d[\dT:.]*Z?|[0-9a-f]{8}-[0-9a-f-]{27}|\.\.\.\w{4}\b|\btok_\b`)
	letters      = regexp.MustCompile(`\pL`)
)

// untranslated returns the words of a page that have a letter without a mark, apart from what is no text of the pages: what stands
// isolated somewhere on the page, such as names, and ids, tokens, choices, parts of the host, reasons of events, and dataOfFixtures.
func untranslated(page string) (words []string) {
	_, page, found := strings.Cut(page, "<head>")
	if !found { // the body of a redirect
		return nil
	}
	data := map[string]bool{}
	for _, found := range isolatedText.FindAllStringSubmatch(page, -1) {
		for _, w := range word.FindAllString(html.UnescapeString(found[1]), -1) {
			data[w] = true
		}
	}
	texts := ofOthers.ReplaceAllString(page, " ")
	for _, found := range said.FindAllStringSubmatch(texts, -1) {
		texts += "\n" + found[1]
	}
	texts = html.UnescapeString(tag.ReplaceAllString(texts, " "))
	for _, found := range word.FindAllString(notWords.ReplaceAllString(texts, " "), -1) {
		if strings.Count(found, mark) < len(letters.FindAllString(found, -1)) && !data[found] && !slices.Contains(dataOfFixtures, found) {
			words = append(words, found)
		}
	}
	return words
}

// dataOfFixtures are words that tests enter where a page does not isolate them: kinds, permissions, refused values and the zone.
var dataOfFixtures = strings.Fields(`UTC user reader keeper deploy report ci Project ListAny GenerateOwn Deploy 0x200000000 migration
	king erin x other dead failed U 000A`)
