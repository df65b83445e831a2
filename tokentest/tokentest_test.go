package tokentest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

var ctx = context.Background()

// example is a testing.TB outside a test. It records its calls.
type example struct {
	testing.TB
	cleanups []func()
	failures []string
	logs     []string
}

func (e *example) Helper()          {}
func (e *example) Cleanup(f func()) { e.cleanups = append(e.cleanups, f) }

func (e *example) Logf(format string, args ...any) {
	e.logs = append(e.logs, fmt.Sprintf(format, args...))
}

func (e *example) Errorf(format string, args ...any) {
	e.failures = append(e.failures, fmt.Sprintf(format, args...))
}

func (e *example) Fatalf(format string, args ...any) {
	e.Errorf(format, args...)
	runtime.Goexit()
}

// run runs a function as a test and returns the failures.
func (e *example) run(test func()) []string {
	done := make(chan struct{})
	go func() {
		defer close(done)
		test()
	}()
	<-done
	return e.failures
}

func TestTokensAuthenticateTheirOwner(t *testing.T) {
	tt := tokentest.New(t)
	texts := map[string]bool{}
	for _, owner := range []apitoken.UserID{"ada", "ada", "bob"} {
		text := tt.Token(owner)
		identity, err := tt.Manager.Authenticate(ctx, text)
		if err != nil || identity.User.ID != owner || identity.User.Role != apitoken.RoleUser {
			t.Errorf("the token of %s is %+v, %v", owner, identity.User, err)
		}
		texts[text] = true
	}
	if len(texts) != 3 {
		t.Errorf("%d of 3 tokens differ", len(texts))
	}
}

func TestGenerateFollowsItsParamsAndTheClock(t *testing.T) {
	tt := tokentest.New(t)
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada", Name: "build", Lifetime: time.Hour})
	noon := time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)
	if token.Name != "build" || !token.CreatedAt.Equal(noon) || !token.ExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("the token is %+v", token)
	}
	tt.Clock.Add(time.Hour - time.Microsecond)
	if _, err := tt.Manager.Authenticate(ctx, text); err != nil {
		t.Errorf("a microsecond before its expiry: %v", err)
	}
	tt.Clock.Add(time.Microsecond)
	if _, err := tt.Manager.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrExpired) {
		t.Errorf("at its expiry: %v, want ErrExpired", err)
	}
}

func TestUserKeepsTheNameAndTheRole(t *testing.T) {
	tt := tokentest.New(t)
	if _, err := tt.Manager.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Name: "Ada"}); err != nil {
		t.Fatal(err)
	}
	if u := tt.User("ada", apitoken.RoleAdmin); u.Name != "Ada" || u.Role != apitoken.RoleAdmin {
		t.Errorf("the user is %+v", u)
	}
	tt.Token("ada")
	if u := tt.User("ada", ""); u.Name != "Ada" || u.Role != apitoken.RoleAdmin {
		t.Errorf("the user with a token is %+v", u)
	}
	if u := tt.User(apitoken.UserID(strings.Repeat("x", 128)), ""); u.Role != apitoken.RoleUser {
		t.Errorf("the user of the longest id is %+v", u)
	}
}

func TestKitsShareNothing(t *testing.T) {
	text := tokentest.New(t).Token("ada")
	if _, err := tokentest.New(t).Manager.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUnknownToken) {
		t.Errorf("a token of another Kit: %v, want ErrUnknownToken", err)
	}
}

func TestTheManagerUsesTheStore(t *testing.T) {
	tt := tokentest.New(t)
	tt.Token("ada")
	users, err := tt.Store.Users(ctx, apitoken.UserQuery{Limit: 10})
	if err != nil || len(users) != 1 || users[0].ID != "ada" {
		t.Errorf("the store holds %+v, %v", users, err)
	}
}

func TestNewWithUsesTheOptionsExceptTheClock(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{
		Prefix: "acme",
		Clock:  badClock{},
		Roles:  map[apitoken.Role]apitoken.Permission{"auditor": apitoken.ListAny},
	})
	if u := tt.User("ada", "auditor"); u.Role != "auditor" {
		t.Errorf("the user is %+v", u)
	}
	if text := tt.Token("ada"); !strings.HasPrefix(text, "acme_") {
		t.Error("the token does not have the prefix")
	}
}

type badClock struct{}

func (badClock) Now() time.Time { panic("the clock of the options is read") }

func TestFailuresEndTheTest(t *testing.T) {
	for name, mistake := range map[string]func(testing.TB){
		"options":      func(t testing.TB) { tokentest.NewWith(t, apitoken.Options{Prefix: "NO"}) },
		"no owner":     func(t testing.TB) { tokentest.New(t).Token("") },
		"no such role": func(t testing.TB) { tokentest.New(t).User("ada", "pope") },
		"over the maximum": func(t testing.TB) {
			tt := tokentest.NewWith(t, apitoken.Options{DefaultMaxLifetime: time.Hour})
			tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: 2 * time.Hour})
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := &example{}
			failures := e.run(func() {
				mistake(e)
				t.Error("the test was not ended")
			})
			if len(failures) != 1 || !strings.HasPrefix(failures[0], "tokentest: apitoken: ") {
				t.Errorf("the failures are %q", failures)
			}
		})
	}
}

func TestTheManagerIsClosedAtTheEndOfTheTest(t *testing.T) {
	e := &example{}
	tt := tokentest.New(e)
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	use := func() time.Time {
		t.Helper()
		if _, err := tt.Manager.Authenticate(ctx, text); err != nil {
			t.Fatal(err)
		}
		if err := tt.Manager.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		now, err := tt.Manager.Token(ctx, apitoken.System(), token.ID)
		if err != nil {
			t.Fatal(err)
		}
		return now.LastUsedAt
	}
	before := use()
	if before.IsZero() {
		t.Error("a use before the end of the test is not recorded")
	}
	for _, cleanup := range e.cleanups {
		cleanup()
	}
	tt.Clock.Add(time.Hour)
	if after := use(); !after.Equal(before) {
		t.Errorf("a use at %s is recorded after the end of the test", after)
	}
	if len(e.failures) > 0 {
		t.Errorf("the failures are %q", e.failures)
	}
}

func TestRequestPresentsTheToken(t *testing.T) {
	r := tokentest.Request("PUT", "/x?y=z", "tok_abc")
	if r.Method != "PUT" || r.URL.String() != "/x?y=z" || r.Header.Get("Authorization") != "Bearer tok_abc" {
		t.Errorf("the request is %s %s %v", r.Method, r.URL, r.Header)
	}
	if r := tokentest.Request("GET", "/", ""); len(r.Header.Values("Authorization")) > 0 {
		t.Errorf("without a token the request has %q", r.Header)
	}
}
