package adminapi_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// What the function of httpauth says of a request leads to the right answer here.
func TestTokensAsActors(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{Kinds: []apitoken.Kind{"robot"}})
	tt.User("ada", apitoken.RoleAdmin)
	good := tt.Token("ada")
	user := tt.Token("bob")
	_, robot := tt.Generate(apitoken.GenerateParams{Owner: "ada", Kind: "robot"})
	ended, endedText := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	must(t, tt.Manager.Revoke(ctx, apitoken.System(), ended.ID))
	h := newHandlerWith(t, tt.Manager, adminapi.Options{
		Actor: httpauth.ActorFunc(tt.Manager, &httpauth.Options{Kinds: []apitoken.Kind{apitoken.KindUser}}),
	})
	tests := []struct {
		name   string
		values []string
		status int
		code   string
	}{
		{"a good one", []string{"Bearer " + good}, 200, ""},
		{"a user's", []string{"Bearer " + user}, 403, "denied"},
		{"another kind", []string{"Bearer " + robot}, 403, "denied"},
		{"none", nil, 401, "unauthenticated"},
		{"another scheme", []string{"Basic x"}, 401, "unauthenticated"},
		{"unknown", []string{"Bearer " + tokentest.New(t).Token("ada")}, 401, "unauthenticated"},
		{"malformed", []string{"Bearer x"}, 401, "unauthenticated"},
		{"revoked", []string{"Bearer " + endedText}, 401, "unauthenticated"},
		{"two", []string{"Bearer " + good, "Bearer " + good}, 401, "unauthenticated"},
		{"two in one", []string{"Bearer " + good + ", Bearer " + good}, 401, "unauthenticated"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRequest("GET", "/users", "")
			r.Header["Authorization"] = test.values
			w := respond(h, r)
			if test.code == "" {
				wantStatus(t, test.status, w)
				return
			}
			wantProblem(t, test.status, test.code, w)
			if got, want := w.Header().Get("WWW-Authenticate"), map[int]string{401: "Bearer"}[test.status]; got != want {
				t.Errorf("WWW-Authenticate is %q, want %q", got, want)
			}
		})
	}
	t.Run("trouble", func(t *testing.T) {
		store := &faultyStore{Store: memstore.New()}
		m, err := apitoken.New(store, nil)
		must(t, err)
		_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"})
		must(t, err)
		_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})
		must(t, err)
		var told error
		h := newHandlerWith(t, m, adminapi.Options{
			Actor:   httpauth.ActorFunc(m, nil),
			OnError: func(_ *http.Request, err error) { told = err },
		})
		r := newRequest("GET", "/policy", "")
		r.Header.Set("Authorization", "Bearer "+secret.Reveal())
		wantStatus(t, 200, respond(h, r))
		store.lookup = errors.New("connection refused")
		wantProblem(t, 503, "unavailable", respond(h, r))
		if !errors.Is(told, store.lookup) {
			t.Errorf("OnError was told %v", told)
		}
	})
}
