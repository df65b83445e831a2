package storetest

import (
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// rotationRules are about tokens that replace others.
func rotationRules() []rule {
	return []rule{{
		"a rotation is read back",
		"After RotateToken all reads return the old token with its ReplacedBy and its new expiry, and the successor with its Replaces, unused.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "build")
			n.Kind, n.Resource, n.Description = "robot", "project:web", "for the nightly build"
			f.create(n)
			other := f.addToken("ada", "other")
			n.LastUsedAt = base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			was, is := f.rotate(recordOf(n, ada))
			f.wantRecord(was)
			f.wantRecord(is)
			f.wantToken(other, ada)
		},
	}, {
		"a rotation writes exactly its event",
		"The event of a RotateToken is stored with it, once, with all of its fields.",
		func(f *fixture) {
			r := rotationOf(f.held("ada", "a"))
			e := rotated(r)
			e.Before.ReplacedBy, e.After.Replaces, e.After.ReplacedExpiresAt = newTokenID(), newTokenID(), far
			f.wantEvent(e, func() error { return f.store.RotateToken(f.Context(), r, 0, e) })
		},
	}, {
		"an expiry never moves later",
		"RotateToken leaves the expiry of the old token if it is before that of the rotation. A token without an expiry gets that one.",
		func(f *fixture) {
			ada := f.addUser("ada")
			endless := draft("ada", "endless")
			endless.ExpiresAt = noTime
			f.create(endless)
			for _, n := range []apitoken.NewToken{f.addToken("ada", "a"), endless} {
				was, _ := f.rotateTo(rotationOf(recordOf(n, ada)), base.Add(2*time.Hour))
				f.wantRecord(was)
				was, _ = f.rotateTo(rotationOf(was), base.Add(3*time.Hour))
				f.wantRecord(was)
			}
		},
	}, {
		"a missing token is not rotated",
		"RotateToken of an unknown ID is ErrNotFound, and writes nothing.",
		func(f *fixture) {
			f.refusesRotation(apitoken.ErrNotFound, rotationOf(recordOf(draft("ada", "a"), f.addUser("ada"))))
		},
	}, {
		"a token that has changed is not rotated",
		"RotateToken is ErrConflict if the token has another Name, Description, Permissions or ReplacedBy than the caller has read.",
		func(f *fixture) {
			ada := f.addUser("ada")
			rec := recordOf(f.addToken("ada", "a"), ada)
			for _, change := range []func(*apitoken.Token){
				func(t *apitoken.Token) { t.Name = "A" },
				func(t *apitoken.Token) { t.Description = "x" },
				func(t *apitoken.Token) { t.Permissions = apitoken.GenerateOwn },
				func(t *apitoken.Token) { t.ReplacedBy = newTokenID() },
			} {
				read := rec
				change(&read.Token)
				f.refusesRotation(apitoken.ErrConflict, rotationOf(read))
			}
			f.rotate(rec)
			f.refusesRotation(apitoken.ErrConflict, rotationOf(rec))
		},
	}, {
		"a token that is not active is not rotated",
		"RotateToken is ErrConflict for a token that was revoked, itself or with its epoch, and from its ExpiresAt on, by the event's At.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			revoked := f.revoke(f.addToken("ada", "a"), later(microsecond, "ada"))
			ended := f.addToken("bob", "a")
			bob = f.endEpoch(bob, later(microsecond, "bob"))
			n := f.addToken("ada", "b")
			f.refusesRotation(apitoken.ErrConflict, rotationOf(recordOf(revoked, ada)))
			f.refusesRotation(apitoken.ErrConflict, rotationOf(recordOf(ended, bob)))
			r := rotationOf(recordOf(n, ada))
			r.Successor.CreatedAt = n.ExpiresAt
			f.refusesRotation(apitoken.ErrConflict, r)
			r.Successor.CreatedAt = n.ExpiresAt.Add(-microsecond)
			f.rotateTo(r, n.ExpiresAt)
		},
	}, {
		"the conditions of a new token hold for a successor",
		"RotateToken returns the error of CreateToken for the successor, and then writes nothing.",
		func(f *fixture) {
			ada := f.addUser("ada")
			rec := recordOf(f.addToken("ada", "a"), ada)
			held := f.addToken("ada", "b")
			for _, tt := range []struct {
				want   error
				change func(*apitoken.NewToken)
			}{
				{apitoken.ErrConflict, func(n *apitoken.NewToken) { n.OwnerRole = "another" }},
				{apitoken.ErrConflict, func(n *apitoken.NewToken) { n.CreatorRevision = ada.Revision + 1 }},
				{apitoken.ErrExists, func(n *apitoken.NewToken) { n.Name = held.Name }},
				{apitoken.ErrExists, func(n *apitoken.NewToken) { n.ID = held.ID }},
				{apitoken.ErrExists, func(n *apitoken.NewToken) { n.Digest = held.Digest }},
			} {
				r := rotationOf(rec)
				tt.change(&r.Successor)
				f.refusesRotation(tt.want, r)
			}
			f.setPolicy()
			r := rotationOf(rec)
			f.wantRefused("RotateToken", apitoken.ErrConflict, func() error { return f.store.RotateToken(f.Context(), r, 0, rotated(r)) })
			f.rotate(rec)
		},
	}, {
		"another rotation replaces an unused successor",
		"RotateToken of a token with an unused successor revokes that one, which holds no name and is replaced by the new one.",
		func(f *fixture) {
			rec := f.held("ada", "a")
			was, lost := f.rotate(rec)
			was, is := f.rotate(was)
			f.wantRecord(was)
			f.wantRecord(is)
			lost.Unused, lost.Token.ReplacedBy = false, is.Token.ID
			lost.Token.RevokedAt, lost.Token.RevokedBy = base, is.Token.CreatedBy
			f.wantRecord(lost)
			_, err := f.uses(lost)
			f.wantError("UseSuccessor of the lost successor", apitoken.ErrConflict, err)
			f.useFirst(is)
		},
	}, {
		"a successor that ended stays as it is",
		"RotateToken of a token whose successor was revoked, or removed, leaves that one.",
		func(f *fixture) {
			ada := f.addUser("ada")
			was, revoked := f.rotate(recordOf(f.addToken("ada", "a"), ada))
			n := apitoken.NewToken{Token: revoked.Token, Digest: revoked.Digest}
			revoked.Token = f.revoke(n, later(microsecond, "carol")).Token
			was, is := f.rotate(was)
			f.wantRecord(was)
			f.wantRecord(is)
			f.wantRecord(revoked)
		},
	}, {
		"a replaced token holds no name",
		"After RotateToken the successor holds the name. Without it the name is free, although the old token is active, and takes no room.",
		func(f *fixture) {
			_, is := f.rotate(f.held("ada", "a"))
			f.refuses(apitoken.ErrExists, draft("ada", "a"))
			f.revoke(apitoken.NewToken{Token: is.Token, Digest: is.Digest}, later(microsecond, "ada"))
			n := draft("ada", "a")
			n.MaxActive = 1
			f.create(n)
		},
	}, {
		"a rotation again",
		"RotateToken with a stored event returns nil and changes nothing, whatever happened since.",
		func(f *fixture) {
			r := rotationOf(f.held("ada", "a"))
			e := rotated(r)
			again := func() error { return f.store.RotateToken(f.Context(), r, 0, e) }
			f.wantEvent(e, again)
			f.wantRefused("RotateToken again", nil, again)
			_, is := afterRotation(r)
			f.useFirst(is)
			f.wantRefused("RotateToken again", nil, again)
		},
	}, {
		"the first use revokes the old token",
		"After UseSuccessor all reads return the old token revoked, and the successor as used. The event is stored, once, with all of its fields.",
		func(f *fixture) {
			was, is := f.rotate(f.held("ada", "a"))
			other := f.addToken("ada", "b")
			e := firstUse(is)
			f.wantEvent(e, func() error {
				first, err := f.usesBy(is, e)
				if err == nil && !first {
					f.broken("UseSuccessor does not report the first use")
				}
				return err
			})
			was.Token.RevokedAt, was.Token.RevokedBy, is.Unused = e.At, e.Actor.User, false
			f.wantRecord(was)
			f.wantRecord(is)
			f.wantToken(other, is.User)
		},
	}, {
		"a later use writes nothing",
		"UseSuccessor of a token that was used before reports no first use, and writes nothing. So it does for a token that replaces none.",
		func(f *fixture) {
			_, is := f.rotate(f.held("ada", "a"))
			plain := recordOf(f.addToken("ada", "b"), is.User)
			f.useFirst(is)
			for _, rec := range []apitoken.Record{is, plain} {
				f.wantUnchanged("UseSuccessor", func() {
					first, err := f.uses(rec)
					f.must("UseSuccessor", err)
					if first {
						f.broken("UseSuccessor reports a second first use")
					}
				})
			}
		},
	}, {
		"a first use again",
		"UseSuccessor with a stored event reports the first use and changes nothing.",
		func(f *fixture) {
			_, is := f.rotate(f.held("ada", "a"))
			e := firstUse(is)
			_, err := f.usesBy(is, e)
			f.must("UseSuccessor", err)
			f.wantUnchanged("UseSuccessor again", func() {
				first, err := f.usesBy(is, e)
				f.must("UseSuccessor again", err)
				if !first {
					f.broken("UseSuccessor again reports no first use")
				}
			})
		},
	}, {
		"an unused successor that was revoked is not used",
		"UseSuccessor is ErrConflict for a token that was revoked, itself or with its epoch, and ErrNotFound for one that does not exist.",
		func(f *fixture) {
			ada := f.addUser("ada")
			_, revoked := f.rotate(recordOf(f.addToken("ada", "a"), ada))
			f.revoke(apitoken.NewToken{Token: revoked.Token, Digest: revoked.Digest}, later(microsecond, "ada"))
			_, ended := f.rotate(f.held("bob", "a"))
			f.endEpoch(ended.User, later(microsecond, "bob"))
			missing := recordOf(draft("ada", "b"), ada)
			missing.Token.Replaces = revoked.Token.Replaces
			for want, recs := range map[error][]apitoken.Record{apitoken.ErrConflict: {revoked, ended}, apitoken.ErrNotFound: {missing}} {
				for _, rec := range recs {
					f.wantRefused("UseSuccessor", want, func() error {
						_, err := f.uses(rec)
						return err
					})
				}
			}
		},
	}, {
		"the first use after the old token ended",
		"UseSuccessor leaves an old token that was revoked as it is, does without one that was removed, and revokes one that has expired.",
		func(f *fixture) {
			ada := f.addUser("ada")
			was, is := f.rotate(recordOf(f.addToken("ada", "a"), ada))
			was.Token = f.revoke(apitoken.NewToken{Token: was.Token, Digest: was.Digest}, later(microsecond, "carol")).Token
			f.useFirst(is)
			f.wantRecord(was)
			was, is = f.rotate(recordOf(f.addToken("ada", "b"), ada))
			_, err := f.store.Remove(f.Context(), apitoken.Removal{Tokens: []apitoken.TokenID{was.Token.ID}}, newEvent(apitoken.ActionSweep, base))
			f.must("Remove", err)
			f.useFirst(is)
			r := rotationOf(recordOf(f.addToken("ada", "c"), ada))
			was, is = f.rotateTo(r, base.Add(microsecond))
			e := f.useFirst(is)
			was.Token.RevokedAt, was.Token.RevokedBy = e.At, e.Actor.User
			f.wantRecord(was)
		},
	}, {
		"a successor is rotated",
		"A successor is rotated like every other token. It is no longer unused then, and its old token is left as it is.",
		func(f *fixture) {
			first, second := f.rotate(f.held("ada", "a"))
			second, third := f.rotate(second)
			f.wantRecord(first)
			f.wantRecord(second)
			f.wantRecord(third)
			f.useFirst(third)
			f.wantRecord(first)
		},
	}}
}

