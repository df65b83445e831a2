package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

var (
	_ apitoken.Store        = (*Store)(nil)
	_ apitoken.TokenPager   = (*Store)(nil)
	_ apitoken.TokenCounter = (*Store)(nil)
)

// Store is an [apitoken.Store] in a database. Use [New]. All methods are safe for concurrent use.
type Store struct {
	db         *sql.DB
	dialect    Dialect // with the store's own table prefix
	unprepared bool

	opened  atomic.Pointer[opened] // nil until the first use, and after Close
	opening chan struct{}          // holds one value while nobody opens or closes
	closed  bool                   // guarded by opening

	made   time.Time
	looked lookedUp // of a local database

	turn chan struct{} // holds one value while nobody writes; nil: all may write at once
}

// Options configure a [Store]. The zero value of every field has a sensible meaning.
type Options struct {
	// TablePrefix begins the name of every table and index: 1 to 30 lower-case letters, digits and underscores, no digit
	// first. Empty: "apitoken_". Stores of different prefixes in one database know nothing of each other.
	TablePrefix string

	// Unprepared keeps the store from preparing its queries. It is for connection poolers that hand a connection to
	// another client after each transaction. The driver must not prepare them either: the data source name then needs
	// default_query_exec_mode=exec with github.com/jackc/pgx/v5/stdlib, and interpolateParams=true with
	// github.com/go-sql-driver/mysql. A lookup takes about twice as long.
	Unprepared bool
}

// New makes a store over the host's database, which speaks the given dialect. Nil options mean all defaults. New does no
// I/O: the first use checks that [Store.Migrate] has been called, by this or by another process. A mistake in the
// arguments is [apitoken.ErrInvalid].
func New(db *sql.DB, d Dialect, opts *Options) (*Store, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	const what = "new store"
	if db == nil {
		return nil, failed(what, invalid("the database is nil"))
	}
	d, err := d.forTables(o.TablePrefix)
	if err != nil {
		return nil, failed(what, err)
	}
	s := &Store{
		db:         db,
		dialect:    d,
		unprepared: o.Unprepared,
		opening:    make(chan struct{}, 1),
		made:       time.Now(),
	}
	s.opening <- struct{}{}
	if d.oneWriter {
		s.turn = make(chan struct{}, 1)
		s.turn <- struct{}{}
	}
	return s, nil
}

// Close closes the statements that the store has prepared, each when the calls of it that are in flight have returned. The
// database stays open: it is the host's. After Close every method is an error. Close is idempotent.
func (s *Store) Close() error {
	<-s.opening
	defer func() { s.opening <- struct{}{} }()
	s.closed = true
	o := s.opened.Swap(nil)
	if o == nil {
		return nil
	}
	if err := o.close(); err != nil {
		return fmt.Errorf("sqlstore: close: %w", err)
	}
	return nil
}

var errClosed = errors.New("the store is closed")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", apitoken.ErrInvalid, fmt.Sprintf(format, args...))
}

// failed says what was attempted. Every error that is no answer of the contract is wrapped once, here.
func failed(what string, err error) error { return fmt.Errorf("sqlstore: %s: %w", what, err) }
