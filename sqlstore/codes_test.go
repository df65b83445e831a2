package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// The errors of three drivers for SQLite, as far as they tell their code.
type (
	intCode    int                            // a method that gives an int
	fieldCode  struct{ ExtendedCode ownType } // a field of a type of its own
	methodCode struct{ code ownCode }         // a method that gives a type of its own
	noCode     struct{ ExtendedCode string }
	ownType    int
	ownCode    uint16
)

func (e intCode) Error() string             { return "error" }
func (e intCode) Code() int                 { return int(e) }
func (e fieldCode) Error() string           { return "error" }
func (e *methodCode) Error() string         { return "error" }
func (e *methodCode) ExtendedCode() ownCode { return e.code }
func (e noCode) Error() string              { return "database is locked" }

func TestSQLiteErrorsAreRecognisedByTheirCode(t *testing.T) {
	for _, c := range []struct {
		code            int
		busy, duplicate bool
	}{
		{1, false, false},
		{5, true, false},     // SQLITE_BUSY
		{517, true, false},   // SQLITE_BUSY_SNAPSHOT
		{261, true, false},   // SQLITE_BUSY_RECOVERY
		{6, true, false},     // SQLITE_LOCKED
		{262, true, false},   // SQLITE_LOCKED_SHAREDCACHE
		{8, false, false},    // SQLITE_READONLY
		{10, false, false},   // SQLITE_IOERR
		{13, false, false},   // SQLITE_FULL
		{1555, false, true},  // SQLITE_CONSTRAINT_PRIMARYKEY
		{2067, false, true},  // SQLITE_CONSTRAINT_UNIQUE
		{275, false, false},  // SQLITE_CONSTRAINT_CHECK
		{787, false, false},  // SQLITE_CONSTRAINT_FOREIGNKEY
		{1299, false, false}, // SQLITE_CONSTRAINT_NOTNULL
	} {
		for _, err := range []error{
			intCode(c.code),
			fieldCode{ownType(c.code)},
			&fieldCode{ownType(c.code)},
			&methodCode{ownCode(c.code)},
			fmt.Errorf("wrapped: %w", fmt.Errorf("twice: %w", intCode(c.code))),
			errors.Join(errors.New("another"), fmt.Errorf("wrapped: %w", intCode(c.code))),
		} {
			if got := sqlstore.SQLite.IsBusy(err); got != c.busy {
				t.Errorf("code %d as %T: busy: %v, want %v", c.code, err, got, c.busy)
			}
			if got := sqlstore.SQLite.IsDuplicateKey(err); got != c.duplicate {
				t.Errorf("code %d as %T: duplicate: %v, want %v", c.code, err, got, c.duplicate)
			}
		}
	}
	for _, err := range []error{nil, errors.New("database is locked (5) (SQLITE_BUSY)"), noCode{"5"}} {
		if sqlstore.SQLite.IsBusy(err) || sqlstore.SQLite.IsDuplicateKey(err) {
			t.Errorf("%v, which tells no code, is recognised", err)
		}
	}
}

// stateError is an error of PostgreSQL, as all drivers have it.
type stateError string

func (e stateError) Error() string    { return "error" }
func (e stateError) SQLState() string { return string(e) }

func TestPostgreSQLErrorsAreRecognisedByTheirSQLState(t *testing.T) {
	for _, c := range []struct {
		state string
		busy  bool
	}{
		{"40001", true}, // serialization_failure
		{"40P01", true}, // deadlock_detected
		{"55P03", true}, // lock_not_available
		{"", false},
		{"23505", false}, // unique_violation
		{"40003", false}, // statement_completion_unknown
		{"57014", false}, // query_canceled
		{"57P01", false}, // admin_shutdown
	} {
		for _, err := range []error{
			stateError(c.state),
			fmt.Errorf("wrapped: %w", fmt.Errorf("twice: %w", stateError(c.state))),
			errors.Join(errors.New("another"), fmt.Errorf("wrapped: %w", stateError(c.state))),
		} {
			if got := sqlstore.PostgreSQL.IsBusy(err); got != c.busy {
				t.Errorf("SQLSTATE %q as %T: busy: %v, want %v", c.state, err, got, c.busy)
			}
			if sqlstore.PostgreSQL.IsDuplicateKey(err) {
				t.Errorf("SQLSTATE %q as %T is a duplicate, after which the transaction could not go on", c.state, err)
			}
		}
	}
	for _, err := range []error{nil, errors.New("ERROR: deadlock detected (SQLSTATE 40P01)")} {
		if sqlstore.PostgreSQL.IsBusy(err) {
			t.Errorf("%v, which tells no SQLSTATE, is recognised", err)
		}
	}
}

// The errors of a driver for MySQL, and some that are none.
type (
	numberError struct {
		Number  uint16
		Message string
	}
	wideNumber struct{ Number int }
	bareNumber uint16
)

func (e numberError) Error() string { return "error" }
func (e wideNumber) Error() string  { return "error" }
func (e bareNumber) Error() string  { return "error" }

