package sqlstore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// What a column holds and what Go holds differ for times, identifiers and states. The types below read a column straight
// into the field that it is for: a *time.Time is scanned as the *timeColumn that it converts to, without a copy and
// without an allocation.

// timeColumn reads Unix microseconds; NULL is the zero time.
type timeColumn time.Time

// Scan implements [sql.Scanner].
func (t *timeColumn) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = timeColumn{}
	case int64:
		*t = timeColumn(time.UnixMicro(v).UTC())
	default:
		return fmt.Errorf("a time is stored as %T, not as an integer", src)
	}
	return nil
}

// timeArg is what timeColumn reads.
func timeArg(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// idColumn reads the 16 bytes of a UUID; NULL is the zero one.
type idColumn [16]byte

// Scan implements [sql.Scanner].
func (id *idColumn) Scan(src any) error { return scanBytes(id[:], src) }

// idArg is what idColumn reads.
func idArg(id [16]byte) any {
	if id == ([16]byte{}) {
		return nil
	}
	return id[:]
}

// digestColumn reads the bytes of a digest.
type digestColumn apitoken.Digest

// Scan implements [sql.Scanner].
func (d *digestColumn) Scan(src any) error { return scanBytes(d[:], src) }

func scanBytes(dst []byte, src any) error {
	switch v := src.(type) {
	case nil:
		clear(dst)
	case []byte:
		if len(v) != len(dst) {
			return fmt.Errorf("%d bytes are stored where %d belong", len(v), len(dst))
		}
		copy(dst, v)
	default:
		return fmt.Errorf("bytes are stored as %T", src)
	}
	return nil
}

// stateColumn reads the JSON of a state; NULL is the zero one.
type stateColumn apitoken.State

// Scan implements [sql.Scanner].
func (s *stateColumn) Scan(src any) error {
	*s = stateColumn{}
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), (*apitoken.State)(s))
	case []byte:
		return json.Unmarshal(v, (*apitoken.State)(s))
	}
	return fmt.Errorf("a state is stored as %T", src)
}

// stateArg is what stateColumn reads.
func stateArg(s apitoken.State) (any, error) {
	if s == (apitoken.State{}) {
		return nil, nil
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// tokenInto is where the columns of a token go, in the order in which the queries name them.
func tokenInto(t *apitoken.Token) []any {
	return append(make([]any, 0, 21), // enough for a record
		(*idColumn)(&t.ID),
		(*string)(&t.Owner),
		&t.Name,
		(*string)(&t.Kind),
		(*timeColumn)(&t.CreatedAt),
		(*timeColumn)(&t.ExpiresAt),
		(*string)(&t.CreatedBy),
		(*idColumn)(&t.CreatedWith),
		(*timeColumn)(&t.LastUsedAt),
		(*timeColumn)(&t.RevokedAt),
		(*string)(&t.RevokedBy),
		&t.Hint,
		&t.Resource,
	)
}

// recordInto is where the columns of a record go. The owner's id is one of the token's columns; see scanRecord.
func recordInto(r *apitoken.Record) []any {
	return append(tokenInto(&r.Token),
		(*digestColumn)(&r.Digest),
		&r.Epoch,
		&r.User.Name,
		(*string)(&r.User.Role),
		(*timeColumn)(&r.User.CreatedAt),
		(*timeColumn)(&r.User.DisabledAt),
		&r.User.Epoch,
		&r.User.Revision,
	)
}

// scanRecord reads the one record that a query answers. None is [apitoken.ErrNotFound].
func scanRecord(row *sql.Row) (*apitoken.Record, error) {
	r := new(apitoken.Record)
	if err := row.Scan(recordInto(r)...); err != nil {
		return nil, missing(err)
	}
	r.User.ID = r.Token.Owner
	return r, nil
}

// userInto is where the columns of a user go.
func userInto(u *apitoken.User) []any {
	return []any{
		(*string)(&u.ID),
		&u.Name,
		(*string)(&u.Role),
		(*timeColumn)(&u.CreatedAt),
		(*timeColumn)(&u.DisabledAt),
		&u.Epoch,
		&u.Revision,
	}
}

// eventInto is where the columns of an event go.
func eventInto(e *apitoken.Event) []any {
	return []any{
		(*int64)(&e.Seq),
		(*idColumn)(&e.ID),
		(*timeColumn)(&e.At),
		(*string)(&e.Action),
		(*string)(&e.Outcome),
		(*string)(&e.Actor.Kind),
		(*string)(&e.Actor.User),
		(*idColumn)(&e.Actor.Token),
		(*string)(&e.Owner),
		(*idColumn)(&e.Token),
		(*stateColumn)(&e.Before),
		(*stateColumn)(&e.After),
		&e.Reason,
		&e.Count,
		(*timeColumn)(&e.FirstAt),
		&e.Actor.Origin.Address,
		&e.Actor.Origin.UserAgent,
		&e.Actor.Origin.RequestID,
	}
}

// missing makes ErrNotFound of a query that answered no row.
func missing(err error) error {
	if err == sql.ErrNoRows {
		return apitoken.ErrNotFound
	}
	return err
}

// scanAll reads the rows that a query answers, each into a T.
func scanAll[T any](rows *sql.Rows, into func(*T) []any) (all []T, err error) {
	defer func() { _ = rows.Close() }() // its error, if any, is that of Err
	for rows.Next() {
		var one T
		if err := rows.Scan(into(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
