package storetest_test

import (
	"context"
	"errors"
	"sync"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenRaces returns stores that are correct without concurrent writes.
func brokenRaces() []broken {
	return []broken{{
		"policy read before", "reads the revision of the policy and then inserts, so that it overtakes a PutPolicy in between",
		[]string{"concurrency/no token overtakes a policy"},
		overtakePolicy,
	}, {
		"touch writes all columns", "reads a token, moves the last use and writes the whole token, which undoes a revocation in between",
		[]string{"concurrency/a concurrent touch does not undo a revocation"},
		touchAllColumns,
	}, {
		"revocation read before", "reads whether a token is revoked and then writes, so that two report the change",
		[]string{"one winner/a revocation"},
		func(s apitoken.Store) apitoken.Store {
			both := meeting{under: "one winner/a revocation"}
			return &otherwise{Store: s, revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
				rec, err := s.Token(ctx, id)
				if err != nil || !rec.Token.RevokedAt.IsZero() {
					return s.RevokeToken(ctx, id, by, e)
				}
				both.attend(id.String())
				_, err = s.RevokeToken(ctx, id, by, e)
				return err == nil, err
			}}
		},
	}, {
		"user read before", "reads the revision of a user and then writes, so that of two changes one is lost",
		[]string{"one winner/a user at a revision"},
		func(s apitoken.Store) apitoken.Store {
			both := meeting{under: "one winner/a user at a revision"}
			return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				was, err := s.User(ctx, id)
				if err != nil || c.IfRevision == 0 || was.Revision != c.IfRevision {
					return s.ChangeUser(ctx, id, c, e)
				}
				both.attend(revision(was.Revision))
				c.IfRevision = 0
				return s.ChangeUser(ctx, id, c, e)
			}}
		},
	}, {
		"fails under contention", "reads a user and disables them at that revision, which fails if others change them",
		[]string{"concurrency/a crowd does not keep a user from being disabled"},
		func(s apitoken.Store) apitoken.Store {
			others := hold{under: "concurrency/a crowd does not keep a user from being disabled"}
			return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				if !c.Disable {
					defer others.releaser("disable")()
					return s.ChangeUser(ctx, id, c, e)
				}
				was, err := s.User(ctx, id)
				if err != nil {
					return was, err
				}
				others.wait("disable")
				c.IfRevision = was.Revision
				return s.ChangeUser(ctx, id, c, e)
			}}
		},
	}, {
		"ends one epoch for many", "skips an epoch that another call has ended since this one began, and writes no event",
		[]string{"concurrency/a crowd does not keep a user from being disabled"},
		func(s apitoken.Store) apitoken.Store {
			both := meeting{under: "concurrency/a crowd does not keep a user from being disabled"}
			return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				if !c.EndEpoch || c.IfRevision != 0 {
					return s.ChangeUser(ctx, id, c, e)
				}
				was, err := s.User(ctx, id)
				if err != nil {
					return was, err
				}
				both.attend("the first two")
				c.IfRevision = was.Revision
				is, err := s.ChangeUser(ctx, id, c, e)
				if errors.Is(err, apitoken.ErrConflict) {
					return s.User(ctx, id)
				}
				return is, err
			}}
		},
	}}
}

// touchAllColumns shows a token as the last touch or revocation wrote it. The first touch of each token is held between its read
// and its write until the token has been revoked. All others read and write in one step, so that none repairs it.
func touchAllColumns(s apitoken.Store) apitoken.Store {
	var mu sync.Mutex
	rows := map[apitoken.TokenID]apitoken.Revocation{} // the revocation of a token that was touched
	touching := hold{under: "concurrency/a concurrent touch does not undo a revocation"}
	read := func(id apitoken.TokenID) (row apitoken.Revocation, touched bool) {
		mu.Lock()
		defer mu.Unlock()
		row, touched = rows[id]
		return row, touched
	}
	readAll := func(ctx context.Context, id apitoken.TokenID) apitoken.Revocation { // the caller holds the lock
		row, touched := rows[id]
		if rec, err := s.Token(ctx, id); err == nil && !touched {
			raw, _ := s.Lookup(ctx, rec.Digest)
			row = apitoken.Revocation{At: raw.Token.RevokedAt, By: raw.Token.RevokedBy}
		}
		return row
	}
	columns := &shown{Store: s, lookup: func(rec *apitoken.Record) {
		if row, touched := read(rec.Token.ID); touched {
			rec.Token.RevokedAt, rec.Token.RevokedBy = row.At, row.By
		}
	}}
	columns.token = func(t *apitoken.Token) {
		rec, _ := s.Token(background, t.ID)
		if row, touched := read(t.ID); touched && rec.Epoch == rec.User.Epoch {
			t.RevokedAt, t.RevokedBy = row.At, row.By
		}
	}
	return &otherwise{
		Store: columns,
		touch: func(ctx context.Context, touches []apitoken.Touch) error {
			for _, touch := range touches {
				mu.Lock()
				row := readAll(ctx, touch.Token)
				mu.Unlock()
				held := touching.wait(touch.Token.String())
				mu.Lock()
				if !held {
					row = readAll(ctx, touch.Token)
				}
				rows[touch.Token] = row
				mu.Unlock()
			}
			return s.Touch(ctx, touches)
		},
		revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
			defer touching.releaser(id.String())()
			mu.Lock()
			defer mu.Unlock()
			changed, err := s.RevokeToken(ctx, id, by, e)
			if _, touched := rows[id]; touched && changed {
				rows[id] = by
			}
			return changed, err
		},
	}
}
