package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	crowd  = 16 // how many goroutines try the same at the same time
	rounds = 8  // how often they do
)

// together runs do for each of the crowd at the same time, and waits for all.
func together(do func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(crowd)
	for i := range crowd {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			do(i)
		})
	}
	done.Wait()
}

// winnerRules let many try a write that only one of them can make.
func winnerRules() []rule {
	return []rule{{
		"a free name",
		"Of many tokens of one owner under one name, created at the same time, exactly one is inserted, with its event; the others are ErrExists.",
		func(f *fixture) {
			f.addUser("ada")
			for round := range rounds {
				f.oneToken(apitoken.ErrExists, func(int) apitoken.NewToken { return draft("ada", fmt.Sprint(round)) })
			}
		},
	}, {
		"the name of an expired token",
		"The name of an expired token passes to exactly one of many that are created at the same time.",
		func(f *fixture) {
			f.addUser("ada")
			at := f.addToken("ada", "a").ExpiresAt
			for range rounds {
				end := at.Add(time.Hour)
				f.oneToken(apitoken.ErrExists, func(int) apitoken.NewToken {
					n := draft("ada", "a")
					n.CreatedAt, n.ExpiresAt = at, end
					return n
				})
				at = end
			}
		},
	}, {
		"the name of a token of an earlier epoch",
		"The name of a token of an earlier epoch passes to exactly one of many that are created at the same time.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "a")
			for range rounds {
				ada = f.endEpoch(ada, later(microsecond, "ada"))
				f.oneToken(apitoken.ErrExists, func(int) apitoken.NewToken {
					n := draft("ada", "a")
					n.Epoch = ada.Epoch
					return n
				})
			}
		},
	}, {
		"an id",
		"Of many tokens of one id with different digests, created at the same time, exactly one is inserted; the others are ErrExists.",
		func(f *fixture) {
			f.addUser("ada")
			for round := range rounds {
				id := newTokenID()
				f.oneToken(apitoken.ErrExists, func(i int) apitoken.NewToken {
					n := draft("ada", fmt.Sprint(round, " of ", i))
					n.ID = id
					return n
				})
			}
		},
	}, {
		"a digest",
		"Of many tokens of one digest with different ids, created at the same time, exactly one is inserted; the others are ErrExists.",
		func(f *fixture) {
			f.addUser("ada")
			for round := range rounds {
				digest := draft("ada", "").Digest
				f.oneToken(apitoken.ErrExists, func(i int) apitoken.NewToken {
					n := draft("ada", fmt.Sprint(round, " of ", i))
					n.Digest = digest
					return n
				})
			}
		},
	}, {
		"a revocation",
		"Of many concurrent revocations of one token exactly one reports a change; it is stored, and it alone has an event.",
		func(f *fixture) {
			f.addUser("ada")
			for round := range rounds {
				f.oneRevocation(f.addToken("ada", fmt.Sprint(round)))
			}
		},
	}, {
		"a name of many tokens",
		"Of many tokens of one owner that get one name at the same time exactly one gets it, with its event; the others are ErrExists.",
		func(f *fixture) {
			f.addUser("ada")
			for round := range rounds {
				f.oneName(fmt.Sprint("wanted in ", round))
			}
		},
	}, {
		"a change of a token",
		"Of many concurrent changes of a token that was read before all of them exactly one succeeds, with its event; the others are ErrConflict.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			for range rounds {
				n.Token = f.oneTokenChange(n)
			}
		},
	}, {
		"a new user",
		"Of many concurrent insertions of one user exactly one succeeds, with its event; the others are ErrExists.",
		func(f *fixture) {
			for round := range rounds {
				f.oneNewUser(apitoken.UserID(fmt.Sprint("user ", round)))
			}
		},
	}, {
		"a user at a revision",
		"Of many changes of one user at one revision exactly one succeeds, with its event; the others are ErrConflict.",
		func(f *fixture) {
			was := f.addUser("ada")
			for range rounds {
				was = f.oneChange(was)
			}
		},
	}, {
		"an epoch at a revision",
		"Of many that end one epoch at one revision exactly one succeeds, and the tokens have its revocation.",
		func(f *fixture) {
			was := f.addUser("ada")
			for round := range rounds {
				n := draft("ada", fmt.Sprint(round))
				n.Epoch = was.Epoch
				f.create(n)
				was = f.oneEpoch(was, n)
			}
		},
	}, {
		"a policy at a revision",
		"Of many that replace the policy at one revision, including zero, exactly one succeeds, with its event; the others are ErrConflict.",
		func(f *fixture) {
			for range rounds {
				f.onePolicy()
			}
		},
	}, {
		"a token repeated at the same time",
		"One CreateToken that is called many times at the same time returns nil each time, and is one token with one event.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				n := draft("ada", fmt.Sprint(round))
				e := generated(n)
				f.allTheSame(e, func() error { return f.store.CreateToken(f.Context(), n, 0, e) })
				f.wantToken(n, ada)
			}
		},
	}, {
		"a revocation repeated at the same time",
		"One RevokeToken that is called many times at the same time reports the change each time, and is one change with one event.",
		func(f *fixture) {
			f.addUser("ada")
			for round := range rounds {
				n, by := f.addToken("ada", fmt.Sprint(round)), later(microsecond, "ada")
				e := revoked(n, by)
				f.allTheSame(e, func() error {
					changed, err := f.store.RevokeToken(f.Context(), n.ID, by, e)
					if err == nil && !changed {
						err = errors.New("RevokeToken reports no change")
					}
					return err
				})
			}
		},
	}, {
		"a change of a token repeated at the same time",
		"One ChangeToken that is called many times at the same time returns nil each time, and is one change with one event.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				n := f.addToken("ada", fmt.Sprint(round))
				is := changed(n, fmt.Sprint(round, " and more"), "for releases")
				e := tokenChanged(n, is)
				f.allTheSame(e, func() error { return f.changesToken(n, is, e) })
				n.Token = is
				f.wantToken(n, ada)
			}
		},
	}, {
		"narrowings of one token at the same time",
		"However many calls narrow a token at the same time, it ends with what all of them keep, and their events follow one another.",
		narrowedAtOnce,
	}, {
		"a narrowing repeated at the same time",
		"One NarrowToken that is called many times at the same time returns nil each time, and is one change with one event.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				n := f.addToken("ada", fmt.Sprint(round))
				e := tokenNarrowed(n)
				is, want := apitoken.TokenNarrowing{Narrowing: apitoken.Narrowing{Keep: 7}}.Apply(n.Token, e)
				f.allTheSame(want, func() error { return f.narrows(n, n.Token, apitoken.Narrowing{Keep: 7}, e) })
				n.Token = is
				f.wantToken(n, ada)
			}
		},
	}, {
		"a new user repeated at the same time",
		"One CreateUser that is called many times at the same time returns nil each time, and is one user with one event.",
		func(f *fixture) {
			for round := range rounds {
				u := newUser(apitoken.UserID(fmt.Sprint("user ", round)))
				e := userCreated(u)
				f.allTheSame(e, func() error {
					_, err := f.store.CreateUser(f.Context(), u, e)
					return err
				})
				wantEqual(f, "User", u, f.user(u.ID))
			}
		},
	}, {
		"a user repeated at the same time",
		"One ChangeUser that is called many times at the same time returns nil each time, and is one change with one event.",
		func(f *fixture) {
			was := f.addUser("ada")
			for range rounds {
				end := apitoken.UserChange{EndEpoch: true, IfRevision: was.Revision}
				is, e := applied(was, end, ending("ada", later(microsecond, "ada")))
				f.allTheSame(e, func() error { return f.changes("ada", end, e) })
				wantEqual(f, "User", is, f.user("ada"))
				was = is
			}
		},
	}, {
		"a policy repeated at the same time",
		"One PutPolicy that is called many times at the same time returns nil each time, and is one change with one event.",
		func(f *fixture) {
			for range rounds {
				was := f.policy()
				is := newPolicy(was)
				e := policyPut(was, is)
				f.allTheSame(e, func() error { return f.store.PutPolicy(f.Context(), is, was.Revision, e) })
				wantEqual(f, "Policy", is, f.policy())
			}
		},
	}, {
		"denials repeated at the same time",
		"One AppendEvents that is called many times at the same time returns nil each time, and stores its events once.",
		func(f *fixture) {
			for range rounds {
				e := denied("ada")
				f.allTheSame(e, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{e}) })
			}
		},
	}}
}

