package adminapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

type eventPage struct {
	Events []struct {
		Seq   int64
		ID    string
		Owner string
	}
	Next *int64
	More *bool
}

func TestAnEventShowsAllThatIsKnownAndNothingElse(t *testing.T) {
	s := newSite(t)
	_, own := s.Generate(apitoken.GenerateParams{Owner: "ada", Name: "tool"})
	identity, err := s.Manager.Authenticate(ctx, own)
	must(t, err)
	_, err = s.Manager.SetPolicy(ctx, apitoken.As("ada"), apitoken.MaxLifetimePolicy{Max: 90500e6})
	must(t, err)
	token, _, err := s.Manager.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: "bob", Name: "x", Resource: "project:web"})
	must(t, err)
	s.Clock.Add(1e3)
	must(t, s.Manager.Revoke(ctx, apitoken.As("bob"), token.ID))
	must(t, s.Manager.DisableUser(ctx, apitoken.System(), "bob"))
	_, err = s.Manager.SetPolicy(ctx, apitoken.As("ada"), apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration})
	must(t, err)
	_, _ = s.Manager.Token(ctx, apitoken.As("carol"), token.ID)
	_, _ = s.Manager.User(ctx, apitoken.Actor{}.From(apitoken.Origin{Address: "192.0.2.7"}), "bob")

	var want []string
	for e, err := range s.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{}) {
		must(t, err)
		want = append(want, e.ID.String())
	}
	w := s.call("ada", "GET", "/events?after=4", "")
	wantStatus(t, http.StatusOK, w)
	var ids []string
	for i, id := range want {
		ids = append(ids, id, fmt.Sprint("ID", i+1))
	}
	varying := append(ids, token.ID.String(), "TOKEN", identity.Token.ID.String(), "TOOL")
	wantJSON(t, `{
		"events": [
			{"seq": 5, "id": "ID5", "at": "2026-01-01T12:00:00.000000Z", "action": "policy.set", "outcome": "done",
			 "actor": {"kind": "person", "user": "ada"}, "before": {"no_maximum": true}, "after": {"max_lifetime_seconds": 90.5}},
			{"seq": 6, "id": "ID6", "at": "2026-01-01T12:00:00.000000Z", "action": "token.generate", "outcome": "done",
			 "actor": {"kind": "token", "user": "ada", "token": "TOOL"}, "owner": "bob", "token": "TOKEN",
			 "after": {"name": "x", "kind": "user", "resource": "project:web", "expires_at": "2026-01-01T12:01:30.500000Z", "max_lifetime_seconds": 90.5}},
			{"seq": 7, "id": "ID7", "at": "2026-01-01T12:00:00.000001Z", "action": "token.revoke", "outcome": "done",
			 "actor": {"kind": "person", "user": "bob"}, "owner": "bob", "token": "TOKEN",
			 "before": {"name": "x", "kind": "user", "resource": "project:web", "expires_at": "2026-01-01T12:01:30.500000Z"},
			 "after": {"name": "x", "kind": "user", "resource": "project:web", "expires_at": "2026-01-01T12:01:30.500000Z", "revoked_at": "2026-01-01T12:00:00.000001Z"}},
			{"seq": 8, "id": "ID8", "at": "2026-01-01T12:00:00.000001Z", "action": "user.disable", "outcome": "done",
			 "actor": {"kind": "system"}, "owner": "bob",
			 "before": {"role": "user"}, "after": {"role": "user", "disabled_at": "2026-01-01T12:00:00.000001Z", "epoch": 1}},
			{"seq": 9, "id": "ID9", "at": "2026-01-01T12:00:00.000001Z", "action": "policy.set", "outcome": "done",
			 "actor": {"kind": "person", "user": "ada"}, "before": {"max_lifetime_seconds": 90.5}, "after": {"no_maximum": true}},
			{"seq": 10, "id": "ID10", "at": "2026-01-01T12:00:00.000001Z", "action": "token.read", "outcome": "denied",
			 "actor": {"kind": "person", "user": "carol"}, "owner": "bob", "token": "TOKEN", "reason": "needs ListAny"},
			{"seq": 11, "id": "ID11", "at": "2026-01-01T12:00:00.000001Z", "action": "user.read", "outcome": "denied", "owner": "bob", "reason": "the actor is not known"}
		],
		"next": 11
	}`, w, varying...)
}

