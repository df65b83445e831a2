package integration_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// PostgreSQL blocks writes to a table while it creates an index. A host that cannot wait creates the index concurrently before it
// calls Migrate.
func TestMigrateAcceptsIndexesThatWereMadeConcurrently(t *testing.T) {
	d := onPostgreSQL.database(t)
	db := d.open(t, 0)
	want := d.made(t, db)
	d.runSteps(t, "", 1)
	d.loadMany(t, db)
	for _, statement := range []string{
		`CREATE INDEX CONCURRENTLY apitoken_tokens_by_creator ON apitoken_tokens (created_by, id)`,
		`CREATE INDEX CONCURRENTLY apitoken_tokens_endless ON apitoken_tokens (id) WHERE expires_at IS NULL`,
	} {
		mustExec(t, db, statement)
	}
	// An interrupted CREATE INDEX CONCURRENTLY leaves an invalid index.
	mustExec(t, db, `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'apitoken_tokens_endless'::regclass`)
	store := d.newStore(t, db, nil)
	err := store.Migrate(context.Background())
	if !strings.Contains(fmt.Sprint(err), "the index apitoken_tokens_endless exists and is invalid; drop it") {
		t.Errorf("error %v, want one that says to drop the index", err)
	}
	mustExec(t, db, `DROP INDEX CONCURRENTLY apitoken_tokens_endless`)
	must(t, store.Migrate(context.Background()))
	if diff := cmp.Diff(want, d.catalogue(t, db, defaultPrefix)); diff != "" {
		t.Errorf("schema (-fresh +migrated):\n%s", diff)
	}
}
