package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// revokeAtOnce revokes a token on PostgreSQL while each attempt at the statement meets the next of the errors; nil is success,
// found as stored by an earlier attempt. It returns how many attempts there were.
func revokeAtOnce(t *testing.T, ctx context.Context, errs ...error) (attempts int, err error) {
	t.Helper()
	store, _, fake := newFakeStore(t, sqlstore.PostgreSQL)
	for _, q := range store.Queries() {
		if q.Name == "revokeTokenAtOnce" {
			fake.returns(q.Text, false, true, true, nil)
		}
	}
	fake.query = func(_ context.Context, text string) error {
		if !strings.HasPrefix(text, "WITH ") {
			return nil
		}
		attempts++
		return errs[min(attempts, len(errs))-1]
	}
	_, err = store.RevokeToken(ctx, someID, apitoken.Revocation{At: someTime}, apitoken.Event{})
	return attempts, err
}

func TestAChangeAtOnceIsRepeatedUntilItsOutcomeIsKnown(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name     string
		ctx      context.Context
		errs     []error
		attempts int
		want     error // nil: success
	}{
		{"success", context.Background(), []error{nil}, 1, nil},
		{"the answer is lost", context.Background(), []error{io.ErrUnexpectedEOF, nil}, 2, nil},
		{"the server stops", context.Background(), []error{stateError("57P01"), nil}, 2, nil},
		{"the outcome is unknown to the server", context.Background(), []error{stateError("40003"), nil}, 2, nil},
		{"a deadlock", context.Background(), []error{stateError("40P01"), nil}, 2, nil},
		{"a lost statement", context.Background(), []error{stateError("26000"), nil}, 2, nil},
		{"no space", context.Background(), []error{stateError("53100")}, 1, stateError("53100")},
		{"a statement timeout", context.Background(), []error{stateError("57014")}, 1, stateError("57014")},
		{"the context has ended", ended, []error{nil}, 0, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			attempts, err := revokeAtOnce(t, c.ctx, c.errs...)
			if attempts != c.attempts || !errors.Is(err, c.want) {
				t.Errorf("%d attempts and error %v, want %d and %v", attempts, err, c.attempts, c.want)
			}
			if errors.Is(err, apitoken.ErrUncertain) {
				t.Errorf("error %v is %v", err, apitoken.ErrUncertain)
			}
		})
	}
}

func TestAChangeAtOnceWithoutAnAnswerIsUncertain(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two seconds")
	}
	if _, err := revokeAtOnce(t, context.Background(), io.ErrUnexpectedEOF); !errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("error %v, want %v", err, apitoken.ErrUncertain)
	}
}

// The driver of MySQL prepares each query with parameters, so the store keeps the statements of lists.
func TestTheQueriesOfListsArePreparedOnce(t *testing.T) {
	store, _, fake := newFakeStore(t, sqlstore.MySQL)
	prepared, lost := map[string]int{}, false
	fake.prepare = func(text string) error {
		prepared[text]++
		return nil
	}
	fake.query = func(context.Context, string) error {
		if lost {
			lost = false
			return numberError{Number: 1243} // ER_UNKNOWN_STMT_HANDLER
		}
		return nil
	}
	list := func(n int) string {
		q := apitoken.TokenQuery{Owner: "bob", Limit: 1}
		q.OnBehalf, q.WithoutExpiration = n&1 != 0, n&2 != 0
		if n&4 != 0 {
			q.Kind = "ci"
		}
		if n&8 != 0 {
			q.Resource = "web"
		}
		if n&16 != 0 {
			q.NameContains = "x"
		}
		q = q.At(someTime)
		if _, err := store.Tokens(context.Background(), q); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		text, _ := store.ListTokens(q)
		return text
	}
	text := list(0)
	list(0)
	if n := prepared[text]; n != 1 {
		t.Errorf("a list that is read twice is prepared %d times, want 1", n)
	}
	lost = true
	list(0)
	if n := prepared[text]; n != 2 {
		t.Errorf("a statement that was lost is prepared %d times, want 2", n)
	}
	kept := 0
	for i := range 32 {
		if prepared[list(i)] > 0 {
			kept++
		}
	}
	if kept != 16 {
		t.Errorf("%d of 32 lists are prepared, want 16", kept)
	}
	if err := store.Close(); err != nil {
		t.Error(fmt.Errorf("close: %w", err))
	}
}