// oneSucceeds lets the crowd try and returns the index of the one that succeeded. All others get the error, and the feed has only the
// winner's event.
func (f *fixture) oneSucceeds(lost error, try func(i int) (apitoken.Event, error)) (winner int) {
	f.Helper()
	feed := f.feed()
	var events [crowd]apitoken.Event
	var errs [crowd]error
	together(func(i int) {
		runtime.Gosched()
		events[i], errs[i] = try(i)
	})
	winner = -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			f.broken("tries %d and %d both succeeded, want one", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, lost):
			f.broken("try %d: error %v, want %v", i, err, lost)
		}
	}
	if winner < 0 {
		f.Fatalf("%s\nno try succeeded, want one", f.promise)
	}
	e := events[winner]
	e.Seq = apitoken.EventSeq(len(feed) + 1)
	wantEqual(f, "the feed", append(feed, e), f.feed())
	return winner
}

// oneToken lets the crowd create tokens of which only one can be stored.
func (f *fixture) oneToken(lost error, make func(i int) apitoken.NewToken) {
	f.Helper()
	var drafts [crowd]apitoken.NewToken
	for i := range drafts {
		drafts[i] = make(i)
	}
	before := f.tokens(apitoken.TokenQuery{AnyOwner: true})
	winner := f.oneSucceeds(lost, func(i int) (apitoken.Event, error) {
		e := generated(drafts[i])
		return e, f.store.CreateToken(f.Context(), drafts[i], 0, e)
	})
	f.wantToken(drafts[winner], f.user("ada"))
	if after := f.tokens(apitoken.TokenQuery{AnyOwner: true}); len(after) != len(before)+1 {
		f.broken("%d tokens were inserted, want one", len(after)-len(before))
	}
}

