package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// Wherever Migrate is interrupted, no store accepts an incomplete schema, and the next Migrate completes it. If the database can
// roll back changes of the schema, the tables are those of some version, or none.
func TestMigrateCutAnywhere(t *testing.T) {
	long(t)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			d := b.database(t)
			db, spy := openSpied(t, d)
			want := d.made(t, db)
			older := d.madeByOlder(t, db)
			spy.statements()
			d.newMigrated(t, db, &sqlstore.Options{TablePrefix: "whole_"})
			sent := spy.statements()
			last := sent[len(sent)-1] // on MySQL a step is no transaction, and ends when it releases its lock
			if len(sent) < 12 || last != "COMMIT" && !strings.Contains(last, "RELEASE_LOCK") {
				t.Fatalf("only %q was sent", sent)
			}
			for nth := range sent {
				d.migrateIsCut(t, want, older, &cut{nth: nth, done: nth%2 == 1}) // the steps are alike, so both occur at each kind of statement
			}
		})
	}
}

// cut breaks the connection at the nth statement, BEGIN or COMMIT.
type cut struct {
	nth   int    // from 0
	done  bool   // whether the database has run the statement
	text  string // the statement
	calls int
}

func (c *cut) surround(call driverCall, do func() error) error {
	if !slices.Contains([]callKind{callBegin, callExec, callQuery, callCommit}, call.kind) || c.text != "" {
		return do()
	}
	c.calls++
	if c.calls <= c.nth {
		return do()
	}
	if c.done {
		if err := do(); err != nil { // driver.ErrSkip: database/sql then prepares the statement
			return err
		}
	}
	c.text = call.text
	if call.kind != callQuery { // a query has no effect that could be lost
		call.conn.breakDown()
	}
	return errCut
}

// madeByOlder returns the catalogues of all older versions, and that of no tables.
func (d database) madeByOlder(t *testing.T, db *sql.DB) [][]string {
	t.Helper()
	all := [][]string{nil}
	const prefix = "older_"
	for version := 1; version < newest(t, d); version++ {
		d.runSteps(t, prefix, version)
		all = append(all, d.catalogue(t, db, prefix))
		d.drop(t, db, prefix)
	}
	return all
}

// migrateIsCut interrupts Migrate, checks the tables that are left, and checks that the next Migrate completes them.
func (d database) migrateIsCut(t *testing.T, want []string, older [][]string, c *cut) {
	t.Helper()
	db, spy := openSpied(t, d)
	defer func() { must(t, db.Close()) }() // a server has 100 connections, and there are more cuts
	const prefix = "cut_"
	opts := &sqlstore.Options{TablePrefix: prefix}
	store := d.newStore(t, db, opts)
	spy.surround(c.surround)
	ctx := context.Background()
	err := store.Migrate(ctx)
	spy.surround(nil)

	// After a lost COMMIT, Migrate reads the version of the schema and runs the remaining steps.
	if commit := c.text == "COMMIT"; commit && err != nil || !commit && !errors.Is(err, errCut) {
		t.Errorf("cut at %q, done: %v: error %v", c.text, c.done, err)
	}
	left := d.catalogue(t, db, prefix)
	whole := slices.ContainsFunc(older, func(tables []string) bool { return slices.Equal(tables, left) })
	if err != nil && d.driver != "mysql" && !whole {
		t.Errorf("cut at %q, done: %v: the tables are %q, want those of a version", c.text, c.done, left)
	}
	opens := use(d.newStore(t, db, opts)) == nil
	if opens && !cmp.Equal(want, left) || err == nil && !opens {
		t.Errorf("cut at %q, done: %v: a store opens: %v, on %q", c.text, c.done, opens, left)
	}
	if err := store.Migrate(ctx); err != nil {
		t.Errorf("cut at %q, done: %v: again: %v", c.text, c.done, err)
	}
	d.holdFresh(t, db, prefix, want)
	d.drop(t, db, prefix)
}
