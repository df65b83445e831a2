package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// concurrencyRules run different calls at the same time.
func concurrencyRules() []rule {
	return []rule{{
		"no token overtakes a policy",
		"Once PutPolicy has returned, no token that was judged by an earlier revision is inserted any more: " +
			"all such tokens are visible by then.",
		policyAgainstTokens,
	}, {
		"a stream of tokens does not starve a policy",
		"PutPolicy may wait for a running CreateToken, but a stream of them does not starve it.",
		policyInAStream,
	}, {
		"no token outlives the end of its epoch",
		"Once an epoch has ended, no token of that epoch is active, even if CreateToken was running at the time.",
		func(f *fixture) {
			f.epochAgainstTokens(apitoken.UserChange{EndEpoch: true})
		},
	}, {
		"no token outlives the disabling of its owner",
		"Once a user is disabled, none of their tokens is active, even if CreateToken was running at the time.",
		func(f *fixture) {
			f.epochAgainstTokens(apitoken.UserChange{Disable: true})
		},
	}, {
		"enabling at the same time revives no token",
		"Once a user was disabled and enabled again, no token of their former epoch is active, even if CreateToken was running at the time.",
		disabledAndEnabled,
	}, {
		"Lookup sees every write that has returned",
		"A write that has returned is visible to every Lookup that starts later: a revocation, the owner, the last use.",
		func(f *fixture) {
			f.readsSeeWrites(func(n apitoken.NewToken) (*apitoken.Record, error) { return f.store.Lookup(f.Context(), n.Digest) })
		},
	}, {
		"Token sees every write that has returned",
		"A write that has returned is visible to every Token that starts later: a revocation, the owner, the last use.",
		func(f *fixture) {
			f.readsSeeWrites(func(n apitoken.NewToken) (*apitoken.Record, error) { return f.store.Token(f.Context(), n.ID) })
		},
	}, {
		"each writer sees its own tokens while many are created",
		"A write that has returned is visible to every later Lookup while others write: the token, its last use and its revocation.",
		ownTokens,
	}, {
		"a concurrent touch does not undo a revocation",
		"Touch changes only LastUsedAt, even if a RevokeToken comes in between: the token stays revoked.",
		touchAgainstRevoke,
	}, {
		"a concurrent touch does not undo another",
		"If many calls touch one token at the same time, the latest time stays.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				n := f.addToken("ada", fmt.Sprint(round))
				together(func(i int) {
					for j := range 4 {
						f.touches(apitoken.Touch{Token: n.ID, At: base.Add(time.Duration((i*7+j)%64) * microsecond)})
					}
				})
				f.touches(apitoken.Touch{Token: n.ID, At: base}) // otherwise the latest could be the last by chance
				n.LastUsedAt = base.Add(time.Duration(latestOf(func(i, j int) int { return (i*7 + j) % 64 })) * microsecond)
				f.wantToken(n, ada)
			}
		},
	}, {
		"batches in any order do not deadlock",
		"Concurrent calls of Touch with the same tokens in different orders all succeed.",
		touchesInAnyOrder,
	}, {
		"a change of the owner does not keep tokens from being created",
		"CreateToken does not compare revisions of the owner: it succeeds while the owner changes all the time.",
		tokensWhileOwnerChanges,
	}, {
		"a reader that follows the feed misses nothing",
		"A reader that continues after the last event that it received misses none and sees none twice, while many write.",
		followed,
	}}
}

