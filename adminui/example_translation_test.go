package adminui_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/adminui/german"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A host has its pages in English and German, with a word of its own, and begins a French translation.
func ExampleTranslation() {
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		panic(err)
	}
	_, _ = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin})

	inGerman := german.Translation()
	inGerman.Texts["Users"] = "Mitglieder"
	pages, err := adminui.New(m, &adminui.Options{
		Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.As("ada"), nil },
		Translations: []adminui.Translation{inGerman, {Language: "fr", Texts: map[string]string{
			"Users": "Utilisateurs", "API tokens": "Jetons d’API",
		}}},
	})
	if err != nil {
		panic(err)
	}
	title := regexp.MustCompile("<title>(.*)</title>")
	for _, accepted := range []string{"en-GB", "de-AT, en;q=0.5", "fr"} {
		r := httptest.NewRequest("GET", "/users", nil)
		r.Header.Set("Accept-Language", accepted)
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		fmt.Println(title.FindStringSubmatch(w.Body.String())[1])
	}

	// Output:
	// Users – API tokens
	// Mitglieder – API-Token
	// Utilisateurs – Jetons d’API
}