// Every answer says where to go on, also the one that has nothing, and more only if there is.
func TestEventsSayWhereToGoOn(t *testing.T) {
	s := newSite(t) // three users were put
	tests := []struct {
		query string
		seqs  []int64
		next  int64
		more  bool
	}{
		{"", []int64{1, 2, 3}, 3, false},
		{"?after=0", []int64{1, 2, 3}, 3, false},
		{"?limit=1", []int64{1}, 1, true},
		{"?limit=2", []int64{1, 2}, 2, true},
		{"?limit=3", []int64{1, 2, 3}, 3, false},
		{"?limit=500", []int64{1, 2, 3}, 3, false},
		{"?limit=1&after=1", []int64{2}, 2, true},
		{"?limit=1&after=2", []int64{3}, 3, false},
		{"?after=3", nil, 3, false},
		{"?after=99", nil, 99, false},
		{"?after=9223372036854775807", nil, 9223372036854775807, false},
		{"?owner=bob", []int64{2}, 2, false},
		{"?owner=bob&after=2", nil, 2, false},
		{"?owner=mallory", nil, 0, false},
		{"?limit=1&owner=carol", []int64{3}, 3, false},
		{"?actor=ada", nil, 0, false},
		{"?action=user.put&limit=2", []int64{1, 2}, 2, true},
		{"?action=user.put&after=2", []int64{3}, 3, false},
		{"?action=user.disable", nil, 0, false},
		{"?outcome=done&owner=bob", []int64{2}, 2, false},
		{"?outcome=denied", nil, 0, false},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			w := s.call("ada", "GET", "/events"+test.query, "")
			wantStatus(t, http.StatusOK, w)
			p := decode[eventPage](t, w)
			var seqs []int64
			for _, e := range p.Events {
				seqs = append(seqs, e.Seq)
			}
			if diff := cmp.Diff(test.seqs, seqs); diff != "" || p.Events == nil {
				t.Errorf("the events differ (-want +got):\n%s", diff)
			}
			if p.Next == nil || *p.Next != test.next {
				t.Errorf("next differs, want %d: %s", test.next, w.Body)
			}
			if (p.More != nil) != test.more || test.more && !*p.More {
				t.Errorf("more differs, want %v: %s", test.more, w.Body)
			}
		})
	}
}

// countingStore counts how often it is asked for events.
type countingStore struct {
	*memstore.Store
	reads int
}

func (s *countingStore) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	s.reads++
	return s.Store.Events(ctx, q)
}

// A page costs one read, also where it is full and there are more.
func TestAPageOfEventsIsOneRead(t *testing.T) {
	store := &countingStore{Store: memstore.New()}
	m, err := apitoken.New(store, nil)
	must(t, err)
	for _, id := range []apitoken.UserID{"ada", "bob", "carol"} {
		_, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Role: apitoken.RoleAdmin})
		must(t, err)
	}
	h := newHandler(t, m)
	for limit := 1; limit <= 4; limit++ {
		store.reads = 0
		wantStatus(t, http.StatusOK, call(h, "ada", "GET", fmt.Sprint("/events?limit=", limit), ""))
		if store.reads != 1 {
			t.Errorf("a page of %d of 3 events takes %d reads", limit, store.reads)
		}
	}
}

