package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Migrate brings the tables to the version that this build knows, or makes them. It goes only forward, and each step is
// one transaction with its number. A schema that is up to date is only looked at, so a host may call Migrate at every
// start, and several processes may do so at once.
//
// Readers wait for Migrate at most about a second at a time, whatever other transaction is open: a step that waits for
// one lets the others go on, tries again, and gives up after a minute with an error that names what it waited for. While an
// index is made, PostgreSQL lets nothing be written to its table, so an index that is there already is taken: CREATE INDEX
// CONCURRENTLY may have made it before. A Galera cluster stands still for every step.
//
// A schema of a newer version than this build knows is refused with an error that names both: an older build does not
// know what the newer rows mean.
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
	err = s.patiently(ctx, func() (err error) {
		version, err = s.version(ctx)
		return err
	})
	if err != nil {
		return failed(what, err)
	}
	if err := s.dialect.refuseNewer(version, len(steps)); err != nil {
		return failed(what, err)
	}
	for _, step := range steps[version:] {
		if err := s.step(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

const (
	stepPatience = time.Minute            // for the transactions that use the tables to end
	stepPause    = 800 * time.Millisecond // for those that waited behind a step
)

// step takes a step. One that waits for another transaction keeps everybody from the table, so it gives up soon, lets the
// others go on, and tries again.
func (s *Store) step(ctx context.Context, m migration) error {
	what := fmt.Sprintf("migrate to version %d", m.version)
	var pause time.Duration
	var waited error // how the last try ended, if it had waited for another transaction
	err := s.transact(ctx, what, &opened{}, newPatience(stepPatience), func(ctx context.Context, tx session) error {
		err := m.run(ctx, tx, pause)
		switch {
		case s.dialect.waits(err):
			pause, waited = stepPause, err
		case ctx.Err() == nil:
			waited = nil
		}
		return err
	})
	switch {
	case err == nil || waited == nil:
		return err
	case !s.dialect.waits(err): // the context has ended in the pause
		err = fmt.Errorf("%w: %w", err, waited)
	}
	return fmt.Errorf("%w (it waited for a transaction that uses the tables, such as that of a backup%s)", err, s.openTransactions(ctx))
}

// openTransactions names the transactions that a step may have waited for, as far as the database tells.
func (s *Store) openTransactions(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settlePatience)
	defer cancel()
	var open string
	if err := s.db.QueryRowContext(ctx, s.dialect.openTransactions).Scan(&open); err != nil || open == "" {
		return ""
	}
	return ": " + open
}

// run takes the step, unless another process has. The row of its number comes first: whoever inserts it holds the lock
// under which he makes the tables.
//
// Where every statement commits by itself, the row comes last. A step that was cut short is then taken again from its
// beginning, also by several at once, and its statements are such that this does no harm.
//
// The pause is made where no other process can take the step meanwhile: several that try in turn would leave no time for the
// others.
func (m migration) run(ctx context.Context, tx session, pause time.Duration) (err error) {
	if err := m.begin(ctx, tx); err != nil {
		return err
	}
	if limit := tx.dialect.limitWait; limit != "" {
		if _, err := tx.ExecContext(ctx, limit); err != nil {
			return err
		}
	}
	if unlimit := tx.dialect.unlimitWait; unlimit != "" {
		defer func() {
			_, unlimited := tx.ExecContext(ctx, unlimit)
			err = errors.Join(err, unlimited)
		}()
	}
	if err := sleep(ctx, pause); err != nil {
		return err
	}
	if tx.dialect.ddlCommits {
		if err := m.make(ctx, tx); err != nil {
			return err
		}
		_, err := tx.insert(ctx, claimVersion, m.version)
		return err
	}
	mine, err := tx.insert(ctx, claimVersion, m.version)
	if err != nil {
		return err
	}
	if !mine {
		return errStored
	}
	return m.make(ctx, tx)
}

// begin lets one process at a time go on, where the row of a version does not see to that, and makes the table of
// versions.
func (m migration) begin(ctx context.Context, tx session) error {
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

func (m migration) make(ctx context.Context, tx session) error {
	for _, statement := range m.statements() {
		made, err := tx.hasIndex(ctx, statement)
		if err != nil {
			return fmt.Errorf("%s: %w", firstLine(statement), err)
		}
		if made {
			continue
		}
		_, err = tx.ExecContext(ctx, statement)
		if err != nil && (tx.dialect.made == nil || !tx.dialect.made(err)) {
			return fmt.Errorf("%s: %w", firstLine(statement), err)
		}
	}
	return nil
}

var makesIndex = regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX (\w+) `)

// hasIndex reports whether the index that a statement makes is there already: who cannot wait with writing while it is made
// may have made it before, concurrently.
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
		return false, fmt.Errorf("the index %s is there and invalid; drop it, and migrate again", index[1])
	}
	return valid, err
}

// firstLine is the first line of a statement that is no comment.
func firstLine(statement string) string {
	for line := range strings.Lines(statement) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			return line
		}
	}
	return ""
}

// checkSchema makes sure that the connections will do, and that the tables are those that this build knows.
func (s *Store) checkSchema(ctx context.Context) error {
	known, err := s.dialect.steps()
	if err != nil {
		return err
	}
	if err := s.checkConnections(ctx); err != nil {
		return err
	}
	version, err := s.version(ctx)
	switch {
	case err != nil:
		return err
	case version == 0:
		return fmt.Errorf("the tables %s* are not there: call Migrate first", s.dialect.prefix)
	case version < int64(len(known)):
		return fmt.Errorf("the tables %s* are of version %d, this build needs version %d: call Migrate first",
			s.dialect.prefix, version, len(known))
	}
	return s.dialect.refuseNewer(version, len(known))
}

func (d *Dialect) refuseNewer(version int64, known int) error {
	if version <= int64(known) {
		return nil
	}
	return fmt.Errorf("the tables %s* are of version %d, this build knows only up to version %d: use a newer build",
		d.prefix, version, known)
}

func (s *Store) checkConnections(ctx context.Context) error {
	if !s.dialect.has(findFault) {
		return nil
	}
	var fault string
	if err := s.unopened().row(ctx, findFault).Scan(&fault); err != nil {
		return fmt.Errorf("look at the connections: %w", err)
	}
	if fault != "" {
		return fmt.Errorf("the connections of the database will not do: %s", fault)
	}
	return nil
}

// unopened is a session on the database in which nothing is prepared.
func (s *Store) unopened() session {
	return session{querier: s.db, dialect: &s.dialect, opened: &opened{}}
}

// version is that of the tables. 0: they are not there.
func (s *Store) version(ctx context.Context) (version int64, err error) {
	unopened := s.unopened()
	var exists bool
	if err := unopened.row(ctx, findVersions).Scan(&exists); err != nil {
		return 0, fmt.Errorf("look for the tables: %w", err)
	}
	if !exists {
		return 0, nil
	}
	if err := unopened.row(ctx, lastVersion).Scan(&version); err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return version, nil
}
