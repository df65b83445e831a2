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

// Migration is one step of the schema as SQL. A step that was released stays as it is; later builds add steps behind it.
type Migration struct {
	Version int64  // 1, 2, 3 and so on
	Name    string // what the step is about, fit for the name of a file
	SQL     string // all statements, each with a semicolon at the end of its last line, and no other semicolon anywhere
}

// Migrations are the steps that [Store.Migrate] takes, in order, for tables whose names begin with the prefix. The prefix
// is that of [Options.TablePrefix], and one that [New] refuses is [apitoken.ErrInvalid] here as well.
//
// They are for a host that changes its whole schema with a tool of its own. The tool runs each step once, in order, and in
// one transaction where the database can undo a change of the schema; MySQL and MariaDB cannot, and there a step that was
// cut short is run again. The SQL records the version, so the store then opens without [Store.Migrate], and to call it
// changes nothing.
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

// forTables is the dialect for tables whose names begin with the prefix that the host has chosen.
func (d Dialect) forTables(prefix string) (Dialect, error) {
	if prefix == "" {
		prefix = defaultPrefix
	}
	switch {
	case d.name == "":
		return d, invalid("the dialect is none of this package")
	case !validPrefix.MatchString(prefix):
		return d, invalid("the table prefix %q is not 1 to 30 lower-case letters, digits and underscores, no digit first", prefix)
	case d.reservedPrefix != "" && strings.HasPrefix(prefix, d.reservedPrefix):
		return d, invalid("the table prefix %q is reserved by %s", prefix, d.name)
	}
	return d.withPrefix(prefix), nil
}

// migration is one step of the schema, in one file. The name of the file begins with its number: 1, 2, 3 and so on.
type migration struct {
	version int64
	name    string
	text    string // of the file, with the prefix in place
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
		number, name, _ := strings.Cut(strings.TrimSuffix(file.Name(), ".sql"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version != int64(len(steps)+1) {
			return nil, fmt.Errorf("the migration %s is not number %d", file.Name(), len(steps)+1)
		}
		steps = append(steps, migration{version: version, name: name, text: named(string(text), d.prefix)})
	}
	return steps, nil
}

// statements takes the step apart at the semicolons at the ends of lines, because not every driver takes more than one
// statement at a time.
func (m migration) statements() []string {
	var all []string
	for part := range strings.SplitSeq(m.text, ";\n") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// sql is the whole step. The row of its version comes last: where a tool runs the statements one by one and is cut short,
// no store may take the tables for complete.
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
