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

// Migrate turns the tables of every older version into those of this build, and keeps all rows. Five replicas migrate at the same
// time. Before that, the error of a store says to call Migrate.
func TestMigrateFromOlderVersions(t *testing.T) {
	long(t)
	for _, b := range everywhere {
		for version := 1; version < newest(t, database{backend: b}); version++ {
			t.Run(fmt.Sprintf("%s, version %d", b.name, version), func(t *testing.T) {
				d := b.database(t)
				db := d.open(t, 0)
				want := d.made(t, db)
				d.runSteps(t, "", version)
				d.loadMany(t, db)
				holdNeedsMigrate(t, d, db, version)
				before := slices.DeleteFunc(d.rows(t, db, defaultPrefix), isVersion)
				for i := range before {
					if version < boundVersion {
						before[i] = d.withEmpty(before[i], "tokens")
					}
					if version < detailVersion {
						before[i] = d.undetailed(before[i])
					}
					if version < suspensionVersion {
						before[i] = with(before[i], "users", "<nil>")
					}
					if version < layersVersion {
						before[i] = with(before[i], "policy", "<nil>")
					}
					if version < descriptionVersion {
						before[i] = d.withEmpty(before[i], "tokens")
					}
					if version < serviceVersion {
						before[i] = d.asPerson(before[i])
					}
					if version < permissionsVersion {
						before[i] = with(before[i], "tokens", "-1")
					}
					if version < rotationVersion {
						before[i] = with(before[i], "tokens", "<nil> <nil> 0")
					}
				}
				var pools []*sql.DB
				for i := range atOnce + 1 {
					pools = append(pools, d.open(t, i))
				}
				d.migrateAtOnce(t, pools, defaultPrefix)
				if diff := cmp.Diff(want, d.catalogue(t, db, defaultPrefix)); diff != "" {
					t.Errorf("schema (-fresh +migrated):\n%s", diff)
				}
				after := slices.DeleteFunc(d.rows(t, pools[0], defaultPrefix), isVersion) // db has a prepared statement for the older columns
				if diff := cmp.Diff(before, after); diff != "" || len(after) < 11_000 {
					t.Errorf("%d rows (-before +after):\n%s", len(after), diff)
				}
				holdOldTokens(t, d.newStore(t, db, nil))
			})
		}
	}
}

// boundVersion is the first version of the tables in which a token may be bound to a resource, descriptionVersion the first in
// which it may have a description.
const boundVersion, descriptionVersion = 3, 10

// withEmpty adds the text column of a later version to a row of the table.
func (d database) withEmpty(row, table string) string {
	whole, ok := strings.CutSuffix(row, "]")
	switch {
	case !ok || !strings.HasPrefix(row, table+" "):
		return row
	case d.driver == "mysql":
		return whole + " []]" // its texts are bytes
	}
	return whole + " ]"
}

// serviceVersion is the first version of the tables in which an account may be a service.
const serviceVersion = 11

// asPerson converts a row of an earlier version into the form of serviceVersion: the user is a person.
func (d database) asPerson(row string) string {
	if whole, ok := strings.CutSuffix(row, "]"); ok && strings.HasPrefix(row, "users ") {
		row = whole + " 0]"
	}
	return d.withEmpty(row, "users")
}

// suspensionVersion is the first version of the tables in which a user may be suspended, layersVersion the first in which the
// policy may have limits and exemptions.
const suspensionVersion, layersVersion = 8, 9

// permissionsVersion is the first version of the tables in which a token may be limited to some permissions. Those of earlier
// versions are not.
const permissionsVersion = 13

// with adds the column of a later version, which has the value, to a row of the table.
func with(row, table, value string) string {
	whole, ok := strings.CutSuffix(row, "]")
	if !ok || !strings.HasPrefix(row, table+" ") {
		return row
	}
	return whole + " " + value + "]"
}

// rotationVersion is the first version of the tables in which a token may replace another one.
const rotationVersion = 16

// detailVersion is the first version of the tables in which an event has a reason, a count and an origin.
const detailVersion = 5

// undetailed converts a row of an earlier version into the form of detailVersion: these columns of an event are empty.
func (d database) undetailed(row string) string {
	whole, ok := strings.CutSuffix(row, "]")
	switch {
	case !ok || !strings.HasPrefix(row, "events "):
		return row
	case d.driver == "mysql":
		return whole + " [] 0 <nil> [] [] []]" // its texts are bytes
	}
	return whole + "  0 <nil>   ]"
}

