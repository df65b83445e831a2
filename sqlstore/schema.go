package sqlstore

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed migrations
var migrations embed.FS

// Migration is one step of the schema as SQL. A released step never changes; later builds add steps after it.
type Migration struct {
	Version int64  // 1, 2, 3 and so on
	Name    string // the subject of the step, suitable for a file name
	SQL     string // all statements; each ends with a semicolon at the end of a line, and there is no other semicolon
}

// Migrations returns the steps of [Store.Migrate], in order, for tables whose names begin with the prefix. The prefix is that
// of [Options.TablePrefix]; [apitoken.ErrInvalid]: it is not valid.
//
// They are for a host that changes its schema with a migration tool. The tool runs each step once, in order, and in one
// transaction if the database can roll back a change of the schema. MySQL and MariaDB cannot; there, an interrupted step is run
// again. The SQL records the version, so the store opens without [Store.Migrate], and calling it changes nothing.
func (d Dialect) Migrations(prefix string) ([]Migration, error) {
	const what = "migrations"
	d, err := d.forTables(prefix)
	if err != nil {
		return nil, failed(what, err)
	}
	steps, err := d.steps()
	if err != nil {
		return nil, failed(what, err)
	}
	var all []Migration
	for _, step := range steps {
		all = append(all, Migration{Version: step.version, Name: step.name, SQL: step.sql(&d)})
	}
	return all, nil
}

const defaultPrefix = "apitoken_"

var validPrefix = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,29}$`)

// forTables returns the dialect for tables whose names begin with the host's prefix; empty: the default one.
func (d Dialect) forTables(prefix string) (Dialect, error) {
	if prefix == "" {
		prefix = defaultPrefix
	}
	switch {
	case d.name == "":
		return d, invalid("the dialect is not one of this package")
	case !validPrefix.MatchString(prefix):
		return d, invalid("the table prefix %q is not 1 to 30 lower-case letters, digits and underscores that begin with no digit", prefix)
	case d.reservedPrefix != "" && strings.HasPrefix(prefix, d.reservedPrefix):
		return d, invalid("the table prefix %q is reserved by %s", prefix, d.name)
	}
	return d.withPrefix(prefix), nil
}

// migration is one step of the schema, in one file. The name of the file begins with its version.
type migration struct {
	version int64
	name    string
	text    string // of the file, with the store's table prefix
}

// steps returns the migrations of the dialect, in order.
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
		number, name, _ := strings.Cut(strings.TrimSuffix(file.Name(), ".sql"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version != int64(len(steps)+1) {
			return nil, fmt.Errorf("the migration %s is not number %d", file.Name(), len(steps)+1)
		}
		steps = append(steps, migration{version: version, name: name, text: replacePrefix(string(text), d.prefix)})
	}
	return steps, nil
}

// statements splits the step at the semicolons at the ends of lines: some drivers take only one statement at a time.
func (m migration) statements() []string {
	var all []string
	for part := range strings.SplitSeq(m.text, ";\n") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// sql returns the whole step. The row of its version comes last: if a tool runs the statements one by one and is interrupted,
// no store may consider the tables complete.
func (m migration) sql(d *Dialect) string {
	var text strings.Builder
	if m.version == 1 {
		fmt.Fprintf(&text, "%s;\n\n", d.queries[makeVersions])
	}
	version := strconv.FormatInt(m.version, 10)
	claim := strings.Replace(d.queries[claimVersion], d.placeholder(1), version, 1)
	fmt.Fprintf(&text, "%s\n\n%s;\n", strings.TrimSpace(m.text), claim)
	return text.String()
}
