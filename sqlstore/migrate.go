package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed migrations
var migrations embed.FS

// migration is one step of the schema, in one file. The name of the file begins with its number: 1, 2, 3 and so on.
type migration struct {
	version    int64
	statements []string
}

// Migrate brings the tables to the version that this build knows, or makes them. It goes only forward, and each step is
// one transaction with its number. A schema that is up to date stays as it is, so a host may call Migrate at every start,
// and several processes may do so at once.
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
	err = s.transact(ctx, what, &opened{}, func(ctx context.Context, tx session) error {
		if err := tx.lockSchema(ctx); err != nil {
			return err
		}
		_, err := tx.exec(ctx, makeVersions)
		return err
	})
	if err != nil {
		return err
	}
	version, err := s.version(ctx)
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

// lockSchema lets one process at a time change the schema, where the row of a version does not see to that.
func (s session) lockSchema(ctx context.Context) error {
	if !s.dialect.has(lockSchema) {
		return nil
	}
	_, err := s.exec(ctx, lockSchema)
	return err
}

// run takes the step, unless another process has. The row of its number comes first: whoever inserts it holds the lock
// under which he makes the tables.
//
// Where every statement commits by itself, the row comes last. A step that was cut short is then taken again from its
// beginning, also by several at once, and its statements are such that this does no harm.
func (m migration) run(ctx context.Context, tx session) error {
	if tx.dialect.ddlCommits {
		if err := m.make(ctx, tx); err != nil {
			return err
		}
		_, err := tx.insert(ctx, claimVersion, m.version)
		return err
	}
	if err := tx.lockSchema(ctx); err != nil {
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

func (m migration) make(ctx context.Context, tx session) error {
	for _, statement := range m.statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%q: %w", statement, err)
		}
	}
	return nil
}

// checkSchema makes sure that the tables are those that this build knows.
func (s *Store) checkSchema(ctx context.Context) error {
	known, err := s.dialect.steps()
	if err != nil {
		return err
	}
	now := s.unopened()
	var exists bool
	if err := now.row(ctx, findVersions).Scan(&exists); err != nil {
		return fmt.Errorf("look for the tables: %w", err)
	}
	var version int64
	if exists {
		if err := now.row(ctx, lastVersion).Scan(&version); err != nil {
			return fmt.Errorf("read the version of the schema: %w", err)
		}
	}
	switch {
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

func (s *Store) version(ctx context.Context) (version int64, err error) {
	err = s.patiently(ctx, func() error {
		return s.unopened().row(ctx, lastVersion).Scan(&version)
	})
	return version, err
}

// unopened is a session on the database in which nothing is prepared.
func (s *Store) unopened() session {
	return session{querier: s.db, dialect: &s.dialect, opened: &opened{}}
}

// steps are the migrations of the dialect, in order.
func (d *Dialect) steps() ([]migration, error) {
	files, err := fs.ReadDir(migrations, d.migrations) // sorted by name
	if err != nil {
		return nil, err
	}
	var steps []migration
	for _, file := range files {
		text, err := fs.ReadFile(migrations, path.Join(d.migrations, file.Name()))
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(file.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version != int64(len(steps)+1) {
			return nil, fmt.Errorf("the migration %s is not number %d", file.Name(), len(steps)+1)
		}
		steps = append(steps, migration{version: version, statements: statements(named(string(text), d.prefix))})
	}
	return steps, nil
}

// statements takes a file apart at the semicolons at the ends of lines, because not every driver takes more than one
// statement at a time.
func statements(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ";\n") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