// policyAgainstTokens sets the policy while the rest of the crowd create tokens at the revision before.
func policyAgainstTokens(f *fixture) {
	for round := range rounds {
		owner := apitoken.UserID(fmt.Sprint("ada ", round))
		f.addUser(owner)
		was := f.policy()
		is := newPolicy(was)
		var inTime []apitoken.Token
		var inserted atomic.Int32
		crowdBeside(func() {
			err := f.store.PutPolicy(f.Context(), is, was.Revision, policyPut(was, is))
			if err == nil {
				inTime, err = f.store.Tokens(f.Context(), apitoken.TokenQuery{Owner: owner, Limit: wholePage}.At(base))
			}
			if err != nil {
				f.broken("PutPolicy and Tokens: %v", err)
			}
		}, func(i, j int, late bool) {
			n := draft(owner, fmt.Sprint(i, " ", j))
			err := f.store.CreateToken(f.Context(), n, was.Revision, generated(n))
			switch {
			case late && !errors.Is(err, apitoken.ErrConflict):
				f.broken("CreateToken after PutPolicy returned: error %v, want %v", err, apitoken.ErrConflict)
			case err != nil && !errors.Is(err, apitoken.ErrConflict):
				f.broken("CreateToken: error %v, want nil or %v", err, apitoken.ErrConflict)
			case err == nil:
				inserted.Add(1)
			}
		})
		if all := f.tokens(apitoken.TokenQuery{Owner: owner}); len(all) != len(inTime) || len(all) != int(inserted.Load()) {
			f.broken("%d tokens existed when PutPolicy had returned, %d exist now, and %d were inserted",
				len(inTime), len(all), inserted.Load())
		}
	}
}

// policyInAStream sets the policy while others create tokens without a pause.
func policyInAStream(f *fixture) {
	f.addUser("ada")
	ctx, cancel := context.WithTimeout(f.Context(), 20*time.Second)
	defer cancel()
	for range 4 {
		was := f.policy()
		is := newPolicy(was)
		var begun, done sync.WaitGroup
		var over atomic.Bool
		begun.Add(crowd)
		for range crowd {
			done.Go(func() {
				for first := true; first || !over.Load(); first = false {
					n := draft("ada", newTokenID().String())
					err := f.store.CreateToken(f.Context(), n, was.Revision, generated(n))
					if first {
						begun.Done()
					}
					if err != nil {
						if !errors.Is(err, apitoken.ErrConflict) {
							f.broken("CreateToken: error %v, want nil or %v", err, apitoken.ErrConflict)
						}
						return
					}
				}
			})
		}
		begun.Wait()
		err := f.store.PutPolicy(ctx, is, was.Revision, policyPut(was, is))
		over.Store(true)
		done.Wait()
		if err != nil {
			f.Fatalf("%s\nafter at most 20 seconds, PutPolicy: %v", f.promise, err)
		}
	}
}

// epochAgainstTokens ends an epoch while the rest of the crowd create tokens of it.
func (f *fixture) epochAgainstTokens(end apitoken.UserChange) {
	f.Helper()
	for round := range rounds {
		id := apitoken.UserID(fmt.Sprint("user ", round))
		is, e := applied(f.addUser(id), end, ending(id, later(time.Minute, "carol")))
		f.whileCreating(id, func() {
			if err := f.changes(id, end, e); err != nil {
				f.broken("ChangeUser: %v", err)
			}
		})
		f.wantNoneActive(is, e)
	}
}

func disabledAndEnabled(f *fixture) {
	for round := range rounds {
		id := apitoken.UserID(fmt.Sprint("user ", round))
		disable, enable := apitoken.UserChange{Disable: true}, apitoken.UserChange{Enable: true}
		disabled, e := applied(f.addUser(id), disable, ending(id, later(time.Minute, "carol")))
		enabled, _ := applied(disabled, enable, changing(id))
		f.whileCreating(id, func() {
			if err := f.changes(id, disable, e); err != nil {
				f.broken("ChangeUser that disables: %v", err)
			}
			if err := f.changes(id, enable, changing(id)); err != nil {
				f.broken("ChangeUser that enables: %v", err)
			}
		})
		f.wantNoneActive(enabled, e)
	}
}

// whileCreating calls do while the rest of the crowd create tokens of the first epoch.
func (f *fixture) whileCreating(owner apitoken.UserID, do func()) {
	f.Helper()
	crowdBeside(do, func(i, j int, _ bool) {
		n := draft(owner, fmt.Sprint(i, " ", j))
		if err := f.store.CreateToken(f.Context(), n, 0, generated(n)); err != nil {
			f.broken("CreateToken: error %v, want nil at any epoch of the owner", err)
		}
	})
}

