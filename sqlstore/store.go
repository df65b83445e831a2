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
	_ apitoken.NoticeStore  = (*Store)(nil)
)

// Store is an [apitoken.Store] in a database. Use [New]. All methods are safe for concurrent use.
type Store struct {
	operations

	db         *sql.DB
	pool       querier // db
	dialect    Dialect // with the store's own table prefix
	unprepared bool

	prepared atomic.Pointer[preparedStatements] // nil until the first use, and after Close
	openTurn chan struct{}                      // holds one value unless a call opens or closes the store
	closed   bool                               // guarded by openTurn

	createdAt  time.Time
	lastLookup lookupTime // in a local database

	writeTurn chan struct{} // holds one value unless a call writes; nil: calls write at the same time
}

// Options configure a [Store]. The zero value of each field is its default.
type Options struct {
	// TablePrefix begins the name of every table and index: 1 to 30 lower-case letters, digits and underscores, not a digit
	// first. Empty: "apitoken_". Stores with different prefixes in one database are independent.
	TablePrefix string

	// Unprepared sends queries as text instead of preparing them. It is for connection poolers that hand a connection to
	// another client after each transaction. The driver must not prepare them either: [PostgreSQL] and [MySQL] have the data
	// source names for that. A lookup takes about twice as long.
	//
	// It is also for a database over a pool of pgx (stdlib.OpenDBFromPool), where pgx prepares by itself and a lookup is faster
	// with it: database/sql closes its own statements whenever the pool takes a connection back.
	Unprepared bool
}

// New returns a store in the host's database, which has the given dialect. Nil options mean all defaults. New does no I/O:
// the first use checks that [Store.Migrate] has been called, by this or another process. [apitoken.ErrInvalid]: db is nil, d
// is not a dialect of this package, or the table prefix is not valid.
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
		pool:       overSQL{db},
		dialect:    d,
		unprepared: o.Unprepared,
		openTurn:   make(chan struct{}, 1),
		createdAt:  time.Now(),
	}
	s.operations = operations{s}
	s.openTurn <- struct{}{}
	if d.oneWriter {
		s.writeTurn = make(chan struct{}, 1)
		s.writeTurn <- struct{}{}
	}
	return s, nil
}

// Close closes the prepared statements, each after its calls in flight have returned. It does not wait for them and leaves
// the host's database open. After Close every method returns an error. Close is idempotent.
func (s *Store) Close() error {
	<-s.openTurn
	defer func() { s.openTurn <- struct{}{} }()
	s.closed = true
	p := s.prepared.Swap(nil)
	if p == nil {
		return nil
	}
	if err := p.close(); err != nil {
		return fmt.Errorf("sqlstore: close: %w", err)
	}
	return nil
}

var errClosed = errors.New("the store is closed")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", apitoken.ErrInvalid, fmt.Sprintf(format, args...))
}

// failed wraps an error that the contract does not name with what was attempted. Every such error is wrapped once, here.
func failed(what string, err error) error { return fmt.Errorf("sqlstore: %s: %w", what, err) }
