package apitoken

import (
	"slices"
	"time"
)

// UserID is the host's own identifier of a user: 1 to 255 bytes of printable UTF-8, compared byte by byte. A host whose
// directory ignores case, for example, sets [Options.CanonicalUserID].
type UserID string

// User is the small record that the library keeps of each user of the host. By it the Manager decides what the user may do,
// and revokes all of their tokens at once. The host provisions it with [Manager.PutUser]. It is not a login and has no
// password.
type User struct {
	ID          UserID
	Name        string // to show: at most 100 characters, may be empty; PutUser makes any text fit
	Role        Role
	CreatedAt   time.Time
	DisabledAt  time.Time // zero: not disabled
	SuspendedAt time.Time // zero: not suspended
	Service     bool      // an account that no person signs in to
	Responsible UserID    // who answers for a service account; empty: nobody
	Epoch       int64     // raised by DisableUser and RevokeAll; a token of an earlier epoch is revoked
	Revision    int64     // raised by every change
}

// Disabled reports whether the user is disabled.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// Suspended reports whether the user is suspended.
func (u User) Suspended() bool { return !u.SuspendedAt.IsZero() }

// mayGetTokens refuses new tokens for a user who is disabled or suspended.
func (u User) mayGetTokens() error {
	switch {
	case u.Disabled():
		return ErrUserDisabled
	case u.Suspended():
		return ErrSuspended
	}
	return nil
}

// State returns what an event records about the user.
func (u User) State() State {
	return State{
		Name: u.Name, Role: u.Role, DisabledAt: u.DisabledAt, SuspendedAt: u.SuspendedAt, Service: u.Service, Responsible: u.Responsible,
		Epoch: u.Epoch,
	}
}

// UserChange says what to change about a user, and the conditions under which the change still holds. It is for
// [Store.ChangeUser]. What it does not mention stays as it is.
type UserChange struct {
	Name     string // the new name; empty: it stays
	Role     Role   // the new role; empty: it stays
	EndEpoch bool   // revoke every token of the present epoch
	Disable  bool   // disable the user at the event's time, and revoke every token; a disabled user stays as they are
	Enable   bool   // enable the user; it is not combined with Disable
	Suspend  bool   // suspend the user at the event's time; a suspended user stays as they are
	Resume   bool   // resume the user; it is not combined with Suspend

	Service     bool   // make the user a service account; false: as before, unless ReplaceService
	Responsible UserID // who answers for it; empty: as before, unless ReplaceService

	// ReplaceService takes Service and Responsible as they are, also if false and empty.
	ReplaceService bool

	IfRole     []Role // the user's role is one of these; nil: any role; empty but not nil: no role
	IfRevision int64  // the user is at this revision; 0: any

	// Read is the user as the caller has read them, perhaps some time ago. A store may try the change on it before it reads the
	// user itself. The zero User: not read.
	Read User
}

// Apply returns the user after the change, at the next Revision, and the event with Before and After filled in. It takes the
// time of the change from e.At. If the change alters nothing, Apply returns the user as they were, Revision included. If a
// condition does not hold, the error is ErrConflict.
//
// Every [Store] calls Apply for the new row, so all stores change a user in the same way.
func (c UserChange) Apply(was User, e Event) (User, Event, error) {
	if c.IfRole != nil && !slices.Contains(c.IfRole, was.Role) || c.IfRevision != 0 && c.IfRevision != was.Revision {
		return was, e, ErrConflict
	}
	is := was
	if c.Name != "" {
		is.Name = c.Name
	}
	if c.Role != "" {
		is.Role = c.Role
	}
	if c.Service || c.ReplaceService {
		is.Service = c.Service
	}
	if c.Responsible != "" || c.ReplaceService {
		is.Responsible = c.Responsible
	}
	switch {
	case c.Disable && !was.Disabled():
		is.DisabledAt = e.At
		is.Epoch++
	case c.EndEpoch:
		is.Epoch++
	case c.Enable:
		is.DisabledAt = time.Time{}
	}
	switch {
	case c.Suspend && !was.Suspended():
		is.SuspendedAt = e.At
	case c.Resume:
		is.SuspendedAt = time.Time{}
	}
	if is != was {
		is.Revision++
	}
	e.Before, e.After = was.State(), is.State()
	return is, e, nil
}

// UserQuery selects a page of users. The zero value selects the first page of all.
type UserQuery struct {
	IDs         []UserID // only these users, at most 1,000; nil: all
	Contains    string   // only users whose id or name contains this text, byte for byte
	Responsible UserID   // only service accounts for which this user answers; empty: all users
	After       UserID   // the cursor: only users after this one, by ID; empty: from the first
	Limit       int      // users per page, 1 to 1,000; 0: 100
}

const maxUserIDBytes = 255 // as long as a subject of OpenID Connect

func (id UserID) check(field string) error {
	switch {
	case id == "":
		return invalid(field, "is empty")
	case len(id) > maxUserIDBytes:
		return invalid(field, "is %d bytes long, at most %d are allowed", len(id), maxUserIDBytes)
	}
	return checkVisible(field, string(id))
}

// checkResponsible checks what needs no other user.
func (u User) checkResponsible() error {
	const field = "responsible"
	switch u.Responsible {
	case "":
		return nil
	case u.ID:
		return invalid(field, "is the account itself")
	}
	return u.Responsible.check(field)
}

func (q UserQuery) check() error {
	if n := len(q.IDs); n > maxPage {
		return invalid("ids", "are %d, at most %d are allowed", n, maxPage)
	}
	for _, id := range q.IDs {
		if err := id.check("ids"); err != nil {
			return err
		}
	}
	if err := checkVisible("contains", q.Contains); err != nil {
		return err
	}
	if q.Responsible != "" {
		if err := q.Responsible.check("responsible"); err != nil {
			return err
		}
	}
	if q.After == "" {
		return nil
	}
	return q.After.check("after")
}
