package storetest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// progress is what the writers of one token and its owner have written: every read that starts now has to show it.
type progress struct {
	touches   atomic.Int64 // the last of them, in microseconds after base
	revision  atomic.Int64 // of the owner
	revokedBy atomic.Pointer[apitoken.UserID]
}

// readsSeeWrites reads without a pause and compares with what had been written when each read began.
func (f *fixture) readsSeeWrites(read func(n apitoken.NewToken) (*apitoken.Record, error)) {
	f.Helper()
	ada := f.addUser("ada")
	n := f.addToken("ada", "a")
	_, err := read(n) // so that a store that caches has something to cache
	f.must("read", err)
	var done progress
	done.revision.Store(ada.Revision)
	var readers, writers sync.WaitGroup
	var over atomic.Bool
	for range 4 {
		readers.Go(func() {
			for last := false; !last; {
				last = over.Load()
				f.readShows(&done, func() (*apitoken.Record, error) { return read(n) })
				runtime.Gosched() // a reader without a pause would starve the writers
			}
		})
	}
	half := make(chan struct{})
	writers.Go(func() { f.touchRepeatedly(n, &done, half) })
	writers.Go(func() { _ = f.renameRepeatedly(ada, &done) })
	writers.Go(func() {
		<-half // while the others run
		by := apitoken.UserID("carol")
		r := later(microsecond, by)
		if _, err := f.store.RevokeToken(f.Context(), n.ID, r, revoked(n, r)); err != nil {
			f.broken("RevokeToken: %v", err)
		}
		done.revokedBy.Store(&by)
	})
	writers.Wait()
	over.Store(true)
	readers.Wait()
}

// readShows checks that a read shows at least what was written before it.
func (f *fixture) readShows(done *progress, read func() (*apitoken.Record, error)) {
	f.Helper()
	used, revision, by := base.Add(time.Duration(done.touches.Load())*microsecond), done.revision.Load(), done.revokedBy.Load()
	rec, err := read()
	switch {
	case err != nil:
		f.broken("read: %v", err)
	case rec.User.Revision < revision:
		f.broken("the owner is at revision %d, and was at %d before the read", rec.User.Revision, revision)
	case used.After(base) && rec.Token.LastUsedAt.Before(used):
		f.broken("the last use is %v, and was %v before the read", rec.Token.LastUsedAt, used)
	case by != nil && (rec.Token.RevokedAt.IsZero() || rec.Token.RevokedBy != *by):
		f.broken("the token is revoked by %q at %v, and was by %q before the read", rec.Token.RevokedBy, rec.Token.RevokedAt, *by)
	}
}

const steps = 60 // of each writer

// touchRepeatedly touches a token at later and later times, and closes half after half of the steps.
func (f *fixture) touchRepeatedly(n apitoken.NewToken, done *progress, half chan<- struct{}) {
	f.Helper()
	for i := range int64(steps) {
		f.touches(apitoken.Touch{Token: n.ID, At: base.Add(time.Duration(i+1) * microsecond)})
		done.touches.Store(i + 1)
		if i == steps/2 {
			close(half)
		}
	}
}

// renameRepeatedly changes a user repeatedly, and returns the last row.
func (f *fixture) renameRepeatedly(was apitoken.User, done *progress) apitoken.User {
	f.Helper()
	for range steps {
		is, err := f.store.ChangeUser(f.Context(), was.ID, apitoken.UserChange{Name: fmt.Sprint("after ", was.Revision)}, changing(was.ID))
		if err != nil {
			f.broken("ChangeUser: %v", err)
			return was
		}
		done.revision.Store(is.Revision)
		was = is
	}
	return was
}

// ownTokens lets each of a crowd create, touch and revoke tokens and read them after each write.
func ownTokens(f *fixture) {
	ada := f.addUser("ada")
	by := later(time.Minute, "carol")
	together(func(i int) {
		for j := range 2 * tries {
			n := draft("ada", fmt.Sprint(i, " ", j))
			f.wantLookup(nil, n)
			if err := f.store.CreateToken(f.Context(), n, 0, generated(n)); err != nil {
				f.broken("CreateToken: %v", err)
			}
			f.wantLookup(&ada, n)
			n.LastUsedAt = base.Add(time.Duration(j) * microsecond)
			f.touches(apitoken.Touch{Token: n.ID, At: n.LastUsedAt})
			f.wantLookup(&ada, n)
			if _, err := f.store.RevokeToken(f.Context(), n.ID, by, revoked(n, by)); err != nil {
				f.broken("RevokeToken: %v", err)
			}
			n.RevokedAt, n.RevokedBy = by.At, by.By
			f.wantLookup(&ada, n)
		}
	})
}

// wantLookup checks that Lookup returns the token as in n with its owner; without an owner, that it finds none. It may be called from
// any goroutine.
func (f *fixture) wantLookup(owner *apitoken.User, n apitoken.NewToken) {
	f.Helper()
	rec, err := f.store.Lookup(f.Context(), n.Digest)
	switch {
	case owner == nil:
		f.wantError("Lookup before CreateToken", apitoken.ErrNotFound, err)
	case err != nil:
		f.broken("Lookup: %v", err)
	default:
		want := apitoken.Record{Identity: apitoken.Identity{User: *owner, Token: n.Token}, Digest: n.Digest, Epoch: n.Epoch}
		wantEqual(f, "the record", want, *rec)
	}
}
