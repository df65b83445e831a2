package apitoken

import (
	"context"
	"errors"
	"iter"
	"time"
)

// PutUser provisions a user: call it at sign-in, or when the host's directory changes. It takes ID, Name and Role of u;
// an empty Role keeps the present one, and is [RoleUser] for a new user. Changing nothing writes nothing. A disabled user
// stays disabled. A u.Revision of zero replaces whatever was; any other is [ErrConflict] if the user has changed since.
//
// It needs [ManageUsers], and neither the present nor the new role may grant what the actor's does not. The errors are
// [ErrDenied], [ErrInvalid], [ErrConflict], [ErrUnavailable] and [ErrUncertain].
func (m *Manager) PutUser(ctx context.Context, actor Actor, u User) (User, error) {
	op, err := m.begin(ctx, ActionPutUser, actor, u.ID, TokenID{})
	if err != nil {
		return User{}, m.end(ctx, op, err)
	}
	put, err := m.putUser(ctx, op, u)
	return put, m.end(ctx, op, err)
}

func (m *Manager) putUser(ctx context.Context, op *operation, u User) (User, error) {
	if err := u.check(); err != nil {
		return User{}, err
	}
	if _, declared := m.roles[u.Role]; u.Role != "" && !declared {
		return User{}, invalid("role", "%.40q is not declared", u.Role)
	}
	return m.manageUser(ctx, op, func(was User) (User, error) {
		is := was
		if was.Revision == 0 {
			is = User{ID: u.ID, Role: RoleUser, CreatedAt: op.at}
		}
		is.Name = u.Name
		if u.Role != "" {
			is.Role = u.Role
		}
		if u.Revision != 0 && u.Revision != was.Revision {
			return is, ErrConflict
		}
		return is, nil
	})
}

// DisableUser ends all tokens of a user for good and refuses new ones, until he is enabled again. Disabling a disabled
// user changes nothing.
//
// It needs [ManageUsers], and the user's role may not grant what the actor's does not. Nothing keeps the last
// administrator from being disabled; the host can always act as [System]. The errors are [ErrDenied], [ErrNotFound],
// [ErrInvalid], [ErrUnavailable] and [ErrUncertain].
func (m *Manager) DisableUser(ctx context.Context, actor Actor, id UserID) error {
	return m.setDisabled(ctx, ActionDisableUser, actor, id, true)
}

// EnableUser lets a user have tokens again. It revives none. Permissions and errors are those of DisableUser.
func (m *Manager) EnableUser(ctx context.Context, actor Actor, id UserID) error {
	return m.setDisabled(ctx, ActionEnableUser, actor, id, false)
}

func (m *Manager) setDisabled(ctx context.Context, action Action, actor Actor, id UserID, disabled bool) error {
	op, err := m.begin(ctx, action, actor, id, TokenID{})
	if err != nil {
		return m.end(ctx, op, err)
	}
	if err := id.check("user id"); err != nil {
		return m.end(ctx, op, err)
	}
	_, err = m.manageUser(ctx, op, func(was User) (User, error) {
		is := was
		switch {
		case was.Revision == 0:
			return User{}, ErrNotFound
		case disabled && !was.Disabled():
			is.DisabledAt = op.at
			is.Epoch++
		case !disabled:
			is.DisabledAt = time.Time{}
		}
		return is, nil
	})
	return m.end(ctx, op, err)
}

// manageUser changes a user on behalf of somebody who manages users: neither what the user is nor what he is to be may
// grant more than the actor's own role.
func (m *Manager) manageUser(ctx context.Context, op *operation, change func(was User) (is User, err error)) (User, error) {
	if !op.may.Has(ManageUsers) {
		return User{}, m.deny(ctx, op, ErrDenied)
	}
	return m.changeUser(ctx, op, func(was User) (User, error) {
		is, err := change(was)
		if !op.may.Has(m.permissions(was.Role) | m.permissions(is.Role)) {
			return User{}, m.deny(ctx, op, ErrDenied)
		}
		return is, err
	})
}

