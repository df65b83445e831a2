package httpauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// During a roll-out, a replica meets tokens of kinds that it does not know yet. It cannot tell what they carry.
func TestATokenOfAnUndeclaredKindMayNotPass(t *testing.T) {
	store := memstore.New()
	newManager := func(kinds ...apitoken.Kind) *apitoken.Manager {
		m, err := apitoken.New(store, &apitoken.Options{Kinds: kinds})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	newer, older := newManager("robot"), newManager()
	if _, err := newer.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin}); err != nil {
		t.Fatal(err)
	}
	_, secret, err := newer.Generate(t.Context(), apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "x", Kind: "robot"})
	if err != nil {
		t.Fatal(err)
	}
	bearer := "Bearer " + secret.Reveal()
	for name, kinds := range map[string][]apitoken.Kind{"every kind": nil, "this kind": {"robot"}} {
		t.Run(name, func(t *testing.T) {
			var told error
			opts := &httpauth.Options{Kinds: kinds, OnError: func(_ *http.Request, err error) { told = err }}
			for which, middleware := range middlewares {
				wantReply(t, passed, serve(middleware(newer, opts)(http.HandlerFunc(ok)), bearer))
				if told != nil {
					t.Errorf("%s of a manager that declares the kind tells %v", which, told)
				}
				wantReply(t, insufficientScope, serve(middleware(older, opts)(http.HandlerFunc(ok)), bearer))
				if !isOnly(told, apitoken.ErrDenied) {
					t.Errorf("%s tells %v", which, told)
				}
				told = nil
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", bearer)
			w := httptest.NewRecorder()
			httpauth.Verify(older, opts).ServeHTTP(w, r)
			if w.Code != http.StatusForbidden || w.Header().Get(httpauth.UserHeader) != "" {
				t.Errorf("Verify answers %d for %q", w.Code, w.Header().Get(httpauth.UserHeader))
			}
			actor, err := httpauth.ActorFunc(older, opts)(r)
			if !isOnly(err, apitoken.ErrDenied) || actor != (apitoken.Actor{}) {
				t.Errorf("ActorFunc gives %v, %v", actor, err)
			}
			if actor, err := httpauth.ActorFunc(newer, opts)(r); err != nil || actor.User != "ada" {
				t.Errorf("ActorFunc of a manager that declares the kind gives %v, %v", actor, err)
			}
		})
	}
}
