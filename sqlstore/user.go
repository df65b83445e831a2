package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// CreateUser implements [apitoken.Store].
func (o operations) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (created apitoken.User, err error) {
	const what = "create a user"
	err = errOutpaced
	if o.has(createUserAtOnce) {
		err = o.changeAtOnce(ctx, what, func(ctx context.Context, tx session) (err error) {
			created, err = tx.createUserAtOnce(ctx, u, e)
			return err
		})
	}
	if errors.Is(err, errOutpaced) {
		err = o.change(ctx, what, func(ctx context.Context, tx session) (err error) {
			created, err = tx.createUser(ctx, u, e)
			return err
		})
	}
	if err != nil {
		return apitoken.User{}, err
	}
	return created, nil
}

// createUserAtOnce creates a user whose ID was never in use. It returns errOutpaced if it was.
func (s session) createUserAtOnce(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	u.Epoch, u.Revision = 0, 1
	e.After = u.State()
	event, err := eventArgs(e)
	if err != nil {
		return u, err
	}
	args := append(userArgs(u), event...)
	for range maxPaces {
		var created, recorded bool
		err := s.write(ctx, createUserAtOnce, args, &created, &recorded)
		switch {
		case err != nil || created:
			return u, err
		case recorded:
			if err := s.row(ctx, readUser, string(u.ID)).Scan(userFields(&u)...); err != nil {
				return u, notFoundIfNoRows(err)
			}
			return u, errAlreadyStored
		}
	}
	return u, errOutpaced
}

func (s session) createUser(ctx context.Context, u apitoken.User, e apitoken.Event) (created apitoken.User, err error) {
	id := string(u.ID)
	if s.dialect.has(insertNewUser) { // which need not be read afterwards
		u.Epoch, u.Revision = 0, 1
		inserted, err := s.insert(ctx, insertNewUser, append(userArgs(u), id, id)...)
		if err != nil {
			return created, err
		}
		if inserted {
			e.After = u.State()
			return u, s.record(ctx, e)
		}
	}
	inserted, err := s.insert(ctx, insertUser, id, u.Name, string(u.Role), timeArg(u.CreatedAt), timeArg(u.DisabledAt),
		timeArg(u.SuspendedAt), flagArg(u.Service), string(u.Responsible), id, id)
	if err != nil {
		return created, err
	}
	if !inserted {
		recorded, err := s.recorded(ctx, e)
		if err == nil && !recorded {
			err = apitoken.ErrExists
		}
		if err != nil {
			return created, err
		}
	}
	if err := s.row(ctx, readUser, id).Scan(userFields(&created)...); err != nil {
		return created, notFoundIfNoRows(err)
	}
	if !inserted {
		return created, errAlreadyStored
	}
	if err := s.endLeftoverEpochs(ctx, created, e); err != nil {
		return created, err
	}
	e.After = created.State()
	return created, s.record(ctx, e)
}

// endLeftoverEpochs ends what is left of a deleted row with the same ID: the epochs of all its tokens, and its last epoch. The
// tokens then count as revoked besides failing to authenticate.
func (s session) endLeftoverEpochs(ctx context.Context, u apitoken.User, e apitoken.Event) error {
	if u.Epoch == 0 {
		return nil
	}
	if _, err := s.insert(ctx, endEpoch, string(u.ID), u.Epoch, timeArg(e.At), string(e.Actor.User)); err != nil {
		return err
	}
	_, err := s.exec(ctx, endLeftoverEpochs, timeArg(e.At), string(e.Actor.User), string(u.ID))
	return err
}

// ChangeUser implements [apitoken.Store].
func (o operations) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (changed apitoken.User, err error) {
	const what = "change a user"
	err = errOutpaced
	if o.has(updateUserAtOnce) {
		err = o.changeAtOnce(ctx, what, func(ctx context.Context, tx session) (err error) {
			changed, err = tx.changeUserAtOnce(ctx, id, c, e)
			return err
		})
	}
	if errors.Is(err, errOutpaced) {
		err = o.changeLocked(ctx, what, func(ctx context.Context, tx session) (err error) {
			changed, err = tx.changeUser(ctx, id, c, e)
			return err
		})
	}
	if err != nil {
		return apitoken.User{}, err
	}
	return changed, nil
}