func TestMySQLErrorsAreRecognisedByTheirNumber(t *testing.T) {
	for _, c := range []struct {
		number          uint16
		busy, duplicate bool
	}{
		{1213, true, false}, // ER_LOCK_DEADLOCK
		{1205, true, false}, // ER_LOCK_WAIT_TIMEOUT
		{1020, true, false}, // ER_CHECKREAD
		{3101, true, false}, // ER_TRANSACTION_ROLLBACK_DURING_COMMIT
		{1062, false, true}, // ER_DUP_ENTRY
		{0, false, false},
		{1048, false, false}, // ER_BAD_NULL_ERROR
		{1180, false, false}, // ER_ERROR_DURING_COMMIT
		{4025, false, false}, // ER_CONSTRAINT_FAILED
	} {
		for _, err := range []error{
			numberError{Number: c.number},
			&numberError{Number: c.number},
			fmt.Errorf("wrapped: %w", fmt.Errorf("twice: %w", &numberError{Number: c.number})),
			errors.Join(errors.New("another"), fmt.Errorf("wrapped: %w", &numberError{Number: c.number})),
		} {
			if got := sqlstore.MySQL.IsBusy(err); got != c.busy {
				t.Errorf("number %d as %T: busy: %v, want %v", c.number, err, got, c.busy)
			}
			if got := sqlstore.MySQL.IsDuplicateKey(err); got != c.duplicate {
				t.Errorf("number %d as %T: duplicate: %v, want %v", c.number, err, got, c.duplicate)
			}
		}
	}
	for _, err := range []error{
		nil, errors.New("Error 1213 (40001): Deadlock found"), (*numberError)(nil), wideNumber{1213}, bareNumber(1213),
	} {
		if sqlstore.MySQL.IsBusy(err) || sqlstore.MySQL.IsDuplicateKey(err) {
			t.Errorf("%T, which tells no number of MySQL, is recognised", err)
		}
	}
}

// MySQL has no word for "if it is not there" where a table is altered, and refuses what was altered before.
func TestMySQLRefusesWhatWasMadeBefore(t *testing.T) {
	for number, want := range map[uint16]bool{
		1060: true, // ER_DUP_FIELDNAME
		1061: true, // ER_DUP_KEYNAME
		1091: true, // ER_CANT_DROP_FIELD_OR_KEY
		1062: false, 1054: false, 1146: false, 1213: false, 0: false,
	} {
		err := fmt.Errorf("wrapped: %w", &numberError{Number: number})
		if got := sqlstore.MySQL.IsAlreadyApplied(err); got != want {
			t.Errorf("number %d: made before: %v, want %v", number, got, want)
		}
		if sqlstore.SQLite.IsAlreadyApplied(err) || sqlstore.PostgreSQL.IsAlreadyApplied(err) {
			t.Errorf("number %d is recognised where there is no such refusal", number)
		}
	}
}

// A statement that was lost is prepared anew. One that a pooler may have lost says so if that is of no use.
func TestLostStatementsAreRecognised(t *testing.T) {
	for _, c := range []struct {
		name         string
		dialect      sqlstore.Dialect
		err          error
		lost, pooled bool
	}{
		{"invalid_sql_statement_name", sqlstore.PostgreSQL, stateError("26000"), true, true},
		{"cached plan must not change result type", sqlstore.PostgreSQL, stateError("0A000"), true, false},
		{"duplicate_prepared_statement", sqlstore.PostgreSQL, stateError("42P05"), false, true},
		{"undefined_table", sqlstore.PostgreSQL, stateError("42P01"), false, false},
		{"serialization_failure", sqlstore.PostgreSQL, stateError("40001"), false, false},
		{"ER_UNKNOWN_STMT_HANDLER", sqlstore.MySQL, &numberError{Number: 1243}, true, true},
		{"ER_NEED_REPREPARE", sqlstore.MySQL, &numberError{Number: 1615}, true, false},
		{"ER_NO_SUCH_TABLE", sqlstore.MySQL, &numberError{Number: 1146}, false, false},
		{"SQLITE_SCHEMA", sqlstore.SQLite, intCode(17), false, false},
		{"no code", sqlstore.PostgreSQL, errors.New("SQLSTATE 26000"), false, false},
	} {
		err := fmt.Errorf("wrapped: %w", c.err)
		if got := c.dialect.IsStatementLost(err); got != c.lost {
			t.Errorf("%s: lost: %v, want %v", c.name, got, c.lost)
		}
		explained := c.dialect.WithPoolerAdvice(err)
		if got := strings.Contains(explained.Error(), "pooler"); got != c.pooled || !errors.Is(explained, c.err) {
			t.Errorf("%s: %v names a pooler: %v, want %v", c.name, explained, got, c.pooled)
		}
	}
}

// A database may be locked when the statements are prepared as well.
func TestALockedDatabaseIsPreparedAgain(t *testing.T) {
	db, paper := openPaper(t)
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range store.Queries() {
		switch q.Name {
		case "findVersions":
			paper.answer(q.Text, int64(1))
		case "lastVersion":
			paper.answer(q.Text, newest(t, store))
		case "readPolicy":
			paper.answer(q.Text, int64(0), nil, "", int64(0))
		}
	}
	refusals := 0
	paper.prepare = func(text string) error {
		if refusals == 3 {
			return nil
		}
		refusals++
		return intCode(5)
	}
	if _, err := store.Policy(context.Background()); err != nil || refusals != 3 {
		t.Errorf("after %d refusals: error %v, want success after 3", refusals, err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
