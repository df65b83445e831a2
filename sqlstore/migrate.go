package sqlstore

import (
	"context"
	"fmt"
	"strings"
)

// Migrate brings the tables to the version that this build knows, or makes them. It goes only forward, and each step is
// one transaction with its number. A schema that is up to date is only looked at, so a host may call Migrate at every
// start, and several processes may do so at once.
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
		err := s.transact(ctx, fmt.Sprintf("migrate to version %d", step.version), &opened{}, step.run)
		if err != nil {
			return err
		}
	}
	return nil
}

// run takes the step, unless another process has. The row of its number comes first: whoever inserts it holds the lock
// under which he makes the tables.
//
// Where every statement commits by itself, the row comes last. A step that was cut short is then taken again from its
// beginning, also by several at once, and its statements are such that this does no harm.
func (m migration) run(ctx context.Context, tx session) error {
	if err := m.begin(ctx, tx); err != nil {
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
		_, err := tx.ExecContext(ctx, statement)
		if err != nil && (tx.dialect.made == nil || !tx.dialect.made(err)) {
			return fmt.Errorf("%s: %w", firstLine(statement), err)
		}
	}
	return nil
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