func (f *fixture) oneRevocation(n apitoken.NewToken) {
	f.Helper()
	late := errors.New("no change")
	by := func(i int) apitoken.Revocation {
		return later(time.Duration(i)*time.Minute, apitoken.UserID(fmt.Sprint("revoker ", i)))
	}
	winner := f.oneSucceeds(late, func(i int) (apitoken.Event, error) {
		e := revoked(n, by(i))
		changed, err := f.store.RevokeToken(f.Context(), n.ID, by(i), e)
		if err == nil && !changed {
			err = late
		}
		return e, err
	})
	n.RevokedAt, n.RevokedBy = by(winner).At, by(winner).By
	f.wantToken(n, f.user("ada"))
}

// oneName lets the crowd change the names of their tokens to one name.
func (f *fixture) oneName(name string) {
	f.Helper()
	var tokens [crowd]apitoken.NewToken
	for i := range tokens {
		tokens[i] = f.addToken("ada", fmt.Sprint(i, " of those for ", name))
	}
	winner := f.oneSucceeds(apitoken.ErrExists, func(i int) (apitoken.Event, error) {
		is := changed(tokens[i], name, "")
		e := tokenChanged(tokens[i], is)
		return e, f.changesToken(tokens[i], is, e)
	})
	tokens[winner].Name = name
	for _, n := range tokens {
		f.wantToken(n, f.user("ada"))
	}
}

func (f *fixture) oneTokenChange(n apitoken.NewToken) apitoken.Token {
	f.Helper()
	is := func(i int) apitoken.Token { return changed(n, fmt.Sprint(n.Name, i), fmt.Sprint("changed by ", i)) }
	winner := f.oneSucceeds(apitoken.ErrConflict, func(i int) (apitoken.Event, error) {
		e := tokenChanged(n, is(i))
		return e, f.changesToken(n, is(i), e)
	})
	n.Token = is(winner)
	f.wantToken(n, f.user("ada"))
	return n.Token
}

func (f *fixture) oneNewUser(id apitoken.UserID) {
	f.Helper()
	is := func(i int) apitoken.User {
		u := newUser(id)
		u.Name = fmt.Sprint("put by ", i)
		return u
	}
	winner := f.oneSucceeds(apitoken.ErrExists, func(i int) (apitoken.Event, error) {
		e := userCreated(is(i))
		_, err := f.store.CreateUser(f.Context(), is(i), e)
		return e, err
	})
	wantEqual(f, "User", is(winner), f.user(id))
}

func (f *fixture) oneChange(was apitoken.User) apitoken.User {
	f.Helper()
	to := func(i int) apitoken.UserChange {
		return apitoken.UserChange{Name: fmt.Sprintf("put by %d after %d", i, was.Revision), IfRevision: was.Revision}
	}
	winner := f.oneSucceeds(apitoken.ErrConflict, func(i int) (apitoken.Event, error) {
		_, e := applied(was, to(i), changing(was.ID))
		return e, f.changes(was.ID, to(i), e)
	})
	is, _ := applied(was, to(winner), changing(was.ID))
	wantEqual(f, "User", is, f.user(was.ID))
	return is
}

func (f *fixture) oneEpoch(was apitoken.User, n apitoken.NewToken) apitoken.User {
	f.Helper()
	by := func(i int) apitoken.Revocation {
		return later(time.Duration(i)*time.Minute, apitoken.UserID(fmt.Sprint("revoker ", i)))
	}
	end := apitoken.UserChange{EndEpoch: true, IfRevision: was.Revision}
	winner := f.oneSucceeds(apitoken.ErrConflict, func(i int) (apitoken.Event, error) {
		_, e := applied(was, end, ending(was.ID, by(i)))
		return e, f.changes(was.ID, end, e)
	})
	is, _ := applied(was, end, ending(was.ID, by(winner)))
	f.wantTokenRevoked(n, is, by(winner))
	return is
}

func (f *fixture) onePolicy() {
	f.Helper()
	was := f.policy()
	is := func(i int) apitoken.MaxLifetimePolicy {
		p := newPolicy(was)
		p.Max = apitoken.Days(i + 1)
		return p
	}
	winner := f.oneSucceeds(apitoken.ErrConflict, func(i int) (apitoken.Event, error) {
		e := policyPut(was, is(i))
		return e, f.store.PutPolicy(f.Context(), is(i), was.Revision, e)
	})
	wantEqual(f, "Policy", is(winner), f.policy())
}

// allTheSame lets the crowd repeat one write. It succeeds each time and is in the feed once.
func (f *fixture) allTheSame(e apitoken.Event, write func() error) {
	f.Helper()
	feed := f.feed()
	together(func(i int) {
		if err := write(); err != nil {
			f.broken("repetition %d: error %v", i, err)
		}
	})
	e.Seq = apitoken.EventSeq(len(feed) + 1)
	wantEqual(f, "the feed", append(feed, e), f.feed())
}
