package sqlstore

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// CreateUser implements [apitoken.Store].
func (s *Store) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (is apitoken.User, err error) {
	err = s.change(ctx, "create a user", func(ctx context.Context, tx session) (err error) {
		is, err = tx.createUser(ctx, u, e)
		return err
	})
	return onSuccess(is, err)
}

func (s session) createUser(ctx context.Context, u apitoken.User, e apitoken.Event) (is apitoken.User, err error) {
	id := string(u.ID)
	inserted, err := s.insert(ctx, insertUser, id, u.Name, string(u.Role), timeArg(u.CreatedAt), timeArg(u.DisabledAt), id, id)
	if err != nil {
		return is, err
	}
	if !inserted {
		recorded, err := s.recorded(ctx, e)
		if err == nil && !recorded {
			err = apitoken.ErrExists
		}
		if err != nil {
			return is, err
		}
	}
	if err := s.row(ctx, readUser, id).Scan(userInto(&is)...); err != nil {
		return is, missing(err)
	}
	if !inserted {
		return is, errStored
	}
	if err := s.endLeft(ctx, is, e); err != nil {
		return is, err
	}
	e.After = is.State()
	return is, s.record(ctx, e)
}

// endLeft ends what is left of a row of the same id that somebody deleted: the epochs of all tokens, and the last epoch of
// that row, so that the tokens do not only fail to authenticate, but also count as revoked.
func (s session) endLeft(ctx context.Context, u apitoken.User, e apitoken.Event) error {
	if u.Epoch == 0 {
		return nil
	}
	if _, err := s.insert(ctx, endEpoch, string(u.ID), u.Epoch, timeArg(e.At), string(e.Actor.User)); err != nil {
		return err
	}
	_, err := s.exec(ctx, endLeft, timeArg(e.At), string(e.Actor.User), string(u.ID))
	return err
}

// ChangeUser implements [apitoken.Store].
func (s *Store) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (is apitoken.User, err error) {
	err = s.change(ctx, "change a user", func(ctx context.Context, tx session) (err error) {
		is, err = tx.changeUser(ctx, id, c, e)
		return err
	})
	return onSuccess(is, err)
}

// changeUser holds the user's row from the first statement on. A try of the same change whose outcome is not known yet
// holds it as well, so its event is either there or never will be.
func (s session) changeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
	var was apitoken.User
	if err := s.row(ctx, lockUser, string(id)).Scan(userInto(&was)...); err != nil {
		return was, missing(err)
	}
	is, e, refused := c.Apply(was, e)
	if refused != nil {
		recorded, err := s.recorded(ctx, e)
		if err == nil && recorded {
			err = errStored
		} else if err == nil {
			err = refused
		}
		return was, err
	}
	if is == was {
		return was, s.nothingToDo(ctx) // with this very event, or as it was before
	}
	if err := s.record(ctx, e); err != nil {
		return was, err
	}
	_, err := s.exec(ctx, updateUser, is.Name, string(is.Role), timeArg(is.DisabledAt), is.Epoch, is.Revision, string(id))
	if err != nil || is.Epoch == was.Epoch {
		return is, err
	}
	_, err = s.insert(ctx, endEpoch, string(id), is.Epoch, timeArg(e.At), string(e.Actor.User))
	return is, err
}

// nothingToDo is the answer of a change that finds everything as it is to be, and has written nothing. What it has found must
// be as safe as what it would have written, so it is confirmed where that takes a COMMIT. This is done here, and not in
// another transaction as with errStored, because a user may bring about any number of such changes at one time.
func (s session) nothingToDo(ctx context.Context) error {
	if !s.dialect.has(confirm) {
		return errStored
	}
	_, err := s.exec(ctx, confirm)
	return err
}

// onSuccess is the user, or nobody if there is an error.
func onSuccess(u apitoken.User, err error) (apitoken.User, error) {
	if err != nil {
		return apitoken.User{}, err
	}
	return u, nil
}

// User implements [apitoken.Store].
func (s *Store) User(ctx context.Context, id apitoken.UserID) (u apitoken.User, err error) {
	err = s.read(ctx, "read a user", func(ctx context.Context, q session) error {
		u = apitoken.User{}
		return missing(q.row(ctx, readUser, string(id)).Scan(userInto(&u)...))
	})
	return u, err
}

// Users implements [apitoken.Store].
func (s *Store) Users(ctx context.Context, q apitoken.UserQuery) (page []apitoken.User, err error) {
	err = s.read(ctx, "list users", func(ctx context.Context, db session) error {
		rows, err := db.rows(ctx, listUsers, string(q.After), q.Contains, q.Contains, q.Limit)
		if err != nil {
			return err
		}
		page, err = scanAll(rows, userInto)
		return err
	})
	return page, err
}
