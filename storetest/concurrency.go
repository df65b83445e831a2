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

// concurrencyRules let different calls run at one moment.
func concurrencyRules() []rule {
	return []rule{{
		"no token overtakes a policy",
		"Once PutPolicy has returned, no token that was judged by an earlier revision is inserted any more: " +
			"every one that ever is can be read by then.",
		policyAgainstTokens,
	}, {
		"a stream of tokens does not starve a policy",
		"PutPolicy may wait for a running CreateToken, but a stream of them does not hold it up for ever.",
		policyInAStream,
	}, {
		"no token outlives the end of its epoch",
		"Whatever CreateToken runs while an epoch is ended, afterwards no token of that epoch is live.",
		func(f *fixture) {
			f.epochAgainstTokens(apitoken.UserChange{EndEpoch: true})
		},
	}, {
		"no token outlives the disabling of its owner",
		"Whatever CreateToken runs while a user is disabled, afterwards none of their tokens is live.",
		func(f *fixture) {
			f.epochAgainstTokens(apitoken.UserChange{Disable: true})
		},
	}, {
		"enabling at that moment revives no token",
		"Whatever CreateToken runs while a user is disabled and enabled again, afterwards no token of his former epoch is live.",
		disabledAndEnabled,
	}, {
		"Lookup sees what has been written",
		"What a write has written when it returned, every Lookup that starts later sees: a revocation, the owner, the last use.",
		func(f *fixture) {
			f.readsSeeWrites(func(n apitoken.NewToken) (*apitoken.Record, error) { return f.store.Lookup(f.Context(), n.Digest) })
		},
	}, {
		"Token sees what has been written",
		"What a write has written when it returned, every Token that starts later sees: a revocation, the owner, the last use.",
		func(f *fixture) {
			f.readsSeeWrites(func(n apitoken.NewToken) (*apitoken.Record, error) { return f.store.Token(f.Context(), n.ID) })
		},
	}, {
		"each sees his own tokens while many are created",
		"What a write has written when it returned, every later Lookup sees: the token, its last use and its revocation, while others write.",
		ownTokens,
	}, {
		"a touch at that moment does not undo a revocation",
		"Touch changes LastUsedAt and nothing else, also where a RevokeToken comes in between: the token stays revoked.",
		touchAgainstRevoke,
	}, {
		"a touch at that moment does not undo another",
		"Of many that touch one token at one moment the latest time stays.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				n := f.addToken("ada", fmt.Sprint(round))
				together(func(i int) {
					for j := range 4 {
						f.touches(apitoken.Touch{Token: n.ID, At: base.Add(time.Duration((i*7+j)%64) * microsecond)})
					}
				})
				f.touches(apitoken.Touch{Token: n.ID, At: base}) // or the latest could be the last by chance
				n.LastUsedAt = base.Add(time.Duration(latestOf(func(i, j int) int { return (i*7 + j) % 64 })) * microsecond)
				f.shows(n, ada)
			}
		},
	}, {
		"batches in any order do not hold each other up",
		"Touch may be called with the same tokens at one moment, each time in another order, and is no error.",
		touchesInAnyOrder,
	}, {
		"a change of the owner does not keep tokens from being created",
		"CreateToken does not compare revisions of the owner: it is nil while he changes all the time.",
		tokensWhileOwnerChanges,
	}, {
		"a follower misses nothing",
		"A reader who continues behind the last event that he was given misses none and sees none twice, while many write.",
		followed,
	}}
}

// policyAgainstTokens lets one set the policy while the rest of the crowd create tokens by the revision before.
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
				inTime, err = f.store.Tokens(f.Context(), apitoken.TokenQuery{Owner: owner, Limit: wholePage}, base)
			}
			if err != nil {
				f.broken("PutPolicy and Tokens: %v", err)
			}
		}, func(i, j int, late bool) {
			n := draft(owner, fmt.Sprint(i, " ", j))
			err := f.store.CreateToken(f.Context(), n, was.Revision, generated(n))
			switch {
			case late && !errors.Is(err, apitoken.ErrConflict):
				f.broken("a CreateToken that started after PutPolicy had returned: error %v, want %v", err, apitoken.ErrConflict)
			case err != nil && !errors.Is(err, apitoken.ErrConflict):
				f.broken("CreateToken: error %v, want nil or %v", err, apitoken.ErrConflict)
			case err == nil:
				inserted.Add(1)
			}
		})
		if all := f.tokens(apitoken.TokenQuery{Owner: owner}); len(all) != len(inTime) || len(all) != int(inserted.Load()) {
			f.broken("%d tokens were there when PutPolicy had returned, %d are there now, and %d were inserted",
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
			f.Fatalf("%s\nafter at most 20 seconds, PutPolicy: %v", f.says, err)
		}
	}
}

// epochAgainstTokens lets one end the epoch while the rest of the crowd create tokens of it.
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
		f.noneIsLive(is, e)
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
		f.noneIsLive(enabled, e)
	}
}

// whileCreating calls do while the rest of the crowd create tokens of the first epoch.
func (f *fixture) whileCreating(owner apitoken.UserID, do func()) {
	f.Helper()
	crowdBeside(do, func(i, j int, _ bool) {
		n := draft(owner, fmt.Sprint(i, " ", j))
		if err := f.store.CreateToken(f.Context(), n, 0, generated(n)); err != nil {
			f.broken("CreateToken: %v, want nil, whatever the epoch of the owner is", err)
		}
	})
}

// tries is how often each of a crowd tries while something else is done.
const tries = 6

// crowdBeside lets all of a crowd but one try again and again, and once some have, calls do in their midst. Each tries
// once more after do has returned: that try is late.
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

// noneIsLive holds that all tokens of a user tell of the end of their epoch.
func (f *fixture) noneIsLive(u apitoken.User, end apitoken.Event) {
	f.Helper()
	live := f.tokens(apitoken.TokenQuery{Owner: u.ID, Status: apitoken.StatusActive})
	if len(live) > 0 {
		f.broken("%d tokens are live", len(live))
	}
	for _, t := range f.tokens(apitoken.TokenQuery{Owner: u.ID}) {
		rec := f.token(t.ID)
		same(f, "RevokedAt", end.At, rec.Token.RevokedAt)
		same(f, "RevokedBy", end.Actor.User, rec.Token.RevokedBy)
		rec = f.lookup(rec.Digest)
		same(f, "the owner", u, rec.User)
		if rec.Epoch == rec.User.Epoch {
			f.broken("the token has the epoch of its owner, %d", rec.Epoch)
		}
	}
}

// touches is Touch from any goroutine.
func (f *fixture) touches(touches ...apitoken.Touch) {
	f.Helper()
	if err := f.store.Touch(f.Context(), touches); err != nil {
		f.broken("Touch: %v", err)
	}
}

// latestOf is the greatest of what the crowd tries in four steps each.
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
			if !late { // one that is late could hide what the others did
				f.touches(apitoken.Touch{Token: n.ID, At: base.Add(time.Duration(i+crowd*j) * microsecond)})
			}
		})
		n.LastUsedAt = base.Add((crowd*tries - 1) * microsecond)
		n.RevokedAt, n.RevokedBy = by.At, by.By
		f.shows(n, ada)
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
		same(f, "LastUsedAt", base.Add((4*crowd-1)*microsecond), t.LastUsedAt)
	}
}

func tokensWhileOwnerChanges(f *fixture) {
	was := f.addUser("ada")
	var done progress
	f.whileCreating("ada", func() { was = f.renameOnAndOn(was, &done) })
	same(f, "User", was, f.user("ada"))
}
