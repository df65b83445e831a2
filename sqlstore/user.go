package sqlstore

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// CreateUser implements [apitoken.Store].
func (o operations) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (created apitoken.User, err error) {
	err = o.change(ctx, "create a user", func(ctx context.Context, tx session) (err error) {
		created, err = tx.createUser(ctx, u, e)
		return err
	})
	if err != nil {
		return apitoken.User{}, err
	}
	return created, nil
}

func (s session) createUser(ctx context.Context, u apitoken.User, e apitoken.Event) (created apitoken.User, err error) {
	id := string(u.ID)
	inserted, err := s.insert(ctx, insertUser, id, u.Name, string(u.Role), timeArg(u.CreatedAt), timeArg(u.DisabledAt),
		timeArg(u.SuspendedAt), id, id)
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
	err = o.change(ctx, "change a user", func(ctx context.Context, tx session) (err error) {
		changed, err = tx.changeUser(ctx, id, c, e)
		return err
	})
	if err != nil {
		return apitoken.User{}, err
	}
	return changed, nil
}

// changeUser locks the user's row with its first statement. An earlier attempt with an unknown outcome locks it as well, so
// its event is already stored or never will be.
func (s session) changeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
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
	_, err := s.exec(ctx, updateUser,
		after.Name, string(after.Role), timeArg(after.DisabledAt), timeArg(after.SuspendedAt), after.Epoch, after.Revision, string(id))
	if err != nil || after.Epoch == before.Epoch {
		return after, err
	}
	_, err = s.insert(ctx, endEpoch, string(id), after.Epoch, timeArg(e.At), string(e.Actor.User))
	return after, err
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

// Users implements [apitoken.Store].
func (o operations) Users(ctx context.Context, q apitoken.UserQuery) (page []apitoken.User, err error) {
	err = o.read(ctx, "list users", func(ctx context.Context, db session) error {
		rows, err := db.rows(ctx, listUsers, string(q.After), q.Contains, q.Contains, q.Limit)
		if err != nil {
			return err
		}
		page, err = scanAll(rows, userFields)
		return err
	})
	return page, err
}
