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

// countingStore counts how often it is asked for events.
type countingStore struct {
	*memstore.Store
	reads int
}

func (s *countingStore) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	s.reads++
	return s.Store.Events(ctx, q)
}

// A page costs one read, even if it is full and more events follow.
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
			t.Errorf("a page of %d of 3 events takes %d reads, want 1", limit, store.reads)
		}
	}
}

// A reader that asks again after next while others write reads every event once and in order.
func TestAReaderMissesNoEventAndSeesNoneTwice(t *testing.T) {
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
					over = true // read once more to the end
				default:
				}
				for more := true; more; requests++ {
					w := s.call("ada", "GET", fmt.Sprintf("/events?limit=%d&after=%d", limit, next), "")
					wantStatus(t, http.StatusOK, w)
					p := decode[eventPage](t, w)
					if len(p.Events) > limit {
						t.Fatalf("a page has %d events, want at most %d", len(p.Events), limit)
					}
					for _, e := range p.Events {
						if e.Seq <= next {
							t.Fatalf("event %d comes after %d", e.Seq, next)
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

// Only the answer that generates a token contains its secret: no answer of a route, and no event.
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
				t.Errorf("the event %s contains a secret", text)
			}
			searched++
		}
	}
	t.Logf("%d texts were searched", searched)
}

// An action that is added to the root has to be added here and in the document.
func TestEventsCanBeSelectedByEveryRecordedAction(t *testing.T) {
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
