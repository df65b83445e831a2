package engine

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PgBouncer is a connection pooler in front of a PostgreSQL server. It assigns connections to clients for one transaction.
type PgBouncer struct {
	behind  *url.URL // the server
	address address
	server  server
}

// StartPgBouncer starts a pooler in a folder, in front of the server with the given URL. It opens at most that many
// connections to each database.
func StartPgBouncer(dir, postgres string, connections int) (*PgBouncer, error) {
	p, err := newPgBouncer(dir, postgres, connections)
	if err != nil {
		return nil, fmt.Errorf("start PgBouncer: %w", err)
	}
	if err := p.server.start(); err != nil {
		return nil, fmt.Errorf("start PgBouncer: %w", err)
	}
	return p, nil
}

func newPgBouncer(dir, postgres string, connections int) (*PgBouncer, error) {
	program := program{farewell: syscall.SIGKILL}
	var err error
	if program.path, err = lookIn(searched("APITOKEN_PGBOUNCER_BIN", "/usr/sbin", "/usr/bin"), "pgbouncer", "pgbouncer"); err != nil {
		return nil, err
	}
	if program.account, err = serverAccount("postgres", "pgbouncer"); err != nil {
		return nil, err
	}
	if program.dir, err = program.account.folders(dir, "run"); err != nil {
		return nil, err
	}
	p := new(PgBouncer)
	if p.behind, err = url.Parse(postgres); err != nil {
		return nil, err
	}
	if p.address, err = freeAddress(6432); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(postgres)
	if err != nil {
		return nil, err
	}
	settings := filepath.Join(program.dir, "pgbouncer.ini")
	if err := os.WriteFile(settings, []byte(p.settings(config, connections)), 0o644); err != nil {
		return nil, err
	}
	program.args = []string{settings}
	program.log = filepath.Join(program.dir, "log")
	p.server = server{program: program, limit: time.Minute, ready: func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, p.DSN(config.Database))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}}
	return p, nil
}

// settings returns the configuration. All clients connect as the user of the server's URL.
func (p *PgBouncer) settings(server *pgx.ConnConfig, connections int) string {
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	database := fmt.Sprintf("* = host=%s port=%d user=%s", quoted(server.Host), server.Port, quoted(server.User))
	if server.Password != "" {
		database += " password=" + quoted(server.Password)
	}
	return strings.Join([]string{
		"[databases]",
		database,
		"[pgbouncer]",
		"listen_addr = " + p.address.host,
		"listen_port = " + strconv.Itoa(p.address.ports[0]),
		"unix_socket_dir =",
		"auth_type = any",
		"admin_users = " + server.User,
		"pool_mode = transaction",
		"default_pool_size = " + strconv.Itoa(connections),
		"max_client_conn = 500",
	}, "\n") + "\n"
}

// DSN returns the URL of a database through the pooler for pgx, without parameters about poolers.
func (p *PgBouncer) DSN(database string) string {
	host, port, _ := net.SplitHostPort(p.address.at(0))
	dsn := url.URL{Scheme: "postgres", User: url.User(p.behind.User.Username()), Host: net.JoinHostPort(host, port), Path: database}
	dsn.RawQuery = "sslmode=disable&connect_timeout=5"
	return dsn.String()
}

// Stop ends the pooler if it runs.
func (p *PgBouncer) Stop() error {
	return wrapped(p.server.stop(), "stop PgBouncer")
}
