// Command notices mails people before their tokens expire: 30 days, 7 days and a day before.
//
//	go run ./examples/notices -db tokens.db -smtp localhost:25 -from tokens@example.com
//
// In this example the id of a user is their mail address, and a user whose id is none has no address. It may run on any number
// of replicas, and be stopped at any time.
package main

import (
	"context"
	"database/sql"
	"flag"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"time"

	_ "modernc.org/sqlite"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

func main() {
	file := flag.String("db", "tokens.db", "the SQLite file with the tokens")
	server := flag.String("smtp", "localhost:25", "the mail server")
	from := flag.String("from", "tokens@example.com", "the sender")
	every := flag.Duration("every", 5*time.Minute, "how often to look")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *file, *server, *from, *every); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, file, server, from string, every time.Duration) error {
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	m, err := apitoken.New(store, nil)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close(context.WithoutCancel(ctx)) }()
	mails := mailer{manager: m, server: server, from: from, addressOf: addressOf, log: slog.Default()}
	for {
		if _, err := mails.sendDue(ctx); err != nil {
			mails.log.Error("notices", "err", err) // what is due now is due at the next look, too
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return nil
		}
	}
}

// addressOf returns the mail address of a user; empty: none.
func addressOf(id apitoken.UserID) string {
	if strings.Contains(string(id), "@") {
		return string(id)
	}
	return ""
}