func TestEventsRefusals(t *testing.T) {
	s := newSite(t)
	tests := []struct {
		user, target string
		status       int
		code, field  string
	}{
		{"bob", "/events", 403, "denied", ""},
		{"bob", "/events?owner=bob", 403, "denied", ""},
		{"ada", "/events?after=-1", 400, "malformed", "after"},
		{"ada", "/events?after=1.5", 400, "malformed", "after"},
		{"ada", "/events?after=" + noToken, 400, "malformed", "after"},
		{"ada", "/events?after=", 400, "malformed", "after"},
		{"ada", "/events?after=1&after=2", 400, "malformed", "after"},
		{"ada", "/events?after=9223372036854775808", 422, "invalid", "after"},
		{"ada", "/events?limit=0", 422, "invalid", "limit"},
		{"ada", "/events?limit=501", 422, "invalid", "limit"},
		{"ada", "/events?limit=x", 400, "malformed", "limit"},
		{"ada", "/events?owner=", 400, "malformed", "owner"},
		{"ada", "/events?owner=%0A", 422, "invalid", "owner"},
		{"ada", "/events?owner=" + tooLongID, 422, "invalid", "owner"},
		{"ada", "/events?actor=", 400, "malformed", "actor"},
		{"ada", "/events?actor=%0A", 422, "invalid", "actor"},
		{"ada", "/events?actor=" + tooLongID, 422, "invalid", "actor"},
		{"ada", "/events?action=", 400, "malformed", "action"},
		{"ada", "/events?action=token", 422, "invalid", "action"},
		{"ada", "/events?action=Token.Generate", 422, "invalid", "action"},
		{"ada", "/events?action=token.authenticate", 422, "invalid", "action"}, // never an event
		{"ada", "/events?outcome=", 400, "malformed", "outcome"},
		{"ada", "/events?outcome=Denied", 422, "invalid", "outcome"},
		{"ada", "/events?outcome=refused", 422, "invalid", "outcome"}, // only of observations
		{"ada", "/events?reason=x", 400, "malformed", "reason"},
	}
	for _, test := range tests {
		t.Run(test.user+" "+test.target, func(t *testing.T) {
			p := wantProblem(t, test.status, test.code, s.call(test.user, "GET", test.target, ""))
			if p.Field != test.field {
				t.Errorf("the field is %q, want %q", p.Field, test.field)
			}
		})
	}
}

// A reader who goes on behind next, while others write, reads every event once and in order.
func TestFollowingMissesNothingAndSeesNothingTwice(t *testing.T) {
	for _, limit := range []int{1, 2, 7, 500} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			s := newSite(t)
			const writers, each = 4, 25
			var writing sync.WaitGroup
			for i := range writers {
				writing.Go(func() {
					for n := range each {
						id := apitoken.UserID(fmt.Sprintf("user-%d-%d", i, n))
						if _, err := s.Manager.PutUser(ctx, apitoken.System(), apitoken.User{ID: id}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			done := make(chan struct{})
			go func() { writing.Wait(); close(done) }()

			var got []string
			next, requests := int64(0), 0
			for over := false; !over; {
				select {
				case <-done:
					over = true // and once more to the end
				default:
				}
				for more := true; more; requests++ {
					w := s.call("ada", "GET", fmt.Sprintf("/events?limit=%d&after=%d", limit, next), "")
					wantStatus(t, http.StatusOK, w)
					p := decode[eventPage](t, w)
					if len(p.Events) > limit {
						t.Fatalf("a page has %d events", len(p.Events))
					}
					for _, e := range p.Events {
						if e.Seq <= next {
							t.Fatalf("behind %d comes %d", next, e.Seq)
						}
						got = append(got, e.ID)
					}
					next, more = *p.Next, p.More != nil
				}
			}
			var want []string
			for e, err := range s.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{}) {
				must(t, err)
				want = append(want, e.ID.String())
			}
			if diff := cmp.Diff(want, got); diff != "" || len(got) != 3+writers*each {
				t.Errorf("the events that were read differ (-want +got):\n%s", diff)
			}
			t.Logf("%d events in %d requests", len(got), requests)
		})
	}
}

// A canary: whatever was done with them, no answer of any route but the one that generated it holds a secret, nor an event.
func TestNoAnswerShowsASecretASecondTime(t *testing.T) {
	s := newSite(t)
	var secrets []string
	generate := func(user, path, body string, more ...string) {
		t.Helper()
		w := s.call(user, "POST", path, body, more...)
		wantStatus(t, http.StatusCreated, w)
		secrets = append(secrets, decode[struct{ Secret string }](t, w).Secret)
	}
	generate("ada", "/users/bob/tokens", `{"name": "one"}`)
	generate("bob", "/users/bob/tokens", `{"name": "two", "no_expiration": true}`)
	generate("ada", "/users/ada/tokens", `{"name": "three"}`, "Idempotency-Key", "k")
	generate("ada", "/users/ada/tokens", `{"name": "three"}`, "Idempotency-Key", "k")
	identity, err := s.Manager.Authenticate(ctx, secrets[3])
	must(t, err)
	_, secret, err := s.Manager.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: "carol", Name: "four"})
	must(t, err)
	secrets = append(secrets, secret.Reveal())
	generate("ada", "/users/bob/tokens", `{"name": "five"}`)
	must(t, s.Manager.RevokeAll(ctx, apitoken.As("ada"), "bob"))
	generate("ada", "/users/bob/tokens", `{"name": "six"}`)

	searched := 0
	for _, r := range requests() {
		if r.Method != "GET" {
			continue
		}
		for _, user := range []string{"ada", "bob", "carol", "mallory", ""} {
			w := s.call(user, r.Method, r.path, "")
			text := fmt.Sprint(w.Header(), w.Body)
			for _, secret := range secrets {
				if strings.Contains(text, secret[4:40]) {
					t.Errorf("%s shows %s a secret: %s", r, user, text)
				}
				searched++
			}
		}
	}
	for e, err := range s.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{}) {
		must(t, err)
		text, err := json.Marshal(e)
		must(t, err)
		for _, secret := range secrets {
			if strings.Contains(string(text), secret[4:40]) {
				t.Errorf("the event %s holds a secret", text)
			}
			searched++
		}
	}
	t.Logf("%d texts were searched", searched)
}

