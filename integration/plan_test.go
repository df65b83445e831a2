package integration_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// Each query of the store finds its rows by an index. A plan has a line for each statement, with the index of each table.
func TestQueriesUseAnIndex(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db, asked := openAsked(t, d)
		store := d.newMigrated(t, db, &sqlstore.Options{Unprepared: true})
		d.loadMany(t, db)
		for _, statement := range append([]string{bindSome}, denySome...) {
			mustExec(t, db, statement)
		}
		d.analyze(t, db)
		must(t, use(store)) // the first use reads the version of the schema
		var got strings.Builder
		for _, c := range planned(t, store) {
			got.WriteString(c.name + "\n")
			asked.taken()
			if err := c.do(context.Background()); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			for _, q := range asked.taken() {
				if plan := d.plan(t, db, q); len(plan) > 0 {
					got.WriteString("\t" + strings.Join(plan, ", ") + "\n")
				}
			}
		}
		wantGolden(t, filepath.Join("testdata", "plans", d.name+".txt"), got.String())
	})
}

var update = flag.Bool("update", false, "write the plans of queries into testdata/plans")

func wantGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o666))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; -update writes it (-want +got):\n%s", path, diff)
	}
}

// plannedCall is a call of a store whose statements have plans.
type plannedCall struct {
	name string
	do   func(context.Context) error
}

