package storetest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// crowdRules are about a change of a user while many others write to the same user without a pause.
func crowdRules() []rule {
	const promise = "Contention for a row may delay ChangeUser and never makes it fail, neither this change nor those that contend with it."
	return []rule{{
		"a crowd does not keep a user from being disabled",
		promise,
		func(f *fixture) { f.disableUnderContention(64, func(i int) error { return f.endOneEpoch("ada", i) }) },
	}, {
		"a crowd that revokes tokens does not keep a user from being disabled",
		promise,
		func(f *fixture) { f.disableUnderContention(64, func(i int) error { return f.revokeOneToken("ada") }) },
	}}
}

// endOneEpoch ends the epoch of a user.
func (f *fixture) endOneEpoch(id apitoken.UserID, i int) error {
	e := ending(id, later(time.Duration(i)*microsecond, id))
	return f.changes(id, apitoken.UserChange{EndEpoch: true}, e)
}

// revokeOneToken creates a token and revokes it.
func (f *fixture) revokeOneToken(owner apitoken.UserID) error {
	n, by := draft(owner, newTokenID().String()), later(microsecond, owner)
	if err := f.store.CreateToken(f.Context(), n, 0, generated(n)); err != nil {
		return err
	}
	_, err := f.store.RevokeToken(f.Context(), n.ID, by, revoked(n, by))
	return err
}

// disableUnderContention gives a user another role, ends their epoch and disables them, while a crowd of n writes without a pause.
func (f *fixture) disableUnderContention(n int, write func(i int) error) {
	f.Helper()
	f.addUser("ada")
	ctx, cancel := context.WithTimeout(f.Context(), 30*time.Second)
	defer cancel()
	var begun, done sync.WaitGroup
	var over atomic.Bool
	var writes atomic.Int64
	begun.Add(n)
	for i := range n {
		done.Go(func() {
			for first := true; first || !over.Load(); first = false {
				err := write(i)
				if first {
					begun.Done()
				}
				if err != nil {
					f.broken("a write of the crowd: %v", err)
					return
				}
				writes.Add(1)
				runtime.Gosched() // otherwise, on one processor, a store in memory fills up before the changes below get a turn
			}
		})
	}
	begun.Wait()
	changes := []apitoken.UserChange{
		{Role: "suspended", IfRole: []apitoken.Role{apitoken.RoleUser}}, {EndEpoch: true}, {Disable: true},
	}
	for i, c := range changes {
		e := ending("ada", later(time.Duration(i)*time.Minute, "carol"))
		if _, err := f.store.ChangeUser(ctx, "ada", c, e); err != nil {
			f.broken("after at most 30 seconds, ChangeUser %+v: %v", c, err)
		}
	}
	over.Store(true)
	done.Wait()
	if ada := f.user("ada"); !ada.Disabled() || ada.Role != "suspended" {
		f.broken("User returns %+v, want disabled and suspended", ada)
	}
	f.wantSequence("ada", 1+int(writes.Load())+len(changes)) // the first one created the user
}

// wantSequence checks that the events about a user are a sequence: the Before of each is the After of the previous one. It
// also checks that there are at least so many.
func (f *fixture) wantSequence(id apitoken.UserID, atLeast int) {
	f.Helper()
	after := map[apitoken.State]apitoken.State{}
	events := f.events(apitoken.EventQuery{Owner: id, Limit: wholePage})
	for _, e := range events {
		if e.Token.IsZero() {
			after[e.Before] = e.After
		}
	}
	if len(events) < atLeast {
		f.broken("%d writes succeeded, but there are %d events", atLeast, len(events))
	}
	last := apitoken.State{}
	for range after {
		last = after[last]
	}
	wantEqual(f, fmt.Sprintf("the last of %d changes in sequence", len(after)), f.user(id).State(), last)
}