// What is beyond the first ten denials of a minute is one event, with what the denials have in common.
func TestAnEventOfManyDenialsSaysHowMany(t *testing.T) {
	s := newSite(t)
	for i := range 13 {
		actor := apitoken.As("bob")
		actor.Origin = apitoken.Origin{Address: "192.0.2.7", UserAgent: "curl/8.5.0", RequestID: fmt.Sprint("request ", i)}
		_, _ = s.Manager.ListTokens(ctx, actor, apitoken.TokenQuery{AnyOwner: true})
		s.Clock.Add(1e9)
	}
	must(t, s.Manager.Flush(ctx))
	w := s.call("ada", "GET", "/events?actor=bob&outcome=denied&action=token.list&after=12", "")
	wantStatus(t, http.StatusOK, w)
	p := decode[eventPage](t, w)
	if len(p.Events) != 2 {
		t.Fatalf("%d events, want the tenth and one of the others: %s", len(p.Events), w.Body)
	}
	wantJSON(t, `{
		"events": [
			{"seq": 13, "id": "ID1", "at": "2026-01-01T12:00:09.000000Z", "action": "token.list", "outcome": "denied",
			 "actor": {"kind": "person", "user": "bob", "origin": {"address": "192.0.2.7", "user_agent": "curl/8.5.0", "request_id": "request 9"}},
			 "reason": "needs ListAny"},
			{"seq": 14, "id": "ID2", "at": "2026-01-01T12:00:12.000000Z", "action": "token.list", "outcome": "denied",
			 "actor": {"kind": "person", "user": "bob", "origin": {"address": "192.0.2.7", "user_agent": "curl/8.5.0"}},
			 "reason": "needs ListAny", "count": 3, "first_at": "2026-01-01T12:00:10.000000Z"}
		],
		"next": 14
	}`, w, p.Events[0].ID, "ID1", p.Events[1].ID, "ID2")
}

// An action that is added to the root has to be added here and in the document.
func TestEveryActionOfEventsCanBeAskedFor(t *testing.T) {
	source, err := os.ReadFile("../event.go")
	must(t, err)
	var want []string
	for _, m := range regexp.MustCompile(`Action = "([a-z._]+)"`).FindAllStringSubmatch(string(source), -1) {
		if m[1] != string(apitoken.ActionAuthenticate) {
			want = append(want, m[1])
		}
	}
	var got struct {
		Components struct {
			Parameters struct {
				Action struct{ Schema struct{ Enum []string } }
			}
		}
	}
	must(t, json.Unmarshal(adminapi.OpenAPI, &got))
	if diff := cmp.Diff(want, got.Components.Parameters.Action.Schema.Enum); diff != "" || len(want) < 12 {
		t.Errorf("the actions of the document differ (-root +document):\n%s", diff)
	}
	s := newSite(t)
	for _, action := range want {
		wantStatus(t, http.StatusOK, s.call("ada", "GET", "/events?action="+action, ""))
	}
}