// changeUserAtOnce reads the user, and writes the change if the user is as they were read. It returns errOutpaced if others
// change the user faster. An earlier try of the same change was made from the same row: either its event is found, or it is too
// late for it.
func (s session) changeUserAtOnce(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (before apitoken.User, err error) {
	if is, updated, err := s.updateRead(ctx, id, c, e); err != nil || updated {
		return is, err
	}
	for range maxPaces {
		var recorded bool
		err := s.row(ctx, readUserAndEvent, e.ID[:], string(id)).Scan(append(userFields(&before), &recorded)...)
		switch {
		case err != nil:
			return before, notFoundIfNoRows(err)
		case recorded:
			return before, errAlreadyStored
		}
		after, e, conflict := c.Apply(before, e)
		switch {
		case conflict != nil:
			return before, conflict
		case after == before:
			return before, s.confirmUnchanged(ctx)
		}
		updated, err := s.updateUserAtOnce(ctx, before, after, e)
		if err != nil || updated {
			return after, err
		}
	}
	return before, errOutpaced
}

// updateRead tries a change on the user as the caller has read them. The row decides: if it is another one by now, or if the
// change leaves it as it is, the user has to be read again.
func (s session) updateRead(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (after apitoken.User, updated bool, err error) {
	after, e, conflict := c.Apply(c.Read, e)
	if c.Read.ID != id || conflict != nil || after == c.Read {
		return after, false, nil
	}
	if s.dialect.has(updateUserAtOnce) {
		updated, err = s.updateUserAtOnce(ctx, c.Read, after, e)
	} else {
		updated, err = s.updateUserIfRead(ctx, c.Read, after, e)
	}
	return after, updated, err
}

func (s session) updateUserAtOnce(ctx context.Context, before, after apitoken.User, e apitoken.Event) (updated bool, err error) {
	event, err := eventArgs(e)
	if err != nil {
		return false, err
	}
	args := append(updateUserArgs(before, after), timeArg(e.At), string(e.Actor.User))
	err = s.write(ctx, updateUserAtOnce, append(args, event...), &updated)
	return updated, err
}

// updateUserIfRead is updateUserAtOnce for databases on which that takes several statements.
func (s session) updateUserIfRead(ctx context.Context, before, after apitoken.User, e apitoken.Event) (updated bool, err error) {
	n, err := s.exec(ctx, updateUser, updateUserArgs(before, after)...)
	if err != nil || n == 0 {
		return false, err
	}
	if err := s.record(ctx, e); err != nil {
		return false, err
	}
	return true, s.endEpoch(ctx, before, after, e)
}

func updateUserArgs(before, after apitoken.User) []any {
	return []any{
		after.Name, string(after.Role), timeArg(after.DisabledAt), timeArg(after.SuspendedAt),
		flagArg(after.Service), string(after.Responsible), after.Epoch, after.Revision,
		string(before.ID), before.Epoch, before.Revision,
	}
}

// endEpoch stores the end of the epoch if the change has ended it.
func (s session) endEpoch(ctx context.Context, before, after apitoken.User, e apitoken.Event) error {
	if after.Epoch == before.Epoch {
		return nil
	}
	_, err := s.insert(ctx, endEpoch, string(before.ID), after.Epoch, timeArg(e.At), string(e.Actor.User))
	return err
}

// changeUser locks the user's row with its first statement that finds it. An earlier try of the same change whose outcome is
// unknown locks it as well, so its event is either stored or never will be.
func (s session) changeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
	if is, updated, err := s.updateRead(ctx, id, c, e); err != nil || updated {
		return is, err
	}
	var before apitoken.User
	if err := s.row(ctx, lockUser, string(id)).Scan(userFields(&before)...); err != nil {
		return before, notFoundIfNoRows(err)
	}
	after, e, conflict := c.Apply(before, e)
	if conflict != nil {
		recorded, err := s.recorded(ctx, e)
		if err == nil && recorded {
			err = errAlreadyStored
		} else if err == nil {
			err = conflict
		}
		return before, err
	}
	if after == before {
		return before, s.confirmUnchanged(ctx) // changed by this very call, or by an earlier one
	}
	if err := s.record(ctx, e); err != nil {
		return before, err
	}
	if _, err := s.exec(ctx, updateUser, updateUserArgs(before, after)...); err != nil {
		return after, err
	}
	return after, s.endEpoch(ctx, before, after, e)
}

// confirmUnchanged is the result of a change that finds nothing to write. What it has found has to be as safe as a write, so it
// is confirmed if that takes a COMMIT. This happens in the same transaction, unlike for errAlreadyStored, because a user can
// cause any number of such changes at one time.
func (s session) confirmUnchanged(ctx context.Context) error {
	if !s.dialect.has(confirm) {
		return errAlreadyStored
	}
	_, err := s.exec(ctx, confirm)
	return err
}

// User implements [apitoken.Store].
func (o operations) User(ctx context.Context, id apitoken.UserID) (u apitoken.User, err error) {
	err = o.read(ctx, "read a user", func(ctx context.Context, q session) error {
		u = apitoken.User{}
		return notFoundIfNoRows(q.row(ctx, readUser, string(id)).Scan(userFields(&u)...))
	})
	return u, err
}

// usersOf reads the users of some IDs, whose number is limited already.
func (s session) usersOf(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	var ids [][]any
	for _, id := range slices.Compact(slices.Sorted(slices.Values(q.IDs))) {
		ids = append(ids, []any{string(id)})
	}
	users, err := readBatches(ctx, s, s.dialect.userRows, ids, userFields, string(q.After), q.Contains, q.Contains)
	if q.Responsible != "" {
		users = slices.DeleteFunc(users, func(u apitoken.User) bool { return u.Responsible != q.Responsible })
	}
	slices.SortFunc(users, func(a, b apitoken.User) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return users[:min(len(users), q.Limit)], err
}

// Users implements [apitoken.Store].
func (o operations) Users(ctx context.Context, q apitoken.UserQuery) (page []apitoken.User, err error) {
	const what = "list users"
	if q.IDs != nil {
		err = o.read(ctx, what, func(ctx context.Context, db session) (err error) {
			page, err = db.usersOf(ctx, q)
			return err
		})
		return page, err
	}
	err = o.read(ctx, what, func(ctx context.Context, db session) error {
		list, args := listUsers, []any{string(q.After), q.Contains, q.Contains, q.Limit}
		if q.Responsible != "" {
			list, args = listServices, append([]any{string(q.Responsible)}, args...)
		}
		rows, err := db.rows(ctx, list, args...)
		if err != nil {
			return err
		}
		page, err = scanAll(rows, userFields)
		return err
	})
	return page, err
}
