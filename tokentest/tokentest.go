// Package tokentest gives a host's own tests a Manager in memory, a clock that they move, and tokens in one line.
//
//	func TestExpiredTokenIsRefused(t *testing.T) {
//		tt := tokentest.New(t)
//		_, token := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: apitoken.Days(30)})
//		handler := newHandler(tt.Manager) // the host's own
//		tt.Clock.Add(apitoken.Days(30))
//		w := httptest.NewRecorder()
//		handler.ServeHTTP(w, tokentest.Request("GET", "/hello", token))
//		if w.Code != http.StatusUnauthorized {
//			t.Errorf("an expired token is answered %d", w.Code)
//		}
//	}
//
// What a Kit does, it does as the host itself, so no permission stands in the way, but the maximum lifetime holds as
// always. Everything that fails ends the test: no method returns an error.
//
// Kit logs why its Manager refuses something, to the test, so that a failed test shows the cause behind a 401 or a 403:
//
//	tokentest: token.authenticate refused (expired): token expired, owner ada, token 019b79e7-...
//
// A request without a token reaches no Manager, and is not logged. No log contains a secret.
package tokentest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// Kit is a Manager with what it stands on. Its methods are to be called from the goroutine of the test.
type Kit struct {
	Manager *apitoken.Manager
	Clock   *clock.Mock     // the Manager's; at first noon UTC of 1 January 2026
	Store   *memstore.Store // the Manager's

	t     testing.TB
	names atomic.Int64 // for tokens that nobody named
}

// New makes a Kit of its own for a test. It has no users yet, and is closed when the test ends.
func New(t testing.TB) *Kit {
	t.Helper()
	return NewWith(t, apitoken.Options{})
}

// NewWith is New with options: the host's own prefix, roles or kinds. Their Clock is replaced by the Kit's. Their Observer is
// called as always.
func NewWith(t testing.TB, opts apitoken.Options) *Kit {
	t.Helper()
	k := &Kit{Clock: clock.NewMock(), Store: memstore.New(), t: t}
	k.Clock.Set(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC))
	opts.Clock = k.Clock
	logged := &refusals{t: t, next: opts.Observer}
	opts.Observer = logged
	var err error
	k.Manager, err = apitoken.New(k.Store, &opts)
	if err != nil {
		t.Fatalf("tokentest: %v", err)
	}
	t.Cleanup(func() {
		if err := k.Manager.Close(context.Background()); err != nil {
			t.Errorf("tokentest: %v", err)
		}
		logged.end()
	})
	return k
}

// User provisions a user, tt.User("ada", apitoken.RoleAdmin), or changes the role of one that there is and leaves his name
// alone. An empty role keeps the present one, and is [apitoken.RoleUser] for a new user.
func (k *Kit) User(id apitoken.UserID, role apitoken.Role) apitoken.User {
	k.t.Helper()
	u, err := k.Store.User(context.Background(), id)
	if err == nil || errors.Is(err, apitoken.ErrNotFound) {
		u, err = k.Manager.PutUser(context.Background(), apitoken.System(), apitoken.User{ID: id, Name: u.Name, Role: role})
	}
	if err != nil {
		k.t.Fatalf("tokentest: %v", err)
	}
	return u
}

// Token generates a token for a user and gives its text, to be presented in a request. It is not named and lives as long
// as the policy lets it, 90 days if there is none. A user that does not exist yet is provisioned.
func (k *Kit) Token(owner apitoken.UserID) string {
	k.t.Helper()
	_, text := k.Generate(apitoken.GenerateParams{Owner: owner})
	return text
}

// Generate generates a token as wanted and gives it with its text. A token without a name gets one that nobody has, and a
// user that does not exist yet is provisioned.
func (k *Kit) Generate(p apitoken.GenerateParams) (apitoken.Token, string) {
	k.t.Helper()
	k.User(p.Owner, "")
	if p.Name == "" {
		p.Name = fmt.Sprintf("tokentest %d", k.names.Add(1))
	}
	token, secret, err := k.Manager.Generate(context.Background(), apitoken.System(), p)
	if err != nil {
		k.t.Fatalf("tokentest: %v", err)
	}
	return token, secret.Reveal()
}

// Request is a request for a handler under test that presents a token, or nothing if the token is empty.
func Request(method, target, token string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}
