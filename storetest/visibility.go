package storetest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// readsSeeWrites reads all the time and compares with what had been written when the read began.
func (f *fixture) readsSeeWrites(read func(n apitoken.NewToken) (*apitoken.Record, error)) {
	f.Helper()
	const steps = 60
	ada := f.addUser("ada")
	n := f.addToken("ada", "a")
	_, err := read(n) // so that a store that remembers has something to remember
	f.must("read", err)
	var touched, revision atomic.Int64
	var revokedBy atomic.Pointer[apitoken.UserID]
	revision.Store(ada.Revision)
	half := make(chan struct{})
	var writers, readers sync.WaitGroup
	var over atomic.Bool
	for range 4 {
		readers.Go(func() {
			for last := false; !last; {
				last = over.Load()
				atLeast, since, by := revision.Load(), base.Add(time.Duration(touched.Load())*microsecond), revokedBy.Load()
				rec, err := read(n)
				runtime.Gosched() // a reader without a pause would take the processor from the writers
				switch {
				case err != nil:
					f.broken("read: %v", err)
				case rec.User.Revision < atLeast:
					f.broken("the owner is at revision %d, and was at %d before the read", rec.User.Revision, atLeast)
				case since.After(base) && rec.Token.LastUsedAt.Before(since):
					f.broken("the last use is %v, and was %v before the read", rec.Token.LastUsedAt, since)
				case by != nil && (rec.Token.RevokedAt.IsZero() || rec.Token.RevokedBy != *by):
					f.broken("the token is revoked by %q at %v, and was by %q before the read", rec.Token.RevokedBy, rec.Token.RevokedAt, *by)
				}
			}
		})
	}
	writers.Go(func() {
		for i := range int64(steps) {
			f.touches(apitoken.Touch{Token: n.ID, At: base.Add(time.Duration(i+1) * microsecond)})
			touched.Store(i + 1)
			if i == steps/2 {
				close(half)
			}
		}
	})
	writers.Go(func() {
		for was := ada; was.Revision < steps; {
			is := was
			is.Revision++
			is.Name = fmt.Sprint("revision ", is.Revision)
			if err := f.store.PutUser(f.Context(), is, was.Revision, userPut(was, is)); err != nil {
				f.broken("PutUser: %v", err)
				return
			}
			revision.Store(is.Revision)
			was = is
		}
	})
	writers.Go(func() {
		<-half // in the middle of the others
		by := apitoken.UserID("carol")
		if _, err := f.store.RevokeToken(f.Context(), n.ID, later(microsecond, by), revoked(n, later(microsecond, by))); err != nil {
			f.broken("RevokeToken: %v", err)
		}
		revokedBy.Store(&by)
	})
	writers.Wait()
	over.Store(true)
	readers.Wait()
}