// rotationWinners let many rotate and use tokens at the same time.
func rotationWinners() []rule {
	return []rule{{
		"a rotation",
		"Of many rotations of one token that were decided by the same record, made at the same time, exactly one succeeds; the others are ErrConflict.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				was := recordOf(f.addToken("ada", fmt.Sprint(round)), ada)
				var all [crowd]apitoken.Rotation
				for i := range all {
					all[i] = rotationOf(was)
				}
				winner := f.oneSucceeds(apitoken.ErrConflict, func(i int) (apitoken.Event, error) {
					e := rotated(all[i])
					return e, f.store.RotateToken(f.Context(), all[i], 0, e)
				})
				was, is := afterRotation(all[winner])
				f.wantRecord(was)
				f.wantRecord(is)
			}
		},
	}, {
		"a first use",
		"Of many first uses of one token at the same time, exactly one is the first, with its event; none fails.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				_, is := f.rotate(recordOf(f.addToken("ada", fmt.Sprint(round)), ada))
				events := len(f.feed())
				first := make([]bool, crowd)
				together(func(i int) {
					var err error
					if first[i], err = f.uses(is); err != nil {
						f.broken("UseSuccessor: %v", err)
					}
				})
				winners := 0
				for _, won := range first {
					if won {
						winners++
					}
				}
				if got := len(f.feed()) - events; winners != 1 || got != 1 {
					f.broken("%d calls report the first use, with %d events, want 1 with 1", winners, got)
				}
			}
		},
	}, {
		"a first use beside another rotation",
		"A first use and another rotation at the same time never both succeed: the old token ends, or the successor does.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				was, is := f.rotate(recordOf(f.addToken("ada", fmt.Sprint(round)), ada))
				r := rotationOf(was)
				var first bool
				var used, again error
				together(func(i int) {
					switch i {
					case 0:
						first, used = f.uses(is)
					case 1:
						again = f.store.RotateToken(f.Context(), r, 0, rotated(r))
					}
				})
				ended, lives := f.token(was.Token.ID).Token, f.token(is.Token.ID).Token
				if first != (used == nil) || (used == nil) == (again == nil) ||
					first != !ended.RevokedAt.IsZero() || first != lives.RevokedAt.IsZero() {
					f.broken("the first use returns %v, %v and the rotation %v; the old token is %+v, the successor %+v", first, used, again, ended, lives)
				}
			}
		},
	}}
}

