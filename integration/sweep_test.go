package integration_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

func managerOf(t *testing.T, store apitoken.Store, opts *apitoken.Options) *apitoken.Manager {
	t.Helper()
	m, err := apitoken.New(store, opts)
	must(t, err)
	return m
}

// sweepToTheEnd makes a whole pass and returns the sums.
func sweepToTheEnd(ctx context.Context, m *apitoken.Manager, actor apitoken.Actor, p apitoken.SweepParams) (sum apitoken.Swept, err error) {
	for {
		swept, err := m.Sweep(ctx, actor, p)
		sum.Tokens, sum.Offers, sum.Events = sum.Tokens+swept.Tokens, sum.Offers+swept.Offers, sum.Events+swept.Events
		if err != nil || !swept.More {
			return sum, err
		}
		p.After = swept.Next
	}
}

// Two replicas sweep at the same time. Each row is removed once, and a reader that follows the events learns that it has missed
// some and goes on.
func TestTwoReplicasSweepAndAReaderGoesOn(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			ctx := t.Context()
			clock := newMovable(beginning)
			replicas, done := store.prepare(t)(t)
			defer done()
			var managers [2]*apitoken.Manager
			for i := range managers {
				managers[i] = managerOf(t, replicas[i%len(replicas)], &apitoken.Options{Clock: clock, LastUsedInterval: -1})
			}
			m, host := managers[0], apitoken.System()
			putUser(t, m, apitoken.User{ID: "bob"})
			const tokens = 40
			for i := range tokens {
				_, _, err := m.Generate(ctx, host, apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: time.Hour})
				must(t, err)
			}
			cursor := apitoken.EventSeq(10)
			var events int
			for range m.Events(ctx, host, apitoken.EventQuery{}) {
				events++
			}
			clock.add(apitoken.Days(2))
			var sums [2]apitoken.Swept
			var errs [2]error
			var both sync.WaitGroup
			for i, m := range managers {
				both.Go(func() {
					sums[i], errs[i] = sweepToTheEnd(ctx, m, host, apitoken.SweepParams{Expired: apitoken.Days(1), Events: apitoken.Days(1)})
				})
			}
			both.Wait()
			must(t, errors.Join(errs[:]...))
			if sums[0].Tokens+sums[1].Tokens != tokens || sums[0].Events+sums[1].Events != events {
				t.Errorf("the two removed %+v and %+v, want %d tokens and %d events together", sums[0], sums[1], tokens, events)
			}
			_, err := collectRows(m.Events(ctx, host, apitoken.EventQuery{After: cursor}))
			var truncated *apitoken.TruncatedError
			if !errors.As(err, &truncated) || int(truncated.First) != events+1 {
				t.Fatalf("the reader after %d gets %v, want ErrTruncated with %d", cursor, err, events+1)
			}
			putUser(t, m, apitoken.User{ID: "carol"})
			got, err := collectRows(m.Events(ctx, host, apitoken.EventQuery{After: truncated.First - 1}))
			must(t, err)
			if len(got) < 2 || got[0].Seq != truncated.First || got[len(got)-1].Owner != "carol" {
				t.Errorf("the reader goes on with %+v", got)
			}
		})
	}
}

// A dump of all tables is searched for what identifies a user.
func TestForgetUserLeavesNothingInTheTables(t *testing.T) {
	for _, b := range []backend{onSQLite, onPostgreSQL, onMySQL} {
		t.Run(b.name, func(t *testing.T) {
			ctx := t.Context()
			d := b.database(t)
			db := d.open(t, 0)
			m := managerOf(t, d.newMigrated(t, db, nil), nil)
			host, erin := apitoken.System(), apitoken.As("erin-4711").From(apitoken.Origin{Address: "192.0.2.47", UserAgent: "erins-browser", RequestID: "req-erin"})
			for _, u := range []apitoken.User{{ID: "erin-4711", Name: "Erin Example", Role: apitoken.RoleAdmin}, {ID: "bob"}, {ID: "carol"}} {
				putUser(t, m, u)
			}
			generate := func(owner apitoken.UserID, name string) apitoken.TokenID {
				token, _, err := m.Generate(ctx, erin, apitoken.GenerateParams{Owner: owner, Name: name})
				must(t, err)
				return token.ID
			}
			for i := range 120 { // more than one piece of events
				generate(erin.User, fmt.Sprint("erins laptop ", i))
			}
			generate("carol", "of carol")
			must(t, m.Revoke(ctx, erin, generate("bob", "of bob")))
			must(t, m.RevokeAll(ctx, erin, "carol"))
			_, err := m.SetPolicy(ctx, erin, apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)})
			must(t, err)
			_, err = m.PutUser(ctx, erin, apitoken.User{ID: "erin-4711", Name: "Erin E. Example"})
			must(t, err)
			for range 12 {
				_ = m.RevokeAll(ctx, apitoken.As("bob"), "erin-4711")
			}
			traces := []string{"erin-4711", "Erin E", "erins laptop", "erins-browser", "req-erin", "192.0.2.47"} // long enough for no random byte to match
			found := func() (n int) {
				for _, line := range d.contents(t, db).lines() {
					for _, trace := range traces {
						n += strings.Count(line, trace)
					}
				}
				return n
			}
			before := found()
			if before < 300 {
				t.Fatalf("%d traces before, want hundreds", before)
			}
			must(t, m.ForgetUser(ctx, host, "erin-4711"))
			if after := found(); after != 0 {
				t.Errorf("%d of %d traces are left", after, before)
			}
			left, err := m.ListTokens(ctx, host, apitoken.TokenQuery{AnyOwner: true})
			must(t, err)
			for _, token := range left {
				if token.Owner != "bob" && token.Status(m.Now()) != apitoken.StatusRevoked {
					t.Errorf("the token is %+v, want it revoked", token)
				}
			}
			if len(left) != 100 {
				t.Errorf("%d tokens on the first page, want 100", len(left))
			}
		})
	}
}

// In a transaction of the host's nothing is swept and nobody is forgotten, and nothing is changed by trying.
func TestSweepAndForgetUserAreInvalidInATransactionOfTheHost(t *testing.T) {
	d := onSQLite.database(t)
	db := d.open(t, 0)
	store := d.newMigrated(t, db, nil)
	m := managerOf(t, store, nil)
	putUser(t, m, apitoken.User{ID: "bob"})
	before := d.contents(t, db).lines()
	tx, err := db.Begin()
	must(t, err)
	inTx := m.WithStore(store.WithTx(tx))
	_, err = inTx.Sweep(t.Context(), apitoken.System(), apitoken.SweepParams{Events: apitoken.Days(1)})
	if !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("Sweep: %v, want ErrInvalid", err)
	}
	if err := inTx.ForgetUser(t.Context(), apitoken.System(), "bob"); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("ForgetUser: %v, want ErrInvalid", err)
	}
	must(t, tx.Commit())
	if after := d.contents(t, db).lines(); strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("the tables have changed from\n%s\nto\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}