func planned(t *testing.T, store *sqlstore.Store) []plannedCall {
	t.Helper()
	used, inTheMiddle := apitoken.TokenID{15: 7}, apitoken.TokenID{14: 9}
	stored, err := store.Token(context.Background(), used)
	must(t, err)
	fresh, within, refused := newToken("name1"), newToken("name0"), newToken("name3")
	fresh.Owner, within.Owner, refused.Owner = "user1", "user1", "user3"
	fresh.Epoch, within.Epoch, refused.Epoch = 1, 1, 1
	within.MaxActive = 100

	type call = func(context.Context) error
	list := func(q apitoken.TokenQuery) call {
		q.Limit = 100
		return func(ctx context.Context) error { _, err := store.Tokens(ctx, q.At(at)); return err }
	}
	count := func(q apitoken.TokenQuery) call {
		return func(ctx context.Context) error { _, err := store.CountTokens(ctx, q.At(at)); return err }
	}
	events := func(q apitoken.EventQuery) call {
		return func(ctx context.Context) error { _, err := store.Events(ctx, q); return err }
	}
	anyOwner := func(q apitoken.TokenQuery) apitoken.TokenQuery { q.AnyOwner = true; return q }
	return []plannedCall{
		{"lookup", func(ctx context.Context) error { _, err := store.Lookup(ctx, stored.Digest); return err }},
		{"token", func(ctx context.Context) error { _, err := store.Token(ctx, used); return err }},
		{"list by owner", list(apitoken.TokenQuery{Owner: "user1"})},
		{"list of all", list(anyOwner(apitoken.TokenQuery{After: inTheMiddle}))},
		{"list of all active tokens", list(anyOwner(apitoken.TokenQuery{Status: apitoken.StatusActive, After: inTheMiddle}))},
		{"newest tokens of a hint", list(anyOwner(apitoken.TokenQuery{Hint: "tok_...wxyz", Order: apitoken.OrderNewest}))},
		{"newest tokens", list(anyOwner(apitoken.TokenQuery{Order: apitoken.OrderNewest, After: inTheMiddle}))},
		{"newest tokens of an owner", list(apitoken.TokenQuery{Owner: "user1", Order: apitoken.OrderNewest, After: inTheMiddle})},
		{
			"active tokens that expire soonest",
			list(anyOwner(apitoken.TokenQuery{Status: apitoken.StatusActive, Order: apitoken.OrderExpiry, After: inTheMiddle, AfterExpiry: at})),
		},
		{"numbers of tokens in each state", func(ctx context.Context) error {
			_, err := store.TallyTokens(ctx, anyOwner(apitoken.TokenQuery{NameContains: "x", Order: apitoken.OrderNewest}).At(at), 100)
			return err
		}},
		{"list of a resource", list(anyOwner(apitoken.TokenQuery{Resource: "project:web", After: inTheMiddle}))},
		{"number of tokens of a resource", count(anyOwner(apitoken.TokenQuery{Resource: "project:rare"}))},
		{"list of an owner's tokens of a resource", list(apitoken.TokenQuery{Owner: "user1", Resource: "project:web"})},
		{"list of the children of a token", list(anyOwner(apitoken.TokenQuery{CreatedWith: apitoken.TokenID{15: 9}}))},
		{"number of active tokens of an owner", count(apitoken.TokenQuery{Owner: "user1", Status: apitoken.StatusActive})},
		{
			"number of active tokens that expire soon",
			count(anyOwner(apitoken.TokenQuery{Status: apitoken.StatusActive, ExpiresBefore: at.Add(10 * time.Microsecond)})),
		},
		{"users", func(ctx context.Context) error {
			_, err := store.Users(ctx, apitoken.UserQuery{After: "user5", Limit: 100})
			return err
		}},
		{"service accounts of a user", func(ctx context.Context) error {
			_, err := store.Users(ctx, apitoken.UserQuery{Responsible: "user7", After: "user5", Limit: 100})
			return err
		}},
		{"notices that are due", func(ctx context.Context) error {
			l := apitoken.NoticeLease{
				ID: uuid.New(), Step: time.Hour, ExpiresAfter: at, ExpiresUpTo: at.Add(10 * time.Microsecond), At: at, Until: at.Add(time.Minute), Limit: 3,
			}
			_, err := store.LeaseNotices(ctx, l)
			return err
		}},
		{"mark a notice", func(ctx context.Context) error { return store.MarkNotice(ctx, used, time.Hour, at) }},
		{"change a token", func(ctx context.Context) error {
			is := stored.Token
			is.Name = "another name"
			if err := store.ChangeToken(ctx, *stored, is, event(apitoken.ActionUpdateToken)); err != apitoken.ErrConflict { // it is revoked
				return fmt.Errorf("error %w, want %w", err, apitoken.ErrConflict)
			}
			return nil
		}},
		{"events", events(apitoken.EventQuery{After: 2000, Limit: 100})},
		{"events at the end", events(apitoken.EventQuery{After: 4980, Limit: 100})},
		{"newest events", events(apitoken.EventQuery{NewestFirst: true, After: 2000, Limit: 100})},
		{"events of an owner", events(apitoken.EventQuery{Owner: "user1", Limit: 3})},
		{"newest events of an owner", events(apitoken.EventQuery{Owner: "user1", NewestFirst: true, After: 4000, Limit: 3})},
		{"events of an actor", events(apitoken.EventQuery{Actor: "mallory", Limit: 3})},
		{"newest events of an actor", events(apitoken.EventQuery{Actor: "mallory", NewestFirst: true, After: 4000, Limit: 3})},
		{"events of an action", events(apitoken.EventQuery{Action: apitoken.ActionListTokens, Limit: 3})},
		{
			"newest events of the action that nearly all have", // so SQLite reads all events
			events(apitoken.EventQuery{Action: apitoken.ActionGenerate, NewestFirst: true, After: 4000, Limit: 3}),
		},
		{"newest events about a token", events(apitoken.EventQuery{Token: used, NewestFirst: true, Limit: 3})},
		{"newest events in a time", events(apitoken.EventQuery{Since: at, Before: at.Add(10 * time.Microsecond), NewestFirst: true, Limit: 3})},
		{"denials", events(apitoken.EventQuery{Outcome: apitoken.OutcomeDenied, Limit: 3})},
		{"newest denials", events(apitoken.EventQuery{Outcome: apitoken.OutcomeDenied, NewestFirst: true, After: 4000, Limit: 3})},
		{"events that meet all conditions", events(apitoken.EventQuery{
			Owner: "user7", Actor: "mallory", Action: apitoken.ActionListTokens, Outcome: apitoken.OutcomeDenied, NewestFirst: true, After: 4000, Limit: 1,
		})},
		{"create a token", func(ctx context.Context) error {
			return store.CreateToken(ctx, fresh, 0, event(apitoken.ActionGenerate))
		}},
		{"create a token of an owner who may have no more than some", func(ctx context.Context) error {
			return store.CreateToken(ctx, within, 0, event(apitoken.ActionGenerate))
		}},
		{"create a token whose name is held", func(ctx context.Context) error {
			if err := store.CreateToken(ctx, refused, 0, event(apitoken.ActionGenerate)); err != apitoken.ErrExists {
				return fmt.Errorf("error %w, want %w", err, apitoken.ErrExists)
			}
			return nil
		}},
		{"revoke a token", func(ctx context.Context) error {
			_, err := store.RevokeToken(ctx, fresh.ID, apitoken.Revocation{At: at}, event(apitoken.ActionRevoke))
			return err
		}},
		{"change a user", func(ctx context.Context) error {
			_, err := store.ChangeUser(ctx, "user1", apitoken.UserChange{EndEpoch: true}, event(apitoken.ActionRevokeAll))
			return err
		}},
		{"what a decision depends on", func(ctx context.Context) error {
			_, err := store.Facts(ctx, apitoken.FactsQuery{Actor: "user7", With: used, Token: inTheMiddle})
			return err
		}},
		{"record uses", func(ctx context.Context) error {
			return store.Touch(ctx, []apitoken.Touch{{Token: used, At: at}, {Token: inTheMiddle, At: at}})
		}},
	}
}

// A change reads no table whole, even if it finds nothing to do.
func TestChangesReadNoTableWhole(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db, asked := openAsked(t, d)
		store := d.newMigrated(t, db, &sqlstore.Options{Unprepared: true})
		d.loadMany(t, db)
		mustExec(t, db, offerAll)
		d.analyze(t, db)
		must(t, use(store))
		asked.taken()
		for _, c := range changes(t, store) {
			for range 2 { // the second time there is nothing to do
				must(t, c.do(context.Background()))
			}
		}
		sent := asked.taken()
		if len(sent) < 20 {
			t.Errorf("only %d statements were seen", len(sent))
		}
		for _, q := range sent {
			if strings.HasPrefix(q.text, "SET ") {
				continue // it has no plan
			}
			for _, line := range d.plan(t, db, q) {
				if table, ok := strings.CutSuffix(line, whole); ok && !slices.Contains(ofOneRow, table) {
					t.Errorf("%s: %s", line, q.text)
				}
			}
		}
	})
}
