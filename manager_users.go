package apitoken

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
)

// PutUser provisions a user. Call it at sign-in, or when the host's directory changes. It takes ID, Name, Role, Service and
// Responsible of u. An empty Name or Role leaves the present one; a new user without a Role gets [RoleUser]. If nothing
// changes, nothing is written. A disabled user stays disabled.
//
// PutUser refuses no Name. It makes the text fit to be shown, and the returned User has the result:
//
//   - Control characters become spaces.
//   - Other invisible characters are removed, except those that scripts and emoji need.
//   - Invalid UTF-8 becomes U+FFFD.
//   - Spaces at either end are removed.
//   - A text of more than 100 characters is cut.
//
// The ID is kept byte by byte.
//
// A u.Revision of zero applies the change to the user as they are; any other is [ErrConflict] if the user is at another
// revision.
//
// Service makes the user a service account, an account that no person signs in to. Responsible is another user, not a service
// account, who answers for it. Without a Revision, a false Service and an empty Responsible leave what is there. With a
// Revision both are taken as they are: to make a person of a service account, read the user, clear both and put them back.
//
// It requires [ManageUsers], and neither the present nor the new role may grant a permission that the actor lacks. The
// errors are [ErrDenied], [ErrInvalid], [ErrConflict] only with a Revision, [ErrUnavailable] and [ErrUncertain].
func (m *Manager) PutUser(ctx context.Context, actor Actor, u User) (User, error) {
	op := &operation{action: ActionPutUser, actor: actor, owner: u.ID}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (User, error) { return m.putUser(ctx, op, u) })
}

func (m *Manager) putUser(ctx context.Context, op *operation, u User) (User, error) {
	u.ID = op.owner
	if err := u.ID.check("user id"); err != nil {
		return User{}, err
	}
	u.Name, u.Responsible = displayName(u.Name), m.canonical(u.Responsible)
	if err := u.checkResponsible(); err != nil {
		return User{}, err
	}
	if _, declared := m.roles[u.Role]; u.Role != "" && !declared {
		return User{}, invalid("role", "%s is not declared", quoted(string(u.Role)))
	}
	if why := op.require(ManageUsers); why != permitted {
		return User{}, m.deny(ctx, op, ErrDenied, why)
	}
	if u.Role != "" {
		if why := op.actOn(m.roles.requiredToActOn(u.Role)); why != permitted {
			return User{}, m.deny(ctx, op, ErrDenied, why)
		}
	}
	change := UserChange{
		Name: u.Name, Role: u.Role, Service: u.Service, Responsible: u.Responsible, ReplaceService: u.Revision != 0,
		IfRevision: u.Revision, IfRole: m.roles.reachableBy(op.authority),
	}
	err := ErrNotFound
	for range attempts {
		var facts *Facts
		facts, err = m.facts(ctx, op)
		if err != nil {
			return User{}, err
		}
		var is User
		switch {
		case facts.Owner != nil:
			is, err = m.changeUser(ctx, op, *facts.Owner, change)
		case u.Revision != 0:
			return User{}, ErrConflict
		default:
			is, err = m.createUser(ctx, op, u)
		}
		// Another caller created the user, or the row was deleted, between the read and the write: decide anew.
		if !errors.Is(err, ErrExists) && !errors.Is(err, ErrNotFound) {
			return is, err
		}
		op.facts = nil
	}
	return User{}, unavailable(err)
}

func (m *Manager) createUser(ctx context.Context, op *operation, u User) (User, error) {
	is := User{ID: u.ID, Name: u.Name, Role: u.Role, Service: u.Service, Responsible: u.Responsible, CreatedAt: op.at, Revision: 1}
	if is.Role == "" {
		is.Role = RoleUser
	}
	if why := op.actOn(m.roles.requiredToActOn(is.Role)); why != permitted {
		return User{}, m.deny(ctx, op, ErrDenied, why)
	}
	if err := m.checkService(ctx, User{}, is); err != nil {
		return User{}, err
	}
	is, err := m.store.CreateUser(ctx, is, op.changed(State{}, is.State()))
	return is, storeError(err)
}

