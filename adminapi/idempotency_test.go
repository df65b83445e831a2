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

// generated is the answer to a client that generates a token.
type generated struct {
	Token  struct{ ID string }
	Secret string
}

// live returns the ids of Bob's active tokens.
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

func TestConcurrentRepetitionsLeaveOneToken(t *testing.T) {
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
		t.Errorf("the secrets that authenticate differ from the one active token (-live +working):\n%s", diff)
	}
}

func visibleASCII() string {
	var text strings.Builder
	for c := '!'; c <= '~'; c++ {
		text.WriteRune(c)
	}
	return text.String()
}

// FuzzIdempotencyKey expects of every key that it is refused, or makes exactly the same request repeatable.
func FuzzIdempotencyKey(f *testing.F) {
	for _, key := range []string{"", "a", "a b", `"8e03978e"`, "\x00", "ä", strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("x", 1<<20), " a", "a\tb", "a\nb", "a\x00", "a\x7f", "\xff"} {
		f.Add(key)
	}
	m, err := apitoken.New(memstore.New(), nil)
	must(f, err)
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