// held adds a user with a token.
func (f *fixture) held(owner apitoken.UserID, name string) apitoken.Record {
	f.Helper()
	u := f.addUser(owner)
	return recordOf(f.addToken(owner, name), u)
}

// recordOf returns a token as Token returns it.
func recordOf(n apitoken.NewToken, owner apitoken.User) apitoken.Record {
	return apitoken.Record{Identity: apitoken.Identity{User: owner, Token: n.Token}, Digest: n.Digest, Epoch: n.Epoch}
}

// rotationOf returns a rotation at base that ends half an hour later.
func rotationOf(was apitoken.Record) apitoken.Rotation {
	n := draft(was.Token.Owner, was.Token.Name)
	n.Kind, n.Resource, n.Description, n.CreatedBy, n.CreatedWith = was.Token.Kind, was.Token.Resource, was.Token.Description, "carol", newTokenID()
	n.ExpiresAt, n.Epoch, n.Permissions = base.Add(2*time.Hour), was.Epoch, was.Token.Permissions
	return apitoken.Rotation{Was: was, ExpiresAt: base.Add(30 * time.Minute), Successor: n}
}

// afterRotation returns the two tokens after the rotation.
func afterRotation(r apitoken.Rotation) (was, is apitoken.Record) {
	was, is = r.Was, recordOf(r.Successor, r.Was.User)
	if was.Token.ExpiresAt.IsZero() || was.Token.ExpiresAt.After(r.ExpiresAt) {
		was.Token.ExpiresAt = r.ExpiresAt
	}
	was.Token.ReplacedBy, was.Unused = is.Token.ID, false
	is.Token.Replaces, is.Unused = was.Token.ID, true
	return was, is
}

