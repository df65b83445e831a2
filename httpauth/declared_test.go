package httpauth_test

import (
	"net/http"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// During a roll-out, a replica may get a token of a kind that only newer replicas declare.
func TestATokenOfAnUndeclaredKindIsRefused(t *testing.T) {
	store := memstore.New()
	newManager := func(kinds ...apitoken.Kind) *apitoken.Manager {
		m, err := apitoken.New(store, &apitoken.Options{Kinds: kinds})
		must(t, err)
		return m
	}
	newer, older := newManager("robot"), newManager()
	if _, err := newer.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin}); err != nil {
		t.Fatal(err)
	}
	_, secret, err := newer.Generate(t.Context(), apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "x", Kind: "robot"})
	must(t, err)
	bearer := "Bearer " + secret.Reveal()
	for name, kinds := range map[string][]apitoken.Kind{"every kind": nil, "this kind": {"robot"}} {
		t.Run(name, func(t *testing.T) {
			var told error
			opts := &httpauth.Options{Kinds: kinds, OnError: func(_ *http.Request, err error) { told = err }}
			for which, middleware := range middlewares {
				wantReply(t, passed, serve(middleware(newer, opts)(http.HandlerFunc(ok)), bearer))
				if told != nil {
					t.Errorf("%s with a Manager that declares the kind: OnError got %v", which, told)
				}
				wantReply(t, insufficientScope, serve(middleware(older, opts)(http.HandlerFunc(ok)), bearer))
				if !isOnly(told, apitoken.ErrDenied, causes) {
					t.Errorf("%s: OnError got %v", which, told)
				}
				told = nil
			}
			w := serve(httpauth.Verify(older, opts), bearer)
			wantReply(t, insufficientScope, w)
			if len(identityHeaders(w.Header())) > 0 {
				t.Errorf("Verify sends %v", w.Header())
			}
			r := requestWith(auth(bearer))
			if actor, err := httpauth.ActorFunc(older, opts)(r); !isOnly(err, apitoken.ErrDenied, actorErrors) || actor != (apitoken.Actor{}) {
				t.Errorf("ActorFunc: %v, %v", actor, err)
			}
			if actor, err := httpauth.ActorFunc(newer, opts)(r); err != nil || actor.User != "ada" {
				t.Errorf("ActorFunc with a Manager that declares the kind: %v, %v", actor, err)
			}
		})
	}
}
