package adminapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// generated is what a client reads of a token that was generated for him.
type generated struct {
	Token  struct{ ID string }
	Secret string
}

func (s site) generateWith(user, key, body string) generated {
	s.t.Helper()
	w := s.call(user, "POST", "/users/bob/tokens", body, "Idempotency-Key", key)
	wantStatus(s.t, http.StatusCreated, w)
	return decode[generated](s.t, w)
}

// live are the ids of Bob's active tokens.
func (s site) live() []string {
	s.t.Helper()
	var ids []string
	for token, err := range s.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive}) {
		must(s.t, err)
		ids = append(ids, token.ID.String())
	}
	return ids
}

func (s site) authenticates(secret string) bool {
	s.t.Helper()
	_, err := s.Manager.Authenticate(ctx, secret)
	if err != nil && !errors.Is(err, apitoken.ErrUnauthenticated) {
		s.t.Fatal(err)
	}
	return err == nil
}

func TestTheSameRequestAgainReplacesTheToken(t *testing.T) {
	s := newSite(t)
	const body = `{"name": "nightly build", "lifetime_seconds": 3600}`
	first := s.generateWith("ada", "a-key", body)
	second := s.generateWith("ada", "a-key", body)
	third := s.generateWith("ada", "a-key", `{"lifetime_seconds": 3600.000, "name": "nightly\u0020build"}`) // spelled otherwise
	if diff := cmp.Diff([]string{third.Token.ID}, s.live()); diff != "" {
		t.Errorf("the live tokens differ (-want +got):\n%s", diff)
	}
	if s.authenticates(first.Secret) || s.authenticates(second.Secret) || !s.authenticates(third.Secret) {
		t.Error("not exactly the secret that was answered last authenticates")
	}
}

func TestATokenThatWasUsedIsNotReplaced(t *testing.T) {
	s := newSite(t)
	first := s.generateWith("ada", "a-key", `{"name": "x"}`)
	if !s.authenticates(first.Secret) {
		t.Fatal("the token does not authenticate")
	}
	wantProblem(t, 409, "repeated", s.call("ada", "POST", "/users/bob/tokens", `{"name": "x"}`, "Idempotency-Key", "a-key"))
	if diff := cmp.Diff([]string{first.Token.ID}, s.live()); diff != "" || !s.authenticates(first.Secret) {
		t.Errorf("the live tokens differ (-want +got):\n%s", diff)
	}
	wantStatus(t, http.StatusNoContent, s.call("bob", "DELETE", "/tokens/"+first.Token.ID, ""))
	s.generateWith("ada", "a-key", `{"name": "x"}`) // it has ended, so this is a new wish
}

// Whatever differs, it is not the same request, and the name is taken.
func TestAnotherRequestIsNoRepetition(t *testing.T) {
	tests := []struct {
		name, user, key, body string
		status                int
	}{
		{"the same", "ada", "a-key", `{"name": "x"}`, 201},
		{"another key", "ada", "another", `{"name": "x"}`, 409},
		{"a key in capitals", "ada", "A-KEY", `{"name": "x"}`, 409},
		{"no key", "ada", "", `{"name": "x"}`, 409},
		{"a lifetime", "ada", "a-key", `{"name": "x", "lifetime_seconds": 3600}`, 409},
		{"an end", "ada", "a-key", `{"name": "x", "expires_at": "2026-01-02T00:00:00Z"}`, 409},
		{"no expiration", "ada", "a-key", `{"name": "x", "no_expiration": true}`, 409},
		{"another user", "bob", "a-key", `{"name": "x"}`, 409},
		{"another name", "ada", "a-key", `{"name": "y"}`, 201},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			first := s.generateWith("ada", "a-key", `{"name": "x"}`)
			header := []string{"Idempotency-Key", test.key}
			if test.key == "" {
				header = nil
			}
			w := s.call(test.user, "POST", "/users/bob/tokens", test.body, header...)
			wantStatus(t, test.status, w)
			if test.status == http.StatusConflict {
				wantProblem(t, 409, "exists", w)
			}
			if replaced := !s.authenticates(first.Secret); replaced != (test.name == "the same") {
				t.Errorf("the first token was replaced: %v", replaced)
			}
		})
	}
}

func TestManyRepetitionsAtOnceLeaveOneToken(t *testing.T) {
	s := newSite(t)
	const many = 20
	answers := make([]*httptest.ResponseRecorder, many)
	var sending sync.WaitGroup
	for i := range many {
		sending.Go(func() {
			answers[i] = call(s.handler, "ada", "POST", "/users/bob/tokens", `{"name": "x"}`, "Idempotency-Key", "a-key")
		})
	}
	sending.Wait()
	var working []string
	for _, w := range answers {
		wantStatus(t, http.StatusCreated, w)
		if g := decode[generated](t, w); s.authenticates(g.Secret) {
			working = append(working, g.Token.ID)
		}
	}
	if diff := cmp.Diff(s.live(), working); diff != "" || len(working) != 1 {
		t.Errorf("the secrets that work are not that of the one live token (-live +working):\n%s", diff)
	}
}