// rotated returns the event of a RotateToken when the successor is created.
func rotated(r apitoken.Rotation) apitoken.Event {
	e := newEvent(apitoken.ActionRotate, r.Successor.CreatedAt)
	e.Owner, e.Token = r.Was.Token.Owner, r.Successor.ID
	e.After = apitoken.State{Name: r.Successor.Name, Replaces: r.Was.Token.ID, ReplacedExpiresAt: r.ExpiresAt}
	return e
}

// rotate rotates a token and returns both as they are afterwards.
func (f *fixture) rotate(rec apitoken.Record) (was, is apitoken.Record) {
	f.Helper()
	r := rotationOf(rec)
	return f.rotateTo(r, r.ExpiresAt)
}

// rotateTo is rotate with the new expiry of the old token.
func (f *fixture) rotateTo(r apitoken.Rotation, expiresAt time.Time) (was, is apitoken.Record) {
	f.Helper()
	r.ExpiresAt = expiresAt
	f.must("RotateToken", f.store.RotateToken(f.Context(), r, f.policy().Revision, rotated(r)))
	return afterRotation(r)
}

// refusesRotation checks that RotateToken returns the error and writes nothing.
func (f *fixture) refusesRotation(want error, r apitoken.Rotation) {
	f.Helper()
	revision := f.policy().Revision
	f.wantRefused("RotateToken", want, func() error { return f.store.RotateToken(f.Context(), r, revision, rotated(r)) })
}

