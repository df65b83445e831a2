package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// StartStandby copies the server into another folder and starts the copy as its synchronous standby. From then on the server
// acknowledges a commit once the standby has applied it. While the standby does not run, commits wait. A server has at most
// one standby at a time.
func (p *Postgres) StartStandby(dir string) (*Postgres, error) {
	standby, err := p.startStandby(dir)
	if err != nil {
		return nil, fmt.Errorf("start a standby of PostgreSQL %s: %w", p.name, err)
	}
	return standby, nil
}

func (p *Postgres) startStandby(dir string) (*Postgres, error) {
	if _, err := lookIn([]string{p.bin}, "pg_basebackup", "postgresql"); err != nil {
		return nil, err
	}
	s, err := newPostgres("standby", dir, p.fast)
	if err != nil {
		return nil, err
	}
	backup := []string{
		"-D", s.data(), "-h", p.address.host, "-p", fmt.Sprint(p.address.ports[0]), "-U", "postgres",
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync",
	}
	if err := s.tool("pg_basebackup", backup...).run(s.server.limit); err != nil {
		return nil, err
	}
	// The copy has the settings of the server, and would wait for the same standby once it is promoted.
	if err := appendLine(filepath.Join(s.data(), "postgresql.auto.conf"), "synchronous_standby_names = ''"); err != nil {
		return nil, err
	}
	if err := s.server.start(); err != nil {
		return nil, err
	}
	if err := p.synchronize(s); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// synchronize sets the server to wait for the standby, and returns when it does.
func (p *Postgres) synchronize(standby *Postgres) error {
	ctx, cancel := context.WithTimeout(context.Background(), p.server.limit)
	defer cancel()
	err := p.exec(ctx,
		"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ("+standby.name+")'",
		"ALTER SYSTEM SET synchronous_commit = remote_apply",
		"SELECT pg_reload_conf()",
	)
	if err != nil {
		return err
	}
	return standby.server.process.await(p.server.limit, func(ctx context.Context) error { return p.synchronized(ctx, standby.name) })
}

// synchronized returns an error if the server does not wait for the standby.
func (p *Postgres) synchronized(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, p.DSN())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	const query = `
		SELECT state || ', ' || sync_state
		FROM pg_stat_replication
		WHERE application_name = $1`
	var state string
	if err := conn.QueryRow(ctx, query, name).Scan(&state); err != nil {
		return fmt.Errorf("the state of %s: %w", name, err)
	}
	if state != "streaming, sync" {
		return fmt.Errorf("the state of %s is %s", name, state)
	}
	return nil
}

// Promote makes a standby a primary, which waits for no standby. When Promote returns the server accepts writes. Kill the old
// primary first.
func (p *Postgres) Promote() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.server.limit)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.DSN())
	if err != nil {
		return fmt.Errorf("promote PostgreSQL %s: %w", p.name, err)
	}
	defer conn.Close(ctx)
	var promoted bool
	if err := conn.QueryRow(ctx, "SELECT pg_promote()").Scan(&promoted); err != nil {
		return fmt.Errorf("promote PostgreSQL %s: %w", p.name, err)
	}
	if !promoted {
		return fmt.Errorf("promote PostgreSQL %s: it is still a standby", p.name)
	}
	return nil
}

func appendLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}
