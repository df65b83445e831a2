// Command sonarqube is a server that offers the part of SonarQube's Web API that concerns tokens. It uses only public packages
// of this module.
//
//	go run ./examples/sonarqube
//
// The library has the tokens and their rules. The host has passwords, projects, the permissions of a scanner, and the form of the
// answers. Begin with rules.go. README.md lists the differences from the original.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // the driver is the host's choice; the library imports none

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sonarqube:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, logTo io.Writer) (err error) {
	flags := flag.NewFlagSet("sonarqube", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:9000", "`address` to listen on; use a loopback address, because this is plain HTTP")
	path := flags.String("db", "./sonarqube.db", "the SQLite `file`, which is created if it does not exist")
	password := flags.String("password", "", "the `password` of admin on the first start; by default one is made and printed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	db, err := openDatabase(*path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	m, err := apitoken.New(store, &options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close(context.WithoutCancel(ctx))) }() // writes the last uses of tokens
	s, err := newServer(ctx, m, db, slog.New(slog.NewTextHandler(logTo, nil)))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	if err := s.firstStart(ctx, *password, out); err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(out, "listening on http://%s, the data is in %s; Ctrl-C ends it\n", listener.Addr(), *path)
	return s.serve(ctx, listener)
}

// openDatabase opens the database that the host and the library share. Package sqlstore recommends the name for this driver:
// go doc github.com/seed-d6cf0a46/apitoken/sqlstore.SQLite
func openDatabase(path string) (*sql.DB, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would create it readable for every user of this computer
	if err := cmp.Or(err, file.Close()); err != nil {
		return nil, err
	}
	const dsn = "file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate"
	return sql.Open("sqlite", fmt.Sprintf(dsn, (&url.URL{Path: path}).EscapedPath()))
}

// serve serves requests until the context ends. Then requests in flight have ten seconds to finish.
func (s *server) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s.handler(), ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 15 * time.Second, MaxHeaderBytes: 16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}

// firstStart creates the administrator. If there is an account, it does nothing.
func (s *server) firstStart(ctx context.Context, password string, out io.Writer) error {
	if len(s.state.Load().Accounts) > 0 {
		return nil
	}
	if password == "" {
		password = rand.Text()
		fmt.Fprintf(out, "This is the first start. The password of admin is shown now and never again:\n\nexport ADMIN=admin:%s\n\n", password)
	}
	hash, err := s.hash(password)
	admin := apitoken.User{ID: "admin", Name: "Administrator", Role: apitoken.RoleAdmin}
	if err := cmp.Or(err, errorOf(s.manager.PutUser(ctx, apitoken.System(), admin))); err != nil {
		return err
	}
	return s.change(ctx, func(now *state) error {
		now.Accounts["admin"] = account{Hash: hash}
		return nil
	})
}
