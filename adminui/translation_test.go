package adminui_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/adminui/german"
)

func TestATranslationThatWouldBreakAPageIsRefused(t *testing.T) {
	one := func(english, text string) []adminui.Translation {
		return []adminui.Translation{{Language: "de", Texts: map[string]string{english: text}}}
	}
	const two = "Looked at %s of %s tokens so far. There are more."
	for _, tt := range []struct {
		name         string
		translations []adminui.Translation
		names        string // what the error names; empty: no error
	}{
		{"the same verbs", one(two, "%s von %s"), ""},
		{"numbered verbs in another order", one(two, "%[2]s, davon %[1]s"), ""},
		{"an unknown text", one("No such text", "Nichts"), ""},
		{"an unknown text with another verb", one("100% of it", "alles"), ""},
		{"no verb", one(two, "viele"), two},
		{"a verb less", one(two, "%s"), two},
		{"a verb more", one(two, "%s %s %s"), two},
		{"another verb", one(two, "%s %d"), two},
		{"the same value twice", one(two, "%[1]s %[1]s"), two},
		{"a value that there is not", one(two, "%[1]s %[3]s"), two},
		{"value 0", one(two, "%[0]s %[1]s"), two},
		{"only some verbs numbered", one(two, "%[1]s %s"), two},
		{"a percent sign", one("Save", "100 %"), "Save"},
		{"a flag", one(two, "%s %5s"), two},
		{"an empty text", one("Save", " "), "Save"},
		{"no language", []adminui.Translation{{Texts: map[string]string{}}}, `""`},
		{"no tag of a language", []adminui.Translation{{Language: `de"`}}, `de\"`},
		{"a tag that browsers do not know", []adminui.Translation{{Language: "de-"}}, "de-"},
		{"a tag that browsers reserve", []adminui.Translation{{Language: "germ"}}, "germ"},
		{"a script and a region", []adminui.Translation{{Language: "zh-Hant-TW"}, {Language: "es-419"}}, ""},
		{"a language twice", []adminui.Translation{german.Translation(), german.Translation()}, "de"},
		{"a language twice without texts", []adminui.Translation{{Language: "fr"}, {Language: "FR"}}, "FR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := adminui.New(newHost(t).Manager, &adminui.Options{Translations: tt.translations, Actor: func(*http.Request) (apitoken.Actor, error) {
				return apitoken.Actor{}, nil
			}})
			if tt.names == "" {
				must(t, err)
				return
			}
			if !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), tt.names) {
				t.Errorf("%v, want ErrInvalid that names %s", err, tt.names)
			}
		})
	}
}

// inGerman is an option: the pages are in German if the browser prefers it.
func inGerman(o *adminui.Options) { o.Translations = []adminui.Translation{german.Translation()} }

func TestTheBrowserChoosesTheLanguage(t *testing.T) {
	h := newHost(t, inGerman)
	for accept, want := range map[string]string{
		"":                               "en",
		"de":                             "de",
		"de-AT":                          "de",
		"DE":                             "de",
		"fr, de;q=0.8, en;q=0.7":         "de",
		"en;q=0.7, de;q=0.8":             "de",
		"en-GB, de":                      "en",
		"fr":                             "en",
		"de;q=0, en":                     "en",
		"*":                              "en",
		"de;q=x":                         "en",
		";;,,=,\x00":                     "en",
		"den":                            "en",
		strings.Repeat("fr,", 19) + "de": "de",
		strings.Repeat("fr,", 20) + "de": "en",
	} {
		r := httptest.NewRequest(http.MethodGet, "/admin/users", nil)
		r.Header.Set("Person", "ada")
		r.Header.Set("Accept-Language", accept)
		w := httptest.NewRecorder()
		h.pages.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `<html lang="`+want+`">`) {
			t.Errorf("Accept-Language %.40q: the page is not in %s", accept, want)
		}
	}
}

func TestTheHostChoosesTheLanguage(t *testing.T) {
	for chosen, want := range map[string]string{"de": "Benutzer – API-Token", "de-CH": "Benutzer – API-Token", "fr": "Users – API tokens", "": "Users – API tokens"} {
		h := newHost(t, inGerman, func(o *adminui.Options) { o.Language = func(*http.Request) string { return chosen } })
		if got := titleOf(h.page("ada", "/admin/users")); got != want {
			t.Errorf("the language %q: the title is %q, want %q", chosen, got, want)
		}
	}
}

