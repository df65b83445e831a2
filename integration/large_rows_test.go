package integration_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/population"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// PostgreSQL plans by its statistics. Those of a large host must not make it read what a page does not show: all events of an
// administrator, whose ID is the first or the last of all, or all epochs for each token.
func TestPagesOfALargeHostReadFewRows(t *testing.T) {
	long(t)
	d := onPostgreSQL.database(t).withoutDisk()
	d.newMigrated(t, d.open(t, 0), nil)
	now := time.Now().UTC().Truncate(time.Microsecond)
	must(t, population.Load(t.Context(), d.open(t, 0), d.driver, population.Large(now)))
	db, asked := openAsked(t, d)
	store := d.newStore(t, db, &sqlstore.Options{Unprepared: true})
	must(t, use(store))
	all := apitoken.TokenQuery{AnyOwner: true, Order: apitoken.OrderNewest, Limit: 50}.At(now)
	for _, test := range []struct {
		name, table string
		read        func(context.Context) error
		most        int
	}{
		{"events of an actor", "events", func(ctx context.Context) error {
			_, err := store.Events(ctx, apitoken.EventQuery{Actor: population.Admin, NewestFirst: true, Limit: 51})
			return err
		}, 52},
		{"events of an action", "events", func(ctx context.Context) error {
			_, err := store.Events(ctx, apitoken.EventQuery{Action: apitoken.ActionGenerate, NewestFirst: true, Limit: 51})
			return err
		}, 52},
		{"tally", "epochs", func(ctx context.Context) error { _, err := store.TallyTokens(ctx, all, 500); return err }, 500},
		{"page of tokens", "epochs", func(ctx context.Context) error { _, err := store.ScanTokens(ctx, all, 1000); return err }, 1000},
	} {
		asked.taken()
		must(t, test.read(t.Context()))
		rows := 0
		for _, sent := range asked.taken() {
			rows += rowsOfPostgreSQL(t, d.open(t, 0), sent, test.table)
		}
		t.Logf("%s: %d %s", test.name, rows, test.table)
		if rows > test.most {
			t.Errorf("%s: %d rows of %s are read, want %d at most", test.name, rows, test.table, test.most)
		}
	}
}