// After an unknown outcome, the same request again gives a token that works, done or not.
func TestAnUnknownOutcomeIsMendedByTheKey(t *testing.T) {
	for name, done := range map[string]bool{"done": true, "not done": false} {
		t.Run(name, func(t *testing.T) {
			var told error
			store, m, h := newFaultySite(t, &told)
			store.writing, store.done = apitoken.ErrUncertain, done
			send := func() *httptest.ResponseRecorder {
				return call(h, "ada", "POST", "/users/bob/tokens", `{"name": "x"}`, "Idempotency-Key", "a-key")
			}
			wantProblem(t, 503, "outcome_unknown", send())
			store.writing = nil
			w := send()
			wantStatus(t, http.StatusCreated, w)
			if _, err := m.Authenticate(ctx, decode[generated](t, w).Secret); err != nil {
				t.Errorf("the token is %v", err)
			}
			live, err := m.ListTokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive})
			if err != nil || len(live) != 1 {
				t.Errorf("there are %d live tokens, %v", len(live), err)
			}
		})
	}
}

func TestIdempotencyKeysAreReadStrictly(t *testing.T) {
	tests := []struct {
		name   string
		values []string
		status int
	}{
		{"a UUID", []string{noToken}, 201},
		{"quoted", []string{`"8e03978e-40d5-43dd-bc93-6894a57f9324"`}, 201},
		{"one character", []string{"!"}, 201},
		{"all characters", []string{visibleASCII()}, 201},
		{"255 characters", []string{strings.Repeat("~", 255)}, 201},
		{"256 characters", []string{strings.Repeat("~", 256)}, 400},
		{"a megabyte", []string{strings.Repeat("x", 1<<20)}, 400},
		{"empty", []string{""}, 400},
		{"two headers", []string{"a", "b"}, 400},
		{"two headers alike", []string{"a", "a"}, 400},
		{"an empty one besides", []string{"", "a"}, 400},
		{"a space", []string{"a b"}, 400},
		{"an outer space", []string{" a"}, 400}, // net/http removes it before
		{"a tab", []string{"a\tb"}, 400},
		{"a line break", []string{"a\nb"}, 400},
		{"NUL", []string{"a\x00"}, 400},
		{"DEL", []string{"a\x7f"}, 400},
		{"not ASCII", []string{"ä"}, 400},
		{"not UTF-8", []string{"\xff"}, 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			r := newRequest("POST", "/users/bob/tokens", `{"name": "x"}`)
			r.Header["Idempotency-Key"] = test.values
			w := s.serve("bob", r)
			wantStatus(t, test.status, w)
			if test.status == http.StatusBadRequest {
				wantProblem(t, 400, "malformed", w)
			}
			if got := len(s.live()); got != map[int]int{201: 1, 400: 0}[test.status] {
				t.Errorf("there are %d tokens", got)
			}
		})
	}
}

func visibleASCII() string {
	var text strings.Builder
	for c := '!'; c <= '~'; c++ {
		text.WriteRune(c)
	}
	return text.String()
}

// FuzzIdempotencyKey holds whatever key to the promise that it is refused or makes the same request repeatable, and only it.
func FuzzIdempotencyKey(f *testing.F) {
	for _, key := range []string{"", "a", "a b", `"8e03978e"`, "\x00", "ä", strings.Repeat("x", 255), strings.Repeat("x", 256)} {
		f.Add(key)
	}
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		f.Fatal(err)
	}
	h := newHandler(f, m)
	n := 0
	f.Fuzz(func(t *testing.T, key string) {
		n++
		send := func(keys ...string) *httptest.ResponseRecorder {
			r := newRequest("POST", "/users/bob/tokens", fmt.Sprintf(`{"name": "%d"}`, n))
			r.Header.Set("Test-User", "bob")
			r.Header["Idempotency-Key"] = keys
			return respond(h, r)
		}
		good := key != "" && len(key) <= 255 && strings.Trim(key, visibleASCII()) == "" && !strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' })
		w := send(key)
		if !good {
			wantProblem(t, 400, "malformed", w)
			return
		}
		wantStatus(t, http.StatusCreated, w)
		wantStatus(t, http.StatusCreated, send(key))
		wantProblem(t, 409, "exists", send("another"+key[:min(len(key), 200)]))
		must(t, m.RevokeAll(ctx, apitoken.As("bob"), "bob"))
	})
}
