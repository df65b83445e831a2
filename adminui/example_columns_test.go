package adminui_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A host adds the e-mail addresses of the owners to the CSV file. It looks them up for a piece of the file at a time.
func ExampleCSVColumns() {
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		panic(err)
	}
	_, _ = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin})
	_, _, _ = m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "ada", Name: "nightly build"})

	directory := map[apitoken.UserID]string{"ada": "ada@example.com"} // the host's own table of users
	pages, err := adminui.New(m, &adminui.Options{
		Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.As("ada"), nil },
		CSVColumns: &adminui.CSVColumns{
			Names: []string{"email"},
			Values: func(_ context.Context, tokens []apitoken.Token) ([][]string, error) {
				var values [][]string
				for _, t := range tokens {
					values = append(values, []string{directory[t.Owner]})
				}
				return values, nil
			},
		},
		BackTo: adminui.Link{Path: "/", Text: "the shop"},
	})
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest("GET", "/tokens.csv", nil))
	for line := range strings.Lines(w.Body.String()) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		fmt.Println(cells[1], cells[len(cells)-1])
	}

	// Output:
	// owner email
	// ada ada@example.com
}