// always is an option: the pages are in the language of a translation.
func always(language string, texts map[string]string) func(*adminui.Options) {
	return func(o *adminui.Options) {
		o.Translations = []adminui.Translation{{Language: language, Texts: texts}}
		o.Language = func(*http.Request) string { return language }
	}
}

func TestATextThatIsNotTranslatedAppearsInEnglish(t *testing.T) {
	h := newHost(t, always("de", map[string]string{"Users": "Leute"}))
	page := h.page("ada", "/admin/users")
	h.says(page, "Leute Id or name contains Search")
}

func TestALanguageMayBeWrittenFromRightToLeft(t *testing.T) {
	h := newHost(t, func(o *adminui.Options) {
		o.Translations = []adminui.Translation{{Language: "ar", RightToLeft: true}}
		o.Language = func(*http.Request) string { return "ar" }
	})
	if !strings.Contains(h.page("ada", "/admin/users"), `<html lang="ar" dir="rtl">`) {
		t.Error("the page is not from right to left")
	}
}

func TestTheEnglishTextsAreReworded(t *testing.T) {
	h := newHost(t, always("en", map[string]string{"Users": "People"}))
	if page := h.page("ada", "/admin/users"); titleOf(page) != "People – API tokens" || !strings.Contains(page, `<html lang="en">`) {
		t.Errorf("the title is %q", titleOf(page))
	}
}

// A text is never HTML, whether values stand in it or not.
func TestATranslationIsText(t *testing.T) {
	h := newHost(t, always("de", map[string]string{"Users": `<b>"Users"`, "Signed in as %s": "<i>%s</i>", "Actions": `"><u>`, "Tokens of %s": "<s>%s"}))
	h.generate("nightly")
	for _, path := range []string{"/admin/users", "/admin/users/bob/tokens"} {
		h.saysNothingOf(h.page("ada", path), "<b>", "<i>", "<u>", "<s>")
	}
	h.says(h.page("ada", "/admin/users"), `<b>"Users"`)
}

func TestTheOrderOfValuesMayDiffer(t *testing.T) {
	h := newHost(t, always("de", map[string]string{"Revoke the token “%s” of %s? Everything that uses it will be refused. This cannot be undone.": "%[2]s: %[1]s?"}))
	token := h.generate("nightly")
	h.says(h.page("ada", "/admin/tokens/"+token.ID.String()+"/revoke"), "bob: nightly?")
}

func TestDatesNumbersAndReasonsAreInGerman(t *testing.T) {
	h := newHost(t, inGerman, func(o *adminui.Options) {
		o.Language = func(*http.Request) string { return "de" }
		o.Location = func(*http.Request) *time.Location { return time.UTC }
	})
	h.setMax(apitoken.Days(90))
	h.generateMany(1203)
	h.says(h.page("ada", "/admin/tokens?name=many"), "1. Jan. 2026, 12:00 von der Anwendung", "Gültig mindestens")
	h.says(h.page("ada", "/admin/users/bob/tokens"), "30 Tage, bis 31. Januar 2026")
	h.says(h.form("ada", "/admin/tokens/revoke-matching", http.StatusOK, map[string][]string{"filters": {"name=many"}}), "1.203 aktive Token widerrufen?")
	for form, want := range map[string]string{
		"lifetime=8640000000000000&name=x":          "Die Laufzeit überschreitet die Höchstlaufzeit (90 Tage).",
		"lifetime=" + days30 + "&name=":             "Abgelehnt: Name: ist leer.",
		"lifetime=" + days30 + "&name=x&kind=dog":   `Abgelehnt: Art: "dog" ist nicht deklariert.`,
		"lifetime=date&date=2025-01-01&name=x":      "Abgelehnt: Ablauf: liegt nicht in der Zukunft.",
		"lifetime=" + days30 + "&name=" + "%00%00x": "Abgelehnt: Name: enthält das unsichtbare Zeichen U+0000.",
	} {
		r := httptest.NewRequest(http.MethodPost, "/admin/users/bob/tokens", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Person", "ada")
		w := httptest.NewRecorder()
		h.pages.ServeHTTP(w, r)
		h.says(w.Body.String(), want)
	}
}
