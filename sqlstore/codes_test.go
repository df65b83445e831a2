package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// The errors of three drivers for SQLite, with the ways in which they expose their code.
type (
	intCode    int                            // a method that returns an int
	fieldCode  struct{ ExtendedCode ownType } // a field of its own type
	methodCode struct{ code ownCode }         // a method that returns its own type
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
			t.Errorf("%v is recognised without a code", err)
		}
	}
}

// stateError is an error of PostgreSQL in the form of all drivers.
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
			if got, want := sqlstore.PostgreSQL.IsKeyTaken(err), c.state == "23505"; got != want {
				t.Errorf("state %s: key taken: %v, want %v", c.state, got, want)
			}
			if sqlstore.PostgreSQL.IsDuplicateKey(err) {
				t.Errorf("SQLSTATE %q as %T is recognised as a duplicate key, but the transaction has failed", c.state, err)
			}
		}
	}
	for _, err := range []error{nil, errors.New("ERROR: deadlock detected (SQLSTATE 40P01)")} {
		if sqlstore.PostgreSQL.IsBusy(err) {
			t.Errorf("%v is recognised without a SQLSTATE", err)
		}
	}
}

// An error of a driver for MySQL, and errors of other types.
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
			t.Errorf("%T is recognised without a number of MySQL", err)
		}
	}
}

// MySQL has no IF NOT EXISTS in ALTER TABLE, and refuses a change that was made before.
func TestMySQLRefusalOfARepeatedSchemaChangeIsRecognised(t *testing.T) {
	for number, want := range map[uint16]bool{
		1060: true, // ER_DUP_FIELDNAME
		1061: true, // ER_DUP_KEYNAME
		1091: true, // ER_CANT_DROP_FIELD_OR_KEY
		1062: false, 1054: false, 1146: false, 1213: false, 0: false,
	} {
		err := fmt.Errorf("wrapped: %w", &numberError{Number: number})
		if got := sqlstore.MySQL.IsAlreadyApplied(err); got != want {
			t.Errorf("number %d: already applied: %v, want %v", number, got, want)
		}
		if sqlstore.SQLite.IsAlreadyApplied(err) || sqlstore.PostgreSQL.IsAlreadyApplied(err) {
			t.Errorf("number %d is recognised by a dialect without such a refusal", number)
		}
	}
}

// A lost statement is prepared again. If that fails and a pooler may be the cause, the error says so.
func TestLostStatementsAreRecognised(t *testing.T) {
	for _, c := range []struct {
		name         string
		dialect      sqlstore.Dialect
		err          error
		lost, pooler bool
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
		advised := c.dialect.WithPoolerAdvice(err)
		if got := strings.Contains(advised.Error(), "pooler"); got != c.pooler || !errors.Is(advised, c.err) {
			t.Errorf("%s: %v mentions a pooler: %v, want %v", c.name, advised, got, c.pooler)
		}
	}
}

// A database may be locked while the statements are prepared.
func TestPreparingIsRetriedWhileTheDatabaseIsLocked(t *testing.T) {
	store, _, fake := newFakeStore(t, sqlstore.SQLite)
	refusals := 0
	fake.prepare = func(text string) error {
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
