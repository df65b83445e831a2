package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// The tables of every older version, with what is in them, become those that this build makes anew, and nothing of it is lost.
// Five replicas start at one moment. Until one has migrated, a store says that it is to be called.
func TestMigrateFromOlderVersions(t *testing.T) {
	for _, b := range withSchemas {
		for version := 1; version < newest(t, database{backend: b}); version++ {
			t.Run(fmt.Sprintf("%s, version %d", b.name, version), func(t *testing.T) {
				d := b.database(t)
				db := d.open(t, 0)
				want := d.made(t, db)
				d.runSteps(t, "", version)
				d.loadMany(t, db)
				holdNeedsMigrate(t, d, db, version)
				before := slices.DeleteFunc(d.rows(t, db, defaultPrefix), isVersion)
				var pools []*sql.DB
				for i := range atOnce + 1 {
					pools = append(pools, d.open(t, i))
				}
				d.migrateAtOnce(t, pools, defaultPrefix)
				if diff := cmp.Diff(want, d.catalogue(t, db, defaultPrefix)); diff != "" {
					t.Errorf("schema (-fresh +migrated):\n%s", diff)
				}
				after := slices.DeleteFunc(d.rows(t, db, defaultPrefix), isVersion)
				if diff := cmp.Diff(before, after); diff != "" || len(after) < 11_000 {
					t.Errorf("%d rows (-before +after):\n%s", len(after), diff)
				}
				holdOldTokens(t, d.newStore(t, db, nil))
			})
		}
	}
}

func isVersion(row string) bool { return strings.HasPrefix(row, "schema_version ") }

// holdNeedsMigrate holds that a store on the tables of an older version does nothing and says what there is to do.
func holdNeedsMigrate(t *testing.T, d database, db *sql.DB, version int) {
	t.Helper()
	err := use(d.newStore(t, db, nil))
	want := fmt.Sprintf("are of version %d, this build needs version %d: call Migrate first", version, newest(t, d))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("before Migrate: error %v, want one that says %q", err, want)
	}
}

// holdOldTokens holds that lists find the tokens that were there before there was an index for them.
func holdOldTokens(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	for _, c := range []struct {
		query apitoken.TokenQuery
		want  int
	}{
		{apitoken.TokenQuery{CreatedBy: "ada"}, 1000},
		{apitoken.TokenQuery{WithoutExpiration: true}, 1000},
		{apitoken.TokenQuery{Kind: "machine"}, 0},
		{apitoken.TokenQuery{CreatedBy: "ada", WithoutExpiration: true, NameContains: "name499"}, 3},
	} {
		c.query.AnyOwner, c.query.Limit = true, 1000
		page, err := store.ScanTokens(context.Background(), c.query, 10_000)
		if err != nil || len(page.Tokens) != c.want {
			t.Errorf("%+v: %d tokens, %v, want %d", c.query, len(page.Tokens), err, c.want)
		}
	}
}
