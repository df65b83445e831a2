// Command import brings the API keys of a host's old table into the library. The old table holds the SHA-256 of each key, in
// hexadecimal. The keys themselves do not change: their holders notice nothing.
//
//	go run ./examples/import -db host.db
//
// It prints its progress, and at the end what it skipped and why. It can be stopped and run again at any time: what is
// imported already stays as it is.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	_ "modernc.org/sqlite"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

func main() {
	file := flag.String("db", "host.db", "the SQLite file with the old table")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *file, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, file string, out io.Writer) error {
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	m, err := newManager(ctx, db)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close(context.WithoutCancel(ctx)) }()
	i := importer{db: db, m: m, out: out, skipped: map[string]int{}}
	if err := i.users(ctx); err != nil {
		return err
	}
	if err := i.keys(ctx); err != nil {
		return fmt.Errorf("%w; run it again to go on", err)
	}
	i.report()
	return nil
}

// newManager is the Manager of the host, which accepts the old keys too.
func newManager(ctx context.Context, db *sql.DB) (*apitoken.Manager, error) {
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, err
	}
	return apitoken.New(store, &apitoken.Options{Foreign: []apitoken.ForeignFormat{oldKeys}})
}