// firstUse returns the event of a UseSuccessor a minute after base.
func firstUse(is apitoken.Record) apitoken.Event {
	e := newEvent(apitoken.ActionReplaced, base.Add(time.Minute))
	e.Actor = apitoken.Actor{Kind: apitoken.ActorToken, User: is.Token.Owner, Token: is.Token.ID}
	e.Owner, e.Token = is.Token.Owner, is.Token.Replaces
	e.After = apitoken.State{RevokedAt: e.At, ReplacedBy: is.Token.ID}
	return e
}

// uses calls UseSuccessor, from any goroutine.
func (f *fixture) uses(is apitoken.Record) (first bool, err error) { return f.usesBy(is, firstUse(is)) }

// usesBy is uses with the caller's event.
func (f *fixture) usesBy(is apitoken.Record, e apitoken.Event) (first bool, err error) {
	return f.store.UseSuccessor(f.Context(), is.Token.ID, is.Token.Replaces, apitoken.Revocation{At: e.At, By: e.Actor.User}, e)
}

// useFirst uses an unused successor for the first time, and returns the event.
func (f *fixture) useFirst(is apitoken.Record) apitoken.Event {
	f.Helper()
	e := firstUse(is)
	first, err := f.usesBy(is, e)
	f.must("UseSuccessor", err)
	if !first {
		f.Fatalf("%s\nUseSuccessor does not report the first use", f.promise)
	}
	return e
}

// wantRecord checks that all reads return the record, whose epoch has not ended.
func (f *fixture) wantRecord(rec apitoken.Record) {
	f.Helper()
	wantEqual(f, "the record of Lookup", rec, f.lookup(rec.Digest))
	wantEqual(f, "the record of Token", rec, f.token(rec.Token.ID))
	facts, err := f.store.Facts(f.Context(), apitoken.FactsQuery{Token: rec.Token.ID})
	f.must("Facts", err)
	if facts.Token == nil {
		f.broken("Facts lacks the token %s", rec.Token.ID)
		return
	}
	wantEqual(f, "the record of Facts", rec, *facts.Token)
	for _, t := range f.tokens(apitoken.TokenQuery{Owner: rec.Token.Owner}) {
		if t.ID == rec.Token.ID {
			wantEqual(f, "the token in Tokens", rec.Token, t)
			return
		}
	}
	f.broken("Tokens of its owner lacks the token %s", rec.Token.ID)
}
