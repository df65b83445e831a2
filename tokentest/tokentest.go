// Package tokentest provides a Manager in memory, a clock that the test moves, and tokens in one line, for the unit tests of a
// host.
//
//	func TestExpiredTokenIsRefused(t *testing.T) {
//		tt := tokentest.New(t)
//		_, token := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: apitoken.Days(30)})
//		handler := newHandler(tt.Manager) // the handler under test
//		tt.Clock.Add(apitoken.Days(30))
//		w := httptest.NewRecorder()
//		handler.ServeHTTP(w, tokentest.Request("GET", "/hello", token))
//		if w.Code != http.StatusUnauthorized {
//			t.Errorf("an expired token gets %d, want 401", w.Code)
//		}
//	}
//
// A Kit acts as [apitoken.System], so permissions do not apply. The maximum lifetime still does. A failure ends the test: no
// method returns an error.
//
// A Kit logs to the test why its Manager refuses something, so that a failed test shows the cause of a 401 or a 403:
//
//	tokentest: token.authenticate refused (expired): token expired, owner ada, token 019b79e7-...
//
// A request without a token does not reach the Manager and is not logged. No log contains a secret.
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

// Kit is a Manager with its clock and its store. Call its methods only from the goroutine of the test.
type Kit struct {
	Manager *apitoken.Manager
	Clock   *clock.Mock     // of the Manager; starts at 12:00 UTC on 1 January 2026
	Store   *memstore.Store // of the Manager

	t     testing.TB
	names atomic.Int64 // for tokens without a name
}

// New returns a Kit without users. Kits share nothing. The Kit's Manager is closed at the end of the test.
func New(t testing.TB) *Kit {
	t.Helper()
	return NewWith(t, apitoken.Options{})
}

// NewWith is [New] with options, such as the prefix, roles and kinds of the host. The Kit replaces opts.Clock by its own and calls
// opts.Observer. Invalid options end the test.
func NewWith(t testing.TB, opts apitoken.Options) *Kit {
	t.Helper()
	k := &Kit{Clock: clock.NewMock(), Store: memstore.New(), t: t}
	k.Clock.Set(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC))
	opts.Clock = k.Clock
	logged := &refusalLog{t: t, next: opts.Observer}
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

// User provisions a user, or changes the role of an existing user and keeps their name. An empty role keeps the role of an
// existing user and is [apitoken.RoleUser] for a new one.
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

// Token generates a token and returns its text, which a request presents. It provisions a user who does not exist. The lifetime
// is the maximum of the policy, or the default lifetime of the options if there is no maximum: 90 days unless they say otherwise.
func (k *Kit) Token(owner apitoken.UserID) string {
	k.t.Helper()
	_, text := k.Generate(apitoken.GenerateParams{Owner: owner})
	return text
}

// Generate generates a token and returns it with its text. It chooses an unused name if p.Name is empty, and provisions an owner
// who does not exist.
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

// Request returns a request for a handler under test, with the token in the Authorization header. An empty token: no header.
func Request(method, target, token string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}
