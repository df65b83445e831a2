package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Migrate creates the tables, or upgrades them to the version of this build. It never downgrades. Each step is one transaction
// and records its version. If the schema is up to date, Migrate only reads its version, so a host may call it at every start,
// in several processes at once.
//
// Readers wait for Migrate at most about a second at a time, whatever other transaction is open: a step that waits for a
// transaction lets the readers continue and retries. After a minute it returns an error that names what it waited for. While
// PostgreSQL makes an index, nothing can be written to its table, so Migrate uses an index that exists already: CREATE INDEX
// CONCURRENTLY may have made it before. A Galera cluster stops during each step: all reads and writes wait, and some fail.
//
// A schema of a newer version is an error that names both versions: an older build cannot interpret the newer rows.
func (s *Store) Migrate(ctx context.Context) error {
	const what = "migrate"
	if err := ctx.Err(); err != nil {
		return failed(what, err)
	}
	steps, err := s.dialect.steps()
	if err != nil {
		return failed(what, err)
	}
	var version int64
	err = s.retry(ctx, func() (err error) {
		version, err = s.version(ctx)
		return err
	})
	if err != nil {
		return failed(what, err)
	}
	if err := s.dialect.checkNotNewer(version, len(steps)); err != nil {
		return failed(what, err)
	}
	for _, step := range steps[version:] {
		if err := s.apply(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

const (
	stepTimeout = time.Minute            // of waiting for the transactions that use the tables
	stepPause   = 800 * time.Millisecond // between tries, for the transactions that waited for the step
)

// apply applies a step. A step that waits for a transaction blocks all others from the table, so it times out soon, lets them
// continue, and tries again.
func (s *Store) apply(ctx context.Context, m migration) error {
	what := fmt.Sprintf("migrate to version %d", m.version)
	var pause time.Duration
	var lockTimeout error // of the last try
	run := s.inTransaction
	if s.dialect.ddlCommits {
		run = s.onConnection
	}
	err := run(ctx, what, &preparedStatements{}, newBackoff(stepTimeout), func(ctx context.Context, tx session) error {
		err := m.run(ctx, tx, pause)
		switch {
		case s.dialect.isLockTimeout(err):
			pause, lockTimeout = stepPause, err
		case ctx.Err() == nil:
			lockTimeout = nil
		}
		return err
	})
	switch {
	case err == nil || lockTimeout == nil:
		return err
	case !s.dialect.isLockTimeout(err): // the context ended during the pause
		err = fmt.Errorf("%w: %w", err, lockTimeout)
	}
	return fmt.Errorf("%w (it waited for a transaction that uses the tables, such as that of a backup%s)", err, s.openTransactions(ctx))
}

// onConnection runs do on one connection, without a transaction. If do fails, the connection is closed: it may hold a lock or a
// setting of its session, such as when the context ends during a pause. Back in the pool it would keep every other replica
// from migrating.
func (s *Store) onConnection(ctx context.Context, what string, p *preparedStatements, b *backoff, do work) error {
	for {
		err := s.withConnection(ctx, p, do)
		switch {
		case err == nil:
			return nil
		case !s.dialect.busy(err):
			return failed(what, s.dialect.withPoolerAdvice(err))
		}
		if waitErr := b.wait(ctx); waitErr != nil {
			return failed(what, fmt.Errorf("%w: %w", waitErr, err))
		}
	}
}

func (s *Store) withConnection(ctx context.Context, p *preparedStatements, do work) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	err = do(ctx, session{querier: overSQL{conn}, dialect: &s.dialect, prepared: p})
	if err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

// openTransactions names the transactions that a step may have waited for, as far as the database reports them.
func (s *Store) openTransactions(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTimeout)
	defer cancel()
	var open string
	if err := s.db.QueryRowContext(ctx, s.dialect.openTransactions).Scan(&open); err != nil || open == "" {
		return ""
	}
	return ": " + open
}

// run applies the step unless another process has. It inserts the row of the version first: the process that inserts the row
// holds the lock under which it makes the tables.
//
// If every statement commits by itself, the row comes last. A step that was interrupted is then applied again from its first
// statement, possibly by several processes at once; its statements can be repeated.
//
// The pause comes after the lock on the step, so that no other process can try meanwhile: several processes that try in turn
// would leave no time for the readers.
func (m migration) run(ctx context.Context, tx session, pause time.Duration) (err error) {
	if err := m.lock(ctx, tx); err != nil {
		return err
	}
	if set := tx.dialect.setLockTimeout; set != "" {
		if _, err := tx.ExecContext(ctx, set); err != nil {
			return err
		}
	}
	if reset := tx.dialect.resetLockTimeout; reset != "" {
		defer func() {
			_, resetErr := tx.ExecContext(ctx, reset)
			err = errors.Join(err, resetErr)
		}()
	}
	if err := sleep(ctx, pause); err != nil {
		return err
	}
	if tx.dialect.ddlCommits {
		if err := m.execute(ctx, tx); err != nil {
			return err
		}
		_, err := tx.insert(ctx, claimVersion, m.version)
		return err
	}
	claimed, err := tx.insert(ctx, claimVersion, m.version)
	if err != nil {
		return err
	}
	if !claimed {
		return errAlreadyStored
	}
	return m.execute(ctx, tx)
}

// lock lets one process at a time continue, if the row of a version does not ensure that, and makes the table of versions.
func (m migration) lock(ctx context.Context, tx session) error {
	if tx.dialect.has(lockSchema) {
		if _, err := tx.exec(ctx, lockSchema); err != nil {
			return err
		}
	}
	if m.version > 1 {
		return nil
	}
	_, err := tx.exec(ctx, makeVersions)
	return err
}

// execute runs the statements of the step.
func (m migration) execute(ctx context.Context, tx session) error {
	for _, statement := range m.statements() {
		exists, err := tx.hasIndex(ctx, statement)
		if err != nil {
			return fmt.Errorf("%s: %w", firstLine(statement), err)
		}
		if exists {
			continue
		}
		_, err = tx.ExecContext(ctx, statement)
		if err != nil && (tx.dialect.alreadyApplied == nil || !tx.dialect.alreadyApplied(err)) {
			return fmt.Errorf("%s: %w", firstLine(statement), err)
		}
	}
	return nil
}

var makesIndex = regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX (\w+) `)

// hasIndex reports whether the index that a statement makes exists. An operator may have made it concurrently before, so that
// writes do not wait for Migrate.
func (s session) hasIndex(ctx context.Context, statement string) (valid bool, err error) {
	index := makesIndex.FindStringSubmatch(firstLine(statement))
	if s.dialect.findIndex == "" || index == nil {
		return false, nil
	}
	err = s.QueryRowContext(ctx, s.dialect.findIndex, index[1]).Scan(&valid)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err == nil && !valid:
		return false, fmt.Errorf("the index %s exists and is invalid; drop it, and migrate again", index[1])
	}
	return valid, err
}

// firstLine returns the first line of a statement that is not a comment.
func firstLine(statement string) string {
	for line := range strings.Lines(statement) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			return line
		}
	}
	return ""
}

// checkSchema checks the settings of the connections, and that the tables have the version of this build.
func (s *Store) checkSchema(ctx context.Context) error {
	known, err := s.dialect.steps()
	if err != nil {
		return err
	}
	if err := s.checkConnection(ctx); err != nil {
		return err
	}
	version, err := s.version(ctx)
	switch {
	case err != nil:
		return err
	case version == 0:
		return fmt.Errorf("the tables %s* do not exist: call Migrate first", s.dialect.prefix)
	case version < int64(len(known)):
		return fmt.Errorf("the tables %s* have version %d, this build needs version %d: call Migrate first",
			s.dialect.prefix, version, len(known))
	}
	return s.dialect.checkNotNewer(version, len(known))
}

func (d *Dialect) checkNotNewer(version int64, known int) error {
	if version <= int64(known) {
		return nil
	}
	return fmt.Errorf("the tables %s* have version %d, this build supports at most version %d: use a newer build",
		d.prefix, version, known)
}

func (s *Store) checkConnection(ctx context.Context) error {
	if !s.dialect.has(checkConnection) {
		return nil
	}
	var fault string
	if err := s.textSession().row(ctx, checkConnection).Scan(&fault); err != nil {
		return fmt.Errorf("check the connections: %w", err)
	}
	if fault != "" {
		return fmt.Errorf("the connections of the database have unsuitable settings: %s", fault)
	}
	return nil
}

// textSession returns a session on the database without prepared statements.
func (s *Store) textSession() session {
	return session{querier: s.pool, dialect: &s.dialect, prepared: &preparedStatements{}}
}

// version returns the version of the tables; 0: there are none.
func (s *Store) version(ctx context.Context) (version int64, err error) {
	text := s.textSession()
	var exists bool
	if err := text.row(ctx, findVersions).Scan(&exists); err != nil {
		return 0, fmt.Errorf("look for the tables: %w", err)
	}
	if !exists {
		return 0, nil
	}
	if err := text.row(ctx, lastVersion).Scan(&version); err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return version, nil
}
