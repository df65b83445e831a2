package integration_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// A context may end at any moment of a change. If the answer is success, the change is done; if it is an error, the change is not
// done and stays so. No outcome is unknown, because the server can be asked.
func TestContextEndsAtAnyMoment(t *testing.T) {
	long(t)
	for _, b := range servers {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t)
			store := d.newMigrated(t, d.open(t, 0), nil)
			must(t, addBob(context.Background(), store))
			// The longest duration of a context adapts, so that about half of the changes succeed.
			longest := time.Millisecond
			var done, not []change
			for range 150 {
				for _, c := range moreChanges(t, store) {
					ctx, cancel := context.WithTimeout(context.Background(), rand.N(longest))
					start := time.Now()
					err := c.do(ctx)
					cancel()
					switch {
					case gaveUp(t, c.name, start, err):
					case err == nil:
						done = append(done, c)
						longest = max(longest*9/10, 10*time.Microsecond)
					case errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, apitoken.ErrUncertain):
						not = append(not, c)
						longest = longest * 10 / 9
					default:
						t.Errorf("%s: error %v, want %v and certainty", c.name, err, context.DeadlineExceeded)
					}
				}
			}
			wrong := map[string]int{}
			for _, c := range done {
				if !c.done() {
					wrong["acknowledged, and not done: "+c.name]++
				}
			}
			for _, c := range not {
				if c.done() {
					wrong["refused, and done: "+c.name]++
				}
			}
			if len(wrong) > 0 || len(done) < 20 || len(not) < 20 {
				t.Errorf("of %d acknowledged and %d refused changes, these are wrong: %v; want none, and at least 20 of both", len(done), len(not), wrong)
			}
			holdCounting(t, store)
		})
	}
}

// moreChanges returns changes that are independent of each other and of those of other calls.
func moreChanges(t *testing.T, store *sqlstore.Store) []change {
	t.Helper()
	created, revoked := newToken(""), newToken("")
	created.Name, revoked.Name = created.ID.String(), revoked.ID.String()
	must(t, store.CreateToken(context.Background(), revoked, 0, event(apitoken.ActionGenerate)))
	eve := bob
	eve.ID = apitoken.UserID("eve " + created.Name)
	generate, revoke, put := event(apitoken.ActionGenerate), event(apitoken.ActionRevoke), event(apitoken.ActionPutUser)
	return []change{
		{
			name: "CreateToken",
			do:   func(ctx context.Context) error { return store.CreateToken(ctx, created, 0, generate) },
			done: func() bool { return has(t, store.Token, created.ID, func(*apitoken.Record) bool { return true }) },
		},
		{
			name: "RevokeToken",
			do: func(ctx context.Context) error {
				_, err := store.RevokeToken(ctx, revoked.ID, apitoken.Revocation{At: at, By: "ada"}, revoke)
				return err
			},
			done: func() bool {
				return has(t, store.Token, revoked.ID, func(r *apitoken.Record) bool { return !r.Token.RevokedAt.IsZero() })
			},
		},
		{
			name: "CreateUser",
			do:   func(ctx context.Context) error { return createUser(ctx, store, eve, put) },
			done: func() bool { return has(t, store.User, eve.ID, func(apitoken.User) bool { return true }) },
		},
	}
}

// has reports whether a row exists and satisfies is. Any error but ErrNotFound ends the test.
func has[ID, Row any](t *testing.T, read func(context.Context, ID) (Row, error), id ID, is func(Row) bool) bool {
	t.Helper()
	row, err := read(context.Background(), id)
	if err != nil && !errors.Is(err, apitoken.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil && is(row)
}
