package adminapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// The errors of httpauth.ActorFunc lead to the right answers.
func TestTheActorIsTheHolderOfTheToken(t *testing.T) {
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
	t.Run("the store fails", func(t *testing.T) {
		store := newFaultyStore()
		m, err := apitoken.New(store, nil)
		must(t, err)
		_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"})
		must(t, err)
		_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})
		must(t, err)
		var reported error
		h := newHandlerWith(t, m, adminapi.Options{
			Actor:   httpauth.ActorFunc(m, nil),
			OnError: func(_ *http.Request, err error) { reported = err },
		})
		r := newRequest("GET", "/policy", "")
		r.Header.Set("Authorization", "Bearer "+secret.Reveal())
		wantStatus(t, 200, respond(h, r))
		store.lookup = errors.New("connection refused")
		wantProblem(t, 503, "unavailable", respond(h, r))
		if !errors.Is(reported, store.lookup) {
			t.Errorf("OnError got %v, want the error of the store", reported)
		}
	})
}

// The event of a change has its origin. A header of any length and content stops no change.
func TestEventsOfChangesHaveTheOrigin(t *testing.T) {
	s := newSite(t)
	origin := func(r *http.Request) apitoken.Origin {
		return apitoken.Origin{Address: r.RemoteAddr, UserAgent: r.UserAgent(), RequestID: r.Header.Get("X-Request-Id")}
	}
	long := strings.Repeat("ä", 4<<10)
	said := apitoken.Origin{Address: "said by Options.Actor"}
	tests := []struct {
		name   string
		origin func(*http.Request) apitoken.Origin
		actor  apitoken.Actor
		agent  string
		want   apitoken.Origin
	}{
		{"from the function", origin, apitoken.As("ada"), "curl/8.5.0", apitoken.Origin{Address: "192.0.2.1:1234", UserAgent: "curl/8.5.0", RequestID: "r1"}},
		{"of a user agent of 8 KiB", origin, apitoken.As("ada"), long, apitoken.Origin{Address: "192.0.2.1:1234", UserAgent: long[:254], RequestID: "r1"}},
		{"of the actor", origin, apitoken.As("ada").From(said), "curl/8.5.0", said},
		{"no function", nil, apitoken.As("ada"), "curl/8.5.0", apitoken.Origin{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHandlerWith(t, s.Manager, adminapi.Options{
				Actor: func(*http.Request) (apitoken.Actor, error) { return test.actor, nil }, Origin: test.origin,
			})
			w := call(h, "", "DELETE", "/users/bob/tokens", "", "User-Agent", test.agent, "X-Request-Id", "r1")
			wantStatus(t, http.StatusNoContent, w)
			if diff := cmp.Diff(test.want, s.lastEvent().Actor.Origin); diff != "" {
				t.Errorf("the origin differs (-want +got):\n%s", diff)
			}
		})
	}
	// An origin does not make an actor without a user a caller.
	for _, nobody := range []apitoken.Actor{{}, apitoken.As(""), {Kind: apitoken.ActorToken}} {
		h := newHandlerWith(t, s.Manager, adminapi.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return nobody.From(said), nil }})
		wantProblem(t, 401, "unauthenticated", call(h, "", "GET", "/policy", ""))
	}
}

// lastEvent is the newest event.
func (s site) lastEvent() apitoken.Event {
	s.t.Helper()
	for e, err := range s.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{NewestFirst: true, Limit: 1}) {
		must(s.t, err)
		return e
	}
	s.t.Fatal("there is no event")
	return apitoken.Event{}
}