// A running replica of an older build keeps working after a newer one has migrated: its prepared statements name the columns that
// it knows.
func TestAnOlderBuildKeepsWorking(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db := d.open(t, 0)
		d.runSteps(t, "", boundVersion-1)
		d.loadMany(t, db)
		ctx := context.Background()
		older, err := db.Conn(ctx)
		must(t, err)
		defer func() { _ = older.Close() }()
		insert, err := older.PrepareContext(ctx, d.spelled(insertOfVersion2))
		must(t, err)
		lookup, err := older.PrepareContext(ctx, fmt.Sprintf(lookupOfVersion2, map[string]string{"sqlite": "?", "pgx": "$1", "mysql": "?"}[d.driver]))
		must(t, err)
		sees := func(name string) {
			t.Helper()
			row := make([]any, 20)
			into := make([]any, len(row))
			for i := range row {
				into[i] = &row[i]
			}
			if err := lookup.QueryRowContext(ctx, name).Scan(into...); err != nil {
				t.Errorf("an older build reads the token %s: %v", name, err)
			}
		}
		sees("name1") // so that the database has a plan
		store := d.newMigrated(t, d.open(t, 1), nil)
		bound := newToken("bound")
		bound.Owner, bound.Resource = "user1", "project:web"
		must(t, store.CreateToken(ctx, bound, 0, event(apitoken.ActionGenerate)))
		if _, err := insert.ExecContext(ctx); err != nil {
			t.Fatalf("an older build inserts a token: %v", err)
		}
		for _, name := range []string{"name1", "bound", "older"} {
			sees(name)
		}
		if _, err := older.ExecContext(ctx, d.spelled(eventOfVersion2)); err != nil {
			t.Fatalf("an older build inserts an event: %v", err)
		}
		q := apitoken.EventQuery{Actor: "an older build", Limit: 10}
		if events, err := store.Events(ctx, q); err != nil || len(events) != 1 || events[0].Reason != "" || events[0].Count != 0 {
			t.Errorf("events of an older build: %+v, %v, want one without a reason and a count", events, err)
		}
		for resource, want := range map[string]int{"": 1, "project:web": 0} {
			q := apitoken.TokenQuery{AnyOwner: true, NameContains: "older", Resource: resource}
			if n, err := store.CountTokens(ctx, q.At(at)); err != nil || n != want {
				t.Errorf("%d tokens of an older build are bound to %q, %v, want %d", n, resource, err, want)
			}
		}
		named := apitoken.TokenQuery{AnyOwner: true, NameContains: "older", Limit: 10}
		tokens, err := store.Tokens(ctx, named.At(at))
		if err != nil || len(tokens) != 1 || tokens[0].Permissions != apitoken.Unlimited {
			t.Errorf("tokens of an older build: %+v, %v, want one that is not limited", tokens, err)
		}
	})
}

// The statements of a build of version 2, with values in place of most parameters.
const (
	insertOfVersion2 = `
INSERT INTO apitoken_tokens (
	digest, id, owner, name, live_name, kind, created_at, expires_at, last_used_at, revoked_at,
	created_by, created_with, revoked_by, hint, epoch
)
SELECT {digest}, {id}, 'user1', 'older', 'older', 'user', 1, NULL, NULL, NULL, 'ada', NULL, '', 'tok_...abcd', 1
FROM (SELECT 5001 AS i) AS older`

	eventOfVersion2 = `
INSERT INTO apitoken_events (id, at, action, outcome, actor_kind, actor_user, owner)
SELECT {id}, 1, 'token.list', 'denied', 'person', 'an older build', 'bob' FROM (SELECT 5001 AS i) AS older`

	lookupOfVersion2 = `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	t.revoked_at, t.revoked_by,
	t.hint, t.digest, t.epoch,
	u.name, u.role, u.created_at, u.disabled_at, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.name = %s`
)

func isVersion(row string) bool { return strings.HasPrefix(row, "schema_version ") }

// holdNeedsMigrate checks that a store on older tables fails, with an error that says to call Migrate.
func holdNeedsMigrate(t *testing.T, d database, db *sql.DB, version int) {
	t.Helper()
	err := use(d.newStore(t, db, nil))
	want := fmt.Sprintf("have version %d, this build needs version %d: call Migrate first", version, newest(t, d))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("before Migrate: error %v, want one that says %q", err, want)
	}
}

// holdOldTokens checks that lists find the tokens that are older than their indexes.
func holdOldTokens(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	for _, c := range []struct {
		query apitoken.TokenQuery
		want  int
	}{
		{apitoken.TokenQuery{CreatedBy: "ada"}, 1000},
		{apitoken.TokenQuery{WithoutExpiration: true}, 1000},
		{apitoken.TokenQuery{Kind: "machine"}, 0},
		{apitoken.TokenQuery{Resource: "project:web"}, 0},
		{apitoken.TokenQuery{CreatedWith: apitoken.TokenID{1}}, 0},
		{apitoken.TokenQuery{CreatedBy: "ada", WithoutExpiration: true, NameContains: "name499"}, 3},
	} {
		c.query.AnyOwner, c.query.Limit = true, 1000
		page, err := store.ScanTokens(context.Background(), c.query.At(at), 10_000)
		if err != nil || len(page.Tokens) != c.want {
			t.Errorf("%+v: %d tokens, %v, want %d", c.query, len(page.Tokens), err, c.want)
		}
	}
}
