// Command server is a small application with API tokens: it keeps its users and the tokens in one SQLite file, protects
// a route with tokens, and offers their administration as JSON. The README walks through it with curl.
//
//	go run ./examples/server
//
// What a host has to bring is in the other files: its own login in accounts.go, and its routes in routes.go. This one
// puts the parts together, and takes them apart again in the right order.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := readFlags(args, out)
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, o.db)
	if err != nil {
		return err
	}
	err = runOn(ctx, db, o, out)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "stopped")
	return err
}

// runOn is the application from the first start to the last write.
func runOn(ctx context.Context, db *sql.DB, o options, out io.Writer) (err error) {
	// The library's tables, beside those of the host. Migrate makes them once, and later does nothing.
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Migrate(ctx); err != nil {
		return err
	}

	m, err := apitoken.New(store, &apitoken.Options{Prefix: o.prefix})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeManager(ctx, m)) }()

	logins, err := openAccounts(ctx, db)
	if err != nil {
		return err
	}
	handler, err := routes(m, logins)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	if err := firstStart(ctx, m, logins, out); err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(out, "listening on http://%s, the data is in %s; Ctrl-C ends it\n", listener.Addr(), o.db)
	return serve(ctx, listener, handler)
}

// closeManager writes when tokens were last used. It comes before the database is closed, and its time is its own: that of
// the application has ended.
func closeManager(ctx context.Context, m *apitoken.Manager) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return m.Close(ctx)
}
