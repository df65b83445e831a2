// Command server is a small application with API tokens. It keeps users and tokens in a database, protects a route with
// tokens, and has the administration as pages and as JSON. docs/walk.md is a tour of it.
//
//	go run ./examples/server
//	go run ./examples/server -demo -db ./demo.db
//
// Begin with routes.go, which connects the library to HTTP, and callers.go, which tells the library the actor of a request.
// Every host needs these two. The login of this host is in accounts.go, sessions.go and signin.go; most applications have one
// already. This file starts the parts and stops them in the right order.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
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
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, logTo io.Writer) error {
	o, err := readFlags(args, out)
	if err != nil {
		return err
	}
	log, err := newLog(logTo, o)
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, o.db, log)
	if err != nil {
		return err
	}
	err = runOn(ctx, db, o, log, out)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "stopped")
	return err
}

// runOn runs the application until ctx ends.
func runOn(ctx context.Context, db database, o options, log *slog.Logger, out io.Writer) (err error) {
	store, err := openStore(ctx, db, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	m, err := apitoken.New(store, managerOptions(o, log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeManager(ctx, m)) }()

	logins, err := openAccounts(db)
	if err != nil {
		return err
	}
	handler, err := routes(m, logins, o, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	if err := firstStart(ctx, m, store, logins, o, log, out); err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(out, "listening on http://%s, the data is in %s; Ctrl-C ends it\n", listener.Addr(), db.where)
	return serve(ctx, listener, handler, log)
}

// openStore creates the tables of the library beside those of the host. If they exist, Migrate changes nothing.
func openStore(ctx context.Context, db database, log *slog.Logger) (*sqlstore.Store, error) {
	store, err := sqlstore.New(db.DB, db.dialect, nil)
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	missing, err := store.CheckDurability(ctx)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	for _, sentence := range missing {
		log.Warn("the database may forget what it has acknowledged", "missing", sentence)
	}
	return store, nil
}

// closeManager writes the last uses of tokens, before the database is closed. It has a deadline of its own, because ctx has
// ended.
func closeManager(ctx context.Context, m *apitoken.Manager) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return m.Close(ctx)
}