// changeUser writes what change makes of the operation's user as he is now, the zero User if there is none. A change that
// changes nothing is not written.
func (m *Manager) changeUser(ctx context.Context, op *operation, change func(was User) (is User, err error)) (User, error) {
	var err error
	for range attempts {
		var was, is User
		was, err = m.store.User(ctx, op.owner)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return User{}, storeError(err)
		}
		is, err = change(was)
		if err != nil || is == was {
			return is, err
		}
		is.Revision++
		err = m.store.PutUser(ctx, is, was.Revision, op.changed(stateOfUser(was), stateOfUser(is)))
		if err == nil {
			return is, nil
		}
		if !errors.Is(err, ErrConflict) {
			break
		}
	}
	return User{}, storeError(err)
}

// User reads one user: oneself, or with [ManageUsers] anybody. A user that the actor may not know of is [ErrNotFound].
func (m *Manager) User(ctx context.Context, actor Actor, id UserID) (User, error) {
	op, err := m.begin(ctx, ActionReadUser, actor, id, TokenID{})
	if err != nil {
		return User{}, m.end(ctx, op, err)
	}
	u, err := m.user(ctx, op)
	return u, m.end(ctx, op, err)
}

func (m *Manager) user(ctx context.Context, op *operation) (User, error) {
	if err := op.owner.check("user id"); err != nil {
		return User{}, err
	}
	u, err := m.store.User(ctx, op.owner)
	if err != nil {
		return User{}, storeError(err)
	}
	if !op.own() && !op.may.Has(ManageUsers) {
		return User{}, m.deny(ctx, op, ErrNotFound)
	}
	return u, nil
}

// Permissions tells what an actor may at this moment, with the token that he uses if he does, so that a page can leave out
// what he may not. Of the permissions of this package it is no decision: every method decides for itself. Of the host's own it
// is the one that there is. An actor who is nobody is [ErrDenied]; the other error is [ErrUnavailable].
func (m *Manager) Permissions(ctx context.Context, actor Actor) (Permission, error) {
	op, err := m.begin(ctx, ActionReadUser, actor, actor.User, TokenID{})
	return op.may, m.end(ctx, op, err)
}

// ListUsers reads one page of users in the order of the bytes of their IDs. It needs [ManageUsers]. A page of fewer than
// q.Limit users is the last. The errors are [ErrDenied], [ErrInvalid] and [ErrUnavailable].
func (m *Manager) ListUsers(ctx context.Context, actor Actor, q UserQuery) ([]User, error) {
	op, err := m.begin(ctx, ActionListUsers, actor, "", TokenID{})
	if err != nil {
		return nil, m.end(ctx, op, err)
	}
	users, err := m.listUsers(ctx, op, q)
	return users, m.end(ctx, op, err)
}

func (m *Manager) listUsers(ctx context.Context, op *operation, q UserQuery) ([]User, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	limit, err := page(q.Limit)
	if err != nil {
		return nil, err
	}
	if !op.may.Has(ManageUsers) {
		return nil, m.deny(ctx, op, ErrDenied)
	}
	q.Limit = limit
	users, err := m.store.Users(ctx, q)
	return users, storeError(err)
}

// Users goes through all users that ListUsers would page through, q.Limit at a time. After an error it ends.
func (m *Manager) Users(ctx context.Context, actor Actor, q UserQuery) iter.Seq2[User, error] {
	return rows(q.Limit, func(last *User) ([]User, error) {
		q := q
		if last != nil {
			q.After = last.ID
		}
		return m.ListUsers(ctx, actor, q)
	})
}

func stateOfUser(u User) State {
	return State{Name: u.Name, Role: u.Role, DisabledAt: u.DisabledAt, Epoch: u.Epoch}
}
