package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/seed-d6cf0a46/apitoken"
)

// idleOfHost is the number of connections that are idle when a firewall forgets them.
const idleOfHost = 16

// poolSetting is a way in which a host sets up its pool.
type poolSetting struct {
	name   string
	long   bool                                   // not in make test
	driver string                                 // empty: each
	open   func(t *testing.T, d database) *sql.DB // nil: d.open
	closes func(db *sql.DB)                       // makes the pool close its idle connections soon; nil: it keeps them

	failures int           // of the calls that follow
	limit    time.Duration // of each call
}

// A call that fails does so at its limit, and readTimeout also limits calls that succeed. A call that succeeds needs time on a slow
// machine.
const (
	limitOfFailure = 2 * time.Second
	readTimeout    = 5 * time.Second
	limitOfSuccess = 20 * time.Second
)

var poolSettings = []poolSetting{
	{name: "none", failures: idleOfHost, limit: limitOfFailure},
	{name: "SetConnMaxIdleTime", closes: func(db *sql.DB) { db.SetConnMaxIdleTime(time.Millisecond) }, limit: limitOfSuccess},
	{name: "SetConnMaxLifetime", long: true, closes: func(db *sql.DB) { db.SetConnMaxLifetime(time.Millisecond) }, limit: limitOfSuccess},
	{name: "OptionShouldPing", long: true, driver: "pgx", open: openPinging, limit: limitOfSuccess},
	{name: "PingTimeout of pgxpool", long: true, driver: "pgx", open: openPingingPool, limit: limitOfSuccess},
	{name: "MaxConnIdleTime of pgxpool", long: true, driver: "pgx", open: openShortPool, closes: func(*sql.DB) {}, limit: limitOfSuccess},
	{name: "readTimeout", long: true, driver: "mysql", open: openReadTimeout, failures: idleOfHost, limit: limitOfSuccess},
}

// A firewall that has forgotten a connection drops its packets silently. Without a setting the next call on each idle connection
// fails at its deadline. docs/operating.md names the settings with which no call fails.
func TestForgottenIdleConnectionsFailNoCallWithTheRightSettings(t *testing.T) {
	t.Parallel()
	for _, b := range servers {
		for _, s := range poolSettings {
			if s.driver != "" && s.driver != b.driver {
				continue
			}
			t.Run(b.name+", "+s.name, func(t *testing.T) {
				t.Parallel()
				if s.long {
					long(t)
				}
				holdForgotten(t, b.database(t), s)
			})
		}
	}
}

func holdForgotten(t *testing.T, d database, s poolSetting) {
	direct, _ := newManager(t, d.newMigrated(t, d.open(t, 0), nil))
	text := generateMany(t, direct, 1)[0]
	there, firewall := d.through(t)
	open := func(t *testing.T, d database) *sql.DB { return d.open(t, 0) }
	if s.open != nil {
		open = s.open
	}
	db := open(t, there)
	m, _ := newManager(t, there.newStore(t, db, nil))
	must(t, authenticateWithin(limitOfSuccess, m, text))
	openIdle(t, db, idleOfHost)
	want := idleOfHost
	if s.closes != nil {
		s.closes(db)
		firewall.awaitNoConnection(t)
		want = 0
	}
	if n := firewall.forget(); n != want {
		t.Fatalf("the firewall forgets %d connections, want %d", n, want)
	}
	defer firewall.hangUp() // or the pool waits for seconds when it closes them
	results := make(chan error, idleOfHost)
	for range idleOfHost { // at the same time, since those that fail take as long as they may
		go func() { results <- authenticateWithin(s.limit, m, text) }()
	}
	failures := 0
	for range idleOfHost {
		if err := <-results; err != nil {
			failures++
			late := s.limit == limitOfFailure
			if !errors.Is(err, apitoken.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) != late {
				t.Errorf("error %v, want %v, at the deadline: %v", err, apitoken.ErrUnavailable, late)
			}
		}
	}
	if failures != s.failures {
		t.Errorf("%d of %d calls failed, want %d", failures, idleOfHost, s.failures)
	}
	if err := authenticateWithin(limitOfSuccess, m, text); err != nil {
		t.Errorf("the call after them: %v", err)
	}
}

func authenticateWithin(limit time.Duration, m *apitoken.Manager, text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_, err := m.Authenticate(ctx, text)
	return err
}

// openIdle leaves that many idle connections in a pool.
func openIdle(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	var held []*sql.Conn
	for range n {
		conn, err := db.Conn(t.Context())
		must(t, err)
		held = append(held, conn)
	}
	for _, conn := range held {
		must(t, conn.Close())
	}
}

// openPinging opens a pool of database/sql that pings a connection before it is used again, and gives it up if it does not answer
// soon.
func openPinging(t *testing.T, d database) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(d.dsns[0])
	must(t, err)
	db := stdlib.OpenDB(*config, stdlib.OptionShouldPing(func(ctx context.Context, p stdlib.ShouldPingParams) bool {
		ctx, cancel := context.WithTimeout(ctx, limitOfFailure)
		defer cancel()
		return p.Conn.Ping(ctx) != nil // pgx has closed it, and its own ping fails at once
	}))
	db.SetMaxIdleConns(idleOfHost)
	closeAtTheEnd(t, db)
	return db
}

// openPingingPool opens a pool of pgx that does the same.
func openPingingPool(t *testing.T, d database) *sql.DB {
	t.Helper()
	return openPgxPool(t, d, func(c *pgxpool.Config) {
		c.PingTimeout = limitOfFailure
		c.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true } // not only after a second
	})
}

// openShortPool opens a pool of pgx that closes its idle connections soon.
func openShortPool(t *testing.T, d database) *sql.DB {
	t.Helper()
	return openPgxPool(t, d, func(c *pgxpool.Config) {
		c.MaxConnIdleTime = time.Second
		c.HealthCheckPeriod = 100 * time.Millisecond
	})
}

// openPgxPool opens a pool of pgx with more connections than become idle: a connection that is given up stays in the pool for up to
// 15 s, while pgx tries to end it.
func openPgxPool(t *testing.T, d database, set func(c *pgxpool.Config)) *sql.DB {
	t.Helper()
	config, err := pgxpool.ParseConfig(d.dsns[0])
	must(t, err)
	config.MaxConns = 2 * idleOfHost
	set(config)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(pool.Close)
	return overPgxPool(t, pool)
}

// openReadTimeout opens a pool of go-sql-driver/mysql whose connections give up an answer that takes long.
func openReadTimeout(t *testing.T, d database) *sql.DB {
	t.Helper()
	d.dsns = []string{withParameters(d.dsns[0], []string{"readTimeout=" + readTimeout.String()})}
	return d.open(t, 0)
}