// tries is how often each of a crowd tries while another call runs.
const tries = 6

// crowdBeside lets all of a crowd but one try repeatedly, and calls do while they try. Each tries once more after do has
// returned: that try is late.
func crowdBeside(do func(), try func(i, j int, late bool)) {
	some, over := make(chan struct{}), make(chan struct{})
	var done atomic.Int32
	together(func(i int) {
		if i == 0 {
			defer close(over)
			<-some
			do()
			return
		}
		for j := range tries {
			try(i, j, false)
			if done.Add(1) == crowd {
				close(some)
			}
		}
		<-over
		try(i, tries, true)
	})
}

// wantNoneActive checks that all tokens of a user have the revocation by the end of their epoch.
func (f *fixture) wantNoneActive(u apitoken.User, end apitoken.Event) {
	f.Helper()
	active := f.tokens(apitoken.TokenQuery{Owner: u.ID, Status: apitoken.StatusActive})
	if len(active) > 0 {
		f.broken("%d tokens are active, want none", len(active))
	}
	for _, t := range f.tokens(apitoken.TokenQuery{Owner: u.ID}) {
		rec := f.token(t.ID)
		wantEqual(f, "RevokedAt", end.At, rec.Token.RevokedAt)
		wantEqual(f, "RevokedBy", end.Actor.User, rec.Token.RevokedBy)
		rec = f.lookup(rec.Digest)
		wantEqual(f, "the owner", u, rec.User)
		if rec.Epoch == rec.User.Epoch {
			f.broken("the token has the epoch of its owner, %d", rec.Epoch)
		}
	}
}

// touches calls Touch from any goroutine.
func (f *fixture) touches(touches ...apitoken.Touch) {
	f.Helper()
	if err := f.store.Touch(f.Context(), touches); err != nil {
		f.broken("Touch: %v", err)
	}
}

// latestOf checks that the greatest of the times stays that the crowd tries in four steps each.
func latestOf(what func(i, j int) int) (latest int) {
	for i := range crowd {
		for j := range 4 {
			latest = max(latest, what(i, j))
		}
	}
	return latest
}

func touchAgainstRevoke(f *fixture) {
	ada := f.addUser("ada")
	by := later(time.Minute, "carol")
	for round := range rounds {
		n := f.addToken("ada", fmt.Sprint(round))
		crowdBeside(func() {
			if _, err := f.store.RevokeToken(f.Context(), n.ID, by, revoked(n, by)); err != nil {
				f.broken("RevokeToken: %v", err)
			}
		}, func(i, j int, late bool) {
			if !late { // a late try could hide the result of the others
				f.touches(apitoken.Touch{Token: n.ID, At: base.Add(time.Duration(i+crowd*j) * microsecond)})
			}
		})
		n.LastUsedAt = base.Add((crowd*tries - 1) * microsecond)
		n.RevokedAt, n.RevokedBy = by.At, by.By
		f.wantToken(n, ada)
	}
}

func touchesInAnyOrder(f *fixture) {
	f.addUser("ada")
	var touches []apitoken.Touch
	for i := range 50 {
		touches = append(touches, apitoken.Touch{Token: f.addToken("ada", fmt.Sprint(i)).ID})
	}
	together(func(i int) {
		mine := slices.Clone(touches)
		order := rand.New(rand.NewPCG(1, uint64(i)))
		for j := range 4 {
			for k := range mine {
				mine[k].At = base.Add(time.Duration(j*crowd+i) * microsecond)
			}
			order.Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
			f.touches(mine...)
		}
	})
	for _, t := range f.tokens(apitoken.TokenQuery{Owner: "ada"}) {
		wantEqual(f, "LastUsedAt", base.Add((4*crowd-1)*microsecond), t.LastUsedAt)
	}
}

func tokensWhileOwnerChanges(f *fixture) {
	was := f.addUser("ada")
	var done progress
	f.whileCreating("ada", func() { was = f.renameRepeatedly(was, &done) })
	wantEqual(f, "User", was, f.user("ada"))
}
