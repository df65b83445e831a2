package integration_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// countingWrites counts the events that are appended, and the calls.
type countingWrites struct {
	apitoken.Store
	calls, events atomic.Int64
}

func (c *countingWrites) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	c.calls.Add(1)
	c.events.Add(int64(len(events)))
	return c.Store.AppendEvents(ctx, events)
}

// A thousand refused requests cost ten writes and one more, which counts the others: an administrator who revokes beside them
// waits for no more than that.
func TestRefusalsWriteLittle(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(t *testing.T) apitoken.Store
	}{
		{"memory", func(*testing.T) apitoken.Store { return memstore.New() }},
		{"SQLite", func(t *testing.T) apitoken.Store {
			d := onSQLite.database(t)
			return d.newMigrated(t, d.open(t, 0), nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := &countingWrites{Store: c.open(t)}
			m, _ := newManager(t, store)
			ctx := context.Background()
			if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
				t.Fatal(err)
			}
			const refused = 1000
			for range refused {
				if err := m.RevokeAll(ctx, apitoken.As("bob"), "ada"); !errors.Is(err, apitoken.ErrDenied) {
					t.Fatalf("error %v, want %v", err, apitoken.ErrDenied)
				}
			}
			if err := m.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			if calls, events := store.calls.Load(), store.events.Load(); calls > 12 || events > 12 {
				t.Errorf("%d refusals made %d writes of %d events, want at most 12", refused, calls, events)
			}
			var counted int64
			q := apitoken.EventQuery{Actor: "bob", Outcome: apitoken.OutcomeDenied, Action: apitoken.ActionRevokeAll}
			for _, e := range all(t, m.Events(ctx, apitoken.System(), q)) {
				counted += max(e.Count, 1)
			}
			if counted != refused {
				t.Errorf("the events tell of %d denials, want %d", counted, refused)
			}
		})
	}
}
