package adminapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// The administration behind tokens: a request with a token acts for its owner.
func Example() {
	ctx := context.Background()
	now := clock.NewMock()
	now.Set(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC))
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Clock: now})
	if err != nil {
		panic(err)
	}
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			panic(err)
		}
	}
	_, secret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "administration"})
	if err != nil {
		panic(err)
	}

	api, err := adminapi.New(m, &adminapi.Options{Actor: httpauth.ActorFunc(m, nil)})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/api/", http.StripPrefix("/admin/api", api))

	send := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+secret.Reveal())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	w := send("PUT", "/admin/api/policy", `{"max_lifetime_seconds": 2592000}`)
	fmt.Println(w.Code, w.Header().Get("ETag"))
	fmt.Print(w.Body)

	w = send("POST", "/admin/api/users/bob/tokens", `{"name": "nightly build", "lifetime_seconds": 7776000}`)
	fmt.Println(w.Code)
	fmt.Print(w.Body)

	w = send("POST", "/admin/api/users/bob/tokens", `{"name": "nightly build"}`)
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `"expires_at":"2026-01-31T12:00:00.000000Z"`))

	// Output:
	// 200 "1"
	// {"max_lifetime_seconds":2592000,"revision":1,"updated_at":"2026-01-01T12:00:00.000000Z","updated_by":"ada"}
	// 422
	// {"type":"about:blank","title":"Unprocessable Entity","status":422,"code":"lifetime_over_maximum","detail":"lifetime over the maximum: 90 days requested, at most 30 days allowed","field":"lifetime_seconds","lifetime_seconds":7776000,"max_lifetime_seconds":2592000}
	// 201 true
}
