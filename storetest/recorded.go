package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// recordedWrite is a write of one method that records an event.
type recordedWrite struct {
	name    string
	prepare func(f *fixture, i int) attempt // another one for each i
}

// attempt is a write with its event, and a function that reports whether its row was written.
type attempt struct {
	event apitoken.Event
	write func(context.Context) error
	done  func() bool
}

// recordedWrites are a write of each method that records an event.
func recordedWrites() []recordedWrite {
	return append(rowWrites(), recordedWrite{"PutPolicy", func(f *fixture, _ int) attempt {
		was := f.policy()
		is := newPolicy(was)
		e := policyPut(was, is)
		return attempt{e, func(ctx context.Context) error { return f.store.PutPolicy(ctx, is, was.Revision, e) }, func() bool {
			return f.policy().Revision == is.Revision
		}}
	}})
}

// rowWrites are the writes that each have a row of their own.
func rowWrites() []recordedWrite {
	return append(offerWrites(), []recordedWrite{
		{"CreateToken", func(f *fixture, i int) attempt {
			n := draft(f.addNumbered(i), "a")
			e := generated(n)
			return attempt{e, func(ctx context.Context) error { return f.store.CreateToken(ctx, n, 0, e) }, func() bool {
				_, err := f.store.Token(f.Context(), n.ID)
				return f.exists(err)
			}}
		}},
		{"RevokeToken", func(f *fixture, i int) attempt {
			n, by := f.addToken(f.addNumbered(i), "a"), later(microsecond, "carol")
			e := revoked(n, by)
			return attempt{e, func(ctx context.Context) error {
				changed, err := f.store.RevokeToken(ctx, n.ID, by, e)
				if changed != (err == nil) {
					f.broken("RevokeToken returns changed %v with the error %v", changed, err)
				}
				return err
			}, func() bool { return !f.token(n.ID).Token.RevokedAt.IsZero() }}
		}},
		{"RevokeTokens", revokedPageWrite},
		{"ChangeToken", func(f *fixture, i int) attempt {
			n := f.addToken(f.addNumbered(i), "a")
			is := changed(n, "b", "for releases")
			e := tokenChanged(n, is)
			return attempt{e, func(ctx context.Context) error {
				return f.store.ChangeToken(ctx, apitoken.Record{Identity: apitoken.Identity{Token: n.Token}, Epoch: n.Epoch}, is, e)
			}, func() bool { return f.token(n.ID).Token == is }}
		}},
		{"NarrowToken", func(f *fixture, i int) attempt {
			n := f.addToken(f.addNumbered(i), "a")
			is, e := apitoken.TokenNarrowing{Narrowing: apitoken.Narrowing{Keep: 7}}.Apply(n.Token, tokenNarrowed(n))
			return attempt{e, func(ctx context.Context) error {
				_, err := f.store.NarrowToken(ctx, n.ID, apitoken.TokenNarrowing{Narrowing: apitoken.Narrowing{Keep: 7}, Read: n.Token}, e)
				return err
			}, func() bool { return f.token(n.ID).Token == is }}
		}},
		{"RotateToken", func(f *fixture, i int) attempt {
			r := rotationOf(recordOf(f.addToken(f.addNumbered(i), "a"), apitoken.User{}))
			e := rotated(r)
			return attempt{e, func(ctx context.Context) error { return f.store.RotateToken(ctx, r, 0, e) }, func() bool {
				return !f.token(r.Was.Token.ID).Token.ReplacedBy.IsZero()
			}}
		}},
		{"UseSuccessor", func(f *fixture, i int) attempt {
			_, is := f.rotate(recordOf(f.addToken(f.addNumbered(i), "a"), apitoken.User{}))
			e := firstUse(is)
			return attempt{e, func(ctx context.Context) error {
				first, err := f.store.UseSuccessor(ctx, is.Token.ID, is.Token.Replaces, apitoken.Revocation{At: e.At, By: e.Actor.User}, e)
				if first != (err == nil) {
					f.broken("UseSuccessor returns first %v with the error %v", first, err)
				}
				return err
			}, func() bool { return !f.token(is.Token.ID).Unused }}
		}},
		{"CreateUser", func(f *fixture, i int) attempt {
			u := newUser(apitoken.UserID(fmt.Sprint("user ", i)))
			e := userCreated(u)
			return attempt{e, func(ctx context.Context) error {
				_, err := f.store.CreateUser(ctx, u, e)
				return err
			}, func() bool {
				_, err := f.store.User(f.Context(), u.ID)
				return f.exists(err)
			}}
		}},
		{"ChangeUser", func(f *fixture, i int) attempt {
			id := f.addNumbered(i)
			f.addToken(id, "a")
			e := ending(id, later(microsecond, "carol"))
			return attempt{e, func(ctx context.Context) error {
				_, err := f.store.ChangeUser(ctx, id, apitoken.UserChange{Disable: true}, e)
				return err
			}, func() bool { return f.user(id).Disabled() }}
		}},
		{"Remove", func(f *fixture, i int) attempt {
			n := f.addToken(f.addNumbered(i), "a")
			r := apitoken.Removal{Tokens: []apitoken.TokenID{n.ID}}
			e := removing()
			return attempt{apitoken.Removed{Tokens: 1}.On(e), func(ctx context.Context) error {
				_, err := f.store.Remove(ctx, r, e)
				return err
			}, func() bool {
				_, err := f.store.Token(f.Context(), n.ID)
				return !f.exists(err)
			}}
		}},
		{"Forget", forgottenWrite},
	}...)
}

// addNumbered stores a user with i in their ID.
func (f *fixture) addNumbered(i int) apitoken.UserID {
	f.Helper()
	return f.addUser(apitoken.UserID(fmt.Sprint("user ", i))).ID
}

// exists returns whether a row exists, by the error of reading it.
func (f *fixture) exists(err error) bool {
	f.Helper()
	if errors.Is(err, apitoken.ErrNotFound) {
		return false
	}
	f.must("read", err)
	return true
}

// readerRules read the change and its event while they are written.
func readerRules() []rule {
	var rules []rule
	for _, w := range recordedWrites() {
		rules = append(rules, rule{
			w.name + " shows its change with its event",
			"A change and its event appear together: a reader who has found one of them finds the other, even before the write has returned.",
			func(f *fixture) {
				for i := range rounds {
					f.appearTogether(w.prepare(f, i))
				}
			},
		})
	}
	return rules
}

// appearTogether reads the change and its event until the write has returned, and once more.
func (f *fixture) appearTogether(a attempt) {
	f.Helper()
	var last apitoken.EventSeq
	if feed := f.feed(); len(feed) > 0 {
		last = feed[len(feed)-1].Seq
	}
	recorded := func() bool {
		page, err := f.store.Events(f.Context(), apitoken.EventQuery{After: last, Limit: wholePage})
		f.must("Events", err)
		return slices.Contains(eventIDs(page), a.event.ID)
	}
	written := make(chan error, 1)
	go func() { written <- a.write(f.Context()) }()
	for returned := false; !returned; {
		select {
		case err := <-written:
			f.must("the write", err)
			returned = true
		default:
			runtime.Gosched() // a reader without a pause would take the processor from the writer
		}
		switch change, event := a.done(), recorded(); {
		case change && !event:
			f.broken("the change is there, and its event is not")
		case event && !a.done():
			f.broken("the event is there, and its change is not")
		}
	}
}
