package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenRaces are right while nobody else writes.
func brokenRaces() []broken {
	return []broken{{
		"policy read before", "reads the revision of the policy and then inserts, so that a PutPolicy in between is overtaken",
		[]string{"concurrency/no token overtakes a policy"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				if p, err := s.Policy(ctx); err != nil || p.Revision != rev {
					return s.CreateToken(ctx, n, rev, e)
				}
				pause()
				return createAtAnyRevision(ctx, s, n, e)
			}}
		},
	}, {
		"touch writes all columns", "reads a token, moves the last use and writes all of it back, so that a revocation in between is undone",
		[]string{"concurrency/a touch at that moment does not undo a revocation"},
		touchAllColumns,
	}, {
		"revocation read before", "reads whether a token is revoked and then writes, so that two report that they did it",
		[]string{"one winner/a revocation"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
				rec, err := s.Token(ctx, id)
				if err != nil || !rec.Token.RevokedAt.IsZero() {
					return s.RevokeToken(ctx, id, by, e)
				}
				pause()
				_, err = s.RevokeToken(ctx, id, by, e)
				return err == nil, err
			}}
		},
	}, {
		"user read before", "reads the revision of a user and then writes, so that of two changes one is lost",
		[]string{"one winner/a user at a revision"},
		func(s apitoken.Store) apitoken.Store {
			var passed meeting
			return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				was, err := s.User(ctx, id)
				if err != nil || c.IfRevision == 0 || was.Revision != c.IfRevision {
					return s.ChangeUser(ctx, id, c, e)
				}
				passed.wait(was)
				c.IfRevision = 0
				return s.ChangeUser(ctx, id, c, e)
			}}
		},
	}, {
		"gives way to a crowd", "reads a user, and changes them if they are as they were: where others change them, that fails",
		[]string{"concurrency/a crowd does not keep a user from being disabled"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				was, err := s.User(ctx, id)
				if err != nil || c.IfRevision != 0 {
					return s.ChangeUser(ctx, id, c, e)
				}
				forAWhile(func() bool { // until others have changed the user
					is, err := s.User(ctx, id)
					return err != nil || is.Revision != was.Revision
				})
				c.IfRevision = was.Revision
				return s.ChangeUser(ctx, id, c, e)
			}}
		},
	}, {
		"ends one epoch for many", "takes an epoch for ended that another has ended since the call began, and writes no event",
		[]string{"concurrency/a crowd does not keep a user from being disabled"},
		func(s apitoken.Store) apitoken.Store {
			var begun meeting
			return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				was, err := s.User(ctx, id)
				if err != nil || !c.EndEpoch || c.IfRevision != 0 {
					return s.ChangeUser(ctx, id, c, e)
				}
				begun.wait(was)
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

// meeting lets calls wait for one another.
type meeting struct {
	mu   sync.Mutex
	here map[any]int
}

// wait waits until at least two calls of the same key have come here.
func (m *meeting) wait(key any) {
	m.mu.Lock()
	if m.here == nil {
		m.here = map[any]int{}
	}
	m.here[key]++
	m.mu.Unlock()
	forAWhile(func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.here[key] > 1
	})
}

// forAWhile lets others run until something has happened. It gives up where there are no others.
func forAWhile(happened func() bool) {
	for range 5000 {
		if happened() {
			return
		}
		runtime.Gosched()
	}
}

// touchAllColumns shows a token as the last touch or revocation wrote it back.
func touchAllColumns(s apitoken.Store) apitoken.Store {
	var mu sync.Mutex
	rows := map[apitoken.TokenID]apitoken.Revocation{} // the revocation of a token that was touched
	read := func(id apitoken.TokenID) (row apitoken.Revocation, touched bool) {
		mu.Lock()
		defer mu.Unlock()
		row, touched = rows[id]
		return row, touched
	}
	write := func(id apitoken.TokenID, row apitoken.Revocation) {
		mu.Lock()
		defer mu.Unlock()
		rows[id] = row
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
				row, touched := read(touch.Token)
				if rec, err := s.Token(ctx, touch.Token); err == nil && !touched {
					raw, _ := s.Lookup(ctx, rec.Digest)
					row = apitoken.Revocation{At: raw.Token.RevokedAt, By: raw.Token.RevokedBy}
				}
				pause()
				write(touch.Token, row)
			}
			return s.Touch(ctx, touches)
		},
		revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
			changed, err := s.RevokeToken(ctx, id, by, e)
			if _, touched := read(id); touched && changed {
				write(id, by)
			}
			return changed, err
		},
	}
}
