package integration_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// A transaction that reads before it writes fails if another one has written in between. So all of them begin with a write,
// with any data source name.
func TestSQLiteTransactionsBeginWithAWrite(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), bare)
	store := newMigratedSQLite(t, db, nil)
	for _, c := range changes(t, store) {
		for range 2 { // the second time there is nothing to do
			must(t, c.do(context.Background()))
		}
	}
	first, transactions := false, 0
	for _, text := range spy.statements() {
		switch {
		case text == "BEGIN":
			first = true
			transactions++
		case first:
			verb, _, _ := strings.Cut(text, " ")
			if !slices.Contains([]string{"INSERT", "UPDATE", "CREATE"}, verb) {
				t.Errorf("a transaction begins with %s", text)
			}
			first = false
		}
	}
	if transactions < 14 {
		t.Errorf("only %d transactions were seen", transactions)
	}
}

// While another connection locks the database, a change fails when its context ends, without effect.
func TestSQLiteGivesUpWithTheContext(t *testing.T) {
	file := sqliteFile(t)
	store := newMigratedSQLite(t, openSQLite(t, file, bare), nil)
	all := changes(t, store)
	before := feed(t, store)

	other, err := openSQLite(t, file, "_txlock=immediate").Begin()
	must(t, err)
	for _, c := range all {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		err := c.do(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, apitoken.ErrUncertain) {
			t.Errorf("%s: error %v, want %v and certainty", c.name, err, context.DeadlineExceeded)
		}
	}
	must(t, other.Rollback())
	for _, c := range all {
		if c.done() {
			t.Errorf("%s was done", c.name)
		}
	}
	if diff := cmp.Diff(before, feed(t, store)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