// changeUser changes a user who was read before, if that changes anything.
func (m *Manager) changeUser(ctx context.Context, op *operation, was User, change UserChange) (User, error) {
	if why := op.actOn(m.roles.requiredToActOn(was.Role)); why != permitted {
		return User{}, m.deny(ctx, op, ErrDenied, why)
	}
	is, _, err := change.Apply(was, op.event(OutcomeDone))
	switch {
	case err != nil:
		return User{}, err
	case is == was:
		return is, nil
	}
	if err := m.checkService(ctx, was, is); err != nil {
		return User{}, err
	}
	change.Read = was
	is, err = m.store.ChangeUser(ctx, was.ID, change, op.event(OutcomeDone))
	if errors.Is(err, ErrConflict) && change.IfRevision == 0 {
		return User{}, m.deny(ctx, op, ErrDenied, targetStronger) // their role changed since it was read
	}
	return is, storeError(err)
}

// checkService refuses a user for whom the wrong user answers.
func (m *Manager) checkService(ctx context.Context, was, is User) error {
	const field = "responsible"
	if is.Responsible == "" {
		return nil
	}
	if !is.Service {
		return invalid(field, "is given for a person; only a service account has one")
	}
	if is.Responsible == was.Responsible {
		return nil
	}
	by, err := m.store.User(ctx, is.Responsible)
	switch {
	case errors.Is(err, ErrNotFound):
		return invalid(field, "is not a known user")
	case err != nil:
		return storeError(err)
	case by.Service:
		return invalid(field, "is a service account; a person has to answer for it")
	}
	return nil
}

// DisableUser revokes all tokens of a user for good, and refuses new ones until the user is enabled again. Disabling a
// disabled user changes nothing. Contention for the user's row may delay it and never makes it fail.
//
// It requires [ManageUsers], and the user's role may not grant a permission that the actor lacks. The last administrator
// may be disabled too; the host can always act as [System]. The errors are [ErrDenied], [ErrNotFound], [ErrInvalid],
// [ErrUnavailable] and [ErrUncertain]. [UserQuery.Responsible] lists the service accounts for which the user answers: name
// somebody else for them. An id that differs from that of a user in upper and lower case only is [ErrInvalid],
// so that offboarding under another spelling is noticed; see [Options.CanonicalUserID].
func (m *Manager) DisableUser(ctx context.Context, actor Actor, id UserID) error {
	return m.switchUser(ctx, &operation{action: ActionDisableUser, actor: actor, owner: id}, UserChange{Disable: true})
}

// EnableUser lets a user have tokens again. It revives none. Permissions and errors are those of DisableUser.
func (m *Manager) EnableUser(ctx context.Context, actor Actor, id UserID) error {
	return m.switchUser(ctx, &operation{action: ActionEnableUser, actor: actor, owner: id}, UserChange{Enable: true})
}

// SuspendUser refuses all tokens of a user, and new ones for the user, until [Manager.ResumeUser] is called. Then the tokens are as
// they were. It is for what may be an error, such as a directory that does not list the user for an hour; DisableUser is for
// good. Once it has returned, every [Manager.Authenticate] that starts later refuses the user's tokens with [ErrSuspended], on
// every replica. Suspending a suspended user changes nothing, and a disabled user may be suspended too.
//
// A replica of a build before this method does not know of it and accepts the tokens: update all replicas first. Permissions and
// errors are those of DisableUser.
func (m *Manager) SuspendUser(ctx context.Context, actor Actor, id UserID) error {
	return m.switchUser(ctx, &operation{action: ActionSuspendUser, actor: actor, owner: id}, UserChange{Suspend: true})
}

// ResumeUser accepts the tokens of a suspended user again, except those that were revoked or have expired. A user who is disabled
// stays disabled. Permissions and errors are those of DisableUser.
func (m *Manager) ResumeUser(ctx context.Context, actor Actor, id UserID) error {
	return m.switchUser(ctx, &operation{action: ActionResumeUser, actor: actor, owner: id}, UserChange{Resume: true})
}

// switchUser disables, enables, suspends or resumes a user.
func (m *Manager) switchUser(ctx context.Context, op *operation, change UserChange) error {
	_, err := decide(ctx, m, op, func(ctx context.Context, op *operation) (User, error) {
		if err := op.owner.check("user id"); err != nil {
			return User{}, err
		}
		if why := op.require(ManageUsers); why != permitted {
			return User{}, m.deny(ctx, op, ErrDenied, why)
		}
		change.IfRole, change.Read = m.roles.reachableBy(op.authority), op.readOwner()
		u, err := m.store.ChangeUser(ctx, op.owner, change, op.event(OutcomeDone))
		switch {
		case errors.Is(err, ErrConflict): // the only condition is the role
			return User{}, m.deny(ctx, op, ErrDenied, targetStronger)
		case errors.Is(err, ErrNotFound):
			return User{}, m.absent(ctx, op)
		}
		return u, storeError(err)
	})
	return err
}

