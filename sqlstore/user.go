package sqlstore

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// PutUser implements [apitoken.Store].
func (s *Store) PutUser(ctx context.Context, u apitoken.User, ifRevision int64, e apitoken.Event) error {
	return s.change(ctx, "put a user", func(ctx context.Context, tx session) error {
		return tx.putUser(ctx, u, ifRevision, e)
	})
}

func (s session) putUser(ctx context.Context, u apitoken.User, ifRevision int64, e apitoken.Event) error {
	if err := s.record(ctx, e); err != nil {
		return err
	}
	changed, err := s.writeUser(ctx, u, ifRevision)
	if err != nil {
		return err
	}
	if !changed {
		return apitoken.ErrConflict
	}
	if u.Epoch == 0 {
		return nil
	}
	// The row of an epoch that began with an earlier change is there already.
	_, err = s.insert(ctx, endEpoch, string(u.ID), u.Epoch, timeArg(e.At), string(e.Actor.User))
	return err
}

func (s session) writeUser(ctx context.Context, u apitoken.User, ifRevision int64) (changed bool, err error) {
	if ifRevision == 0 {
		return s.insert(ctx, insertUser, string(u.ID), u.Name, string(u.Role),
			timeArg(u.CreatedAt), timeArg(u.DisabledAt), u.Epoch, u.Revision)
	}
	n, err := s.exec(ctx, updateUser, u.Name, string(u.Role),
		timeArg(u.CreatedAt), timeArg(u.DisabledAt), u.Epoch, u.Revision, string(u.ID), ifRevision)
	return n > 0, err
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
