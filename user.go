package apitoken

import "time"

// UserID is the host's own identifier of a user: 1 to 128 bytes of printable UTF-8, compared byte by byte.
type UserID string

// User is the small record that the library keeps of each user of the host, so that it can decide who may do what and
// end a user's tokens at once. The host provisions it with [Manager.PutUser]; it is no login and has no password.
type User struct {
	ID         UserID
	Name       string // to show: at most 100 characters, may be empty
	Role       Role
	CreatedAt  time.Time
	DisabledAt time.Time // zero: active
	Epoch      int64     // raised by DisableUser and RevokeAll; a token of an earlier epoch is revoked
	Revision   int64     // raised by every change
}

// Disabled reports whether the user is disabled.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// UserQuery selects a page of users. The zero value selects the first page of all.
type UserQuery struct {
	Contains string // only users whose id or name contains this text, byte for byte
	After    UserID // continue behind this user; empty: from the start
	Limit    int    // users a page, 1 to 1,000; 0: 100
}

const (
	maxUserIDBytes   = 128
	maxUserNameRunes = 100
)

func (id UserID) check(field string) error {
	switch {
	case id == "":
		return invalid(field, "is empty")
	case len(id) > maxUserIDBytes:
		return invalid(field, "is %d bytes long, at most %d are allowed", len(id), maxUserIDBytes)
	}
	return checkVisible(field, string(id))
}

func (q UserQuery) check() error {
	if err := checkVisible("contains", q.Contains); err != nil {
		return err
	}
	if q.After == "" {
		return nil
	}
	return q.After.check("after")
}

func (u User) check() error {
	if err := u.ID.check("user id"); err != nil {
		return err
	}
	if u.Name == "" {
		return nil
	}
	return checkName("user name", u.Name, maxUserNameRunes)
}