// absent returns the error for revoking the tokens of, disabling or enabling an unknown user. If the id of a known user differs
// in upper and lower case only, the error is ErrInvalid and names that user: the host's directory probably takes both spellings
// for the same person, whose tokens would stay valid.
func (m *Manager) absent(ctx context.Context, op *operation) error {
	if m.canonicalID != nil || op.require(ManageUsers) != permitted {
		return ErrNotFound
	}
	users := rows(maxPage, func(last *User) ([]User, error) {
		q := UserQuery{Limit: maxPage}
		if last != nil {
			q.After = last.ID
		}
		return m.store.Users(ctx, q)
	})
	for u, err := range users {
		if err != nil {
			return storeError(err)
		}
		if strings.EqualFold(string(u.ID), string(op.owner)) {
			return invalid("user id", "%q is not known, but %q is; ids are compared byte by byte unless Options.CanonicalUserID says otherwise",
				op.owner, u.ID)
		}
	}
	return ErrNotFound
}

// User returns one user: the actor themselves, or with [ManageUsers] any user. A user that the actor may not know of is
// [ErrNotFound].
func (m *Manager) User(ctx context.Context, actor Actor, id UserID) (User, error) {
	return decide(ctx, m, &operation{action: ActionReadUser, actor: actor, owner: id}, m.user)
}

func (m *Manager) user(ctx context.Context, op *operation) (User, error) {
	if err := op.owner.check("user id"); err != nil {
		return User{}, err
	}
	if why := op.reachAll(op.owner, ManageUsers); why != permitted {
		return User{}, m.deny(ctx, op, ErrNotFound, why)
	}
	facts, err := m.facts(ctx, op)
	switch {
	case err != nil:
		return User{}, err
	case facts.Owner == nil:
		return User{}, ErrNotFound
	}
	return *facts.Owner, nil
}

// Permissions returns what an actor holds at this moment, as far as the token in use carries it. Pages use it to leave out
// what would be denied; every method of this package decides for itself. For the host's own permissions it is the decision.
// An actor who is not known or no longer authenticates is [ErrDenied]; the other error is [ErrUnavailable].
func (m *Manager) Permissions(ctx context.Context, actor Actor) (Permission, error) {
	op := &operation{action: ActionReadUser, actor: actor, owner: actor.User}
	return decide(ctx, m, op, func(_ context.Context, op *operation) (Permission, error) { return op.may, nil })
}

// ListUsers returns one page of users, ordered by the bytes of their IDs. It requires [ManageUsers]. A page of fewer than
// q.Limit users is the last. The errors are [ErrDenied], [ErrInvalid] and [ErrUnavailable].
func (m *Manager) ListUsers(ctx context.Context, actor Actor, q UserQuery) ([]User, error) {
	op := &operation{action: ActionListUsers, actor: actor}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) ([]User, error) { return m.listUsers(ctx, op, q) })
}

func (m *Manager) listUsers(ctx context.Context, op *operation, q UserQuery) ([]User, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	limit, err := page(q.Limit)
	if err != nil {
		return nil, err
	}
	if why := op.require(ManageUsers); why != permitted {
		return nil, m.deny(ctx, op, ErrDenied, why)
	}
	q.Limit = limit
	q.Responsible = m.canonical(q.Responsible)
	q.IDs = slices.Clone(q.IDs)
	for i, id := range q.IDs {
		q.IDs[i] = m.canonical(id)
	}
	users, err := m.store.Users(ctx, q)
	return users, storeError(err)
}

// Users iterates over the users of all pages of ListUsers, reading q.Limit at a time. It stops after an error.
func (m *Manager) Users(ctx context.Context, actor Actor, q UserQuery) iter.Seq2[User, error] {
	return rows(q.Limit, func(last *User) ([]User, error) {
		q := q
		if last != nil {
			q.After = last.ID
		}
		return m.ListUsers(ctx, actor, q)
	})
}
