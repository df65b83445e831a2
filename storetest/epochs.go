package storetest

import (
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// epochRules are about the revocation of all tokens of a user at once.
func epochRules() []rule {
	return []rule{{
		"raising the epoch revokes all tokens of the owner",
		"Raising the epoch revokes every token of the earlier one: Token and Tokens return the event's At and Actor.User, Lookup the epochs.",
		func(f *fixture) {
			ada := f.addUser("ada")
			all := []apitoken.NewToken{f.addToken("ada", "a"), f.addToken("ada", "b"), f.addToken("ada", "c")}
			ada = f.endEpoch(ada, later(time.Minute, "carol"))
			for _, n := range all {
				f.wantTokenRevoked(n, ada, later(time.Minute, "carol"))
			}
		},
	}, {
		"raising the epoch writes exactly its event",
		"Raising the epoch is one change with one event, whatever the number of tokens.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "a")
			f.addToken("ada", "b")
			end, e := apitoken.UserChange{EndEpoch: true}, ending("ada", later(time.Minute, "carol"))
			_, stored := applied(ada, end, e)
			f.wantEvent(stored, func() error { return f.changes("ada", end, e) })
		},
	}, {
		"Lookup leaves an ended epoch to the caller",
		"RevokedAt and RevokedBy of Lookup report only a revocation of this token; the caller compares Epoch with User.Epoch.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			f.endEpoch(ada, later(time.Minute, "carol"))
			rec := f.lookup(n.Digest)
			if rec.Epoch != 0 || rec.User.Epoch != 1 || !rec.Token.RevokedAt.IsZero() || rec.Token.RevokedBy != "" {
				f.broken("Lookup returns epoch %d, owner's epoch %d, revoked at %v by %q; want 0, 1, no time, \"\"",
					rec.Epoch, rec.User.Epoch, rec.Token.RevokedAt, rec.Token.RevokedBy)
			}
		},
	}, {
		"an epoch ended by the host has no revoker",
		"If the host itself ended the epoch, RevokedBy is empty and RevokedAt is set.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			ada = f.endEpoch(ada, later(time.Minute, ""))
			f.wantTokenRevoked(n, ada, later(time.Minute, ""))
		},
	}, {
		"an epoch ended by means of a token shows the user",
		"RevokedBy of the tokens of an ended epoch is the Actor.User of the event, even if they used a token.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			e := ending("ada", later(time.Minute, "carol"))
			e.Actor = apitoken.Actor{Kind: apitoken.ActorToken, User: "carol", Token: newTokenID()}
			ada = f.changeUserBy(ada, apitoken.UserChange{EndEpoch: true}, e)
			f.wantTokenRevoked(n, ada, later(time.Minute, "carol"))
		},
	}, {
		"an epoch may end in 1970",
		"1970-01-01T00:00:00Z is a time: tokens of an epoch that ended then are revoked.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			ada = f.endEpoch(ada, apitoken.Revocation{At: in1970, By: "carol"})
			f.wantTokenRevoked(n, ada, apitoken.Revocation{At: in1970, By: "carol"})
			f.wantNoRevocation(n, later(time.Hour, "ada"))
		},
	}, {
		"a token of the new epoch is active",
		"Raising the epoch revokes the tokens of the earlier epochs and no others.",
		func(f *fixture) {
			ada := f.addUser("ada")
			ada = f.endEpoch(ada, later(time.Minute, "carol"))
			n := draft("ada", "a")
			n.Epoch = ada.Epoch
			f.create(n)
			f.wantToken(n, ada)
		},
	}, {
		"each token shows the end of its own epoch",
		"After several epochs, each token has the time and the user that ended its own epoch.",
		severalEpochs,
	}, {
		"a token inserted with an earlier epoch is revoked at once",
		"A token of an earlier epoch than its owner's is inserted and has the revocation of its epoch.",
		func(f *fixture) {
			ada := f.addUser("ada")
			ada = f.endEpoch(ada, later(time.Minute, "carol"))
			n := draft("ada", "a")
			e := generated(n)
			f.wantEvent(e, func() error { return f.store.CreateToken(f.Context(), n, 0, e) })
			f.wantTokenRevoked(n, ada, later(time.Minute, "carol"))
		},
	}, {
		"a token inserted epochs late shows the end of its own epoch",
		"A token that is inserted several epochs late has the revocation of its own epoch, not of the last one.",
		func(f *fixture) {
			ada := f.addUser("ada")
			ended := []apitoken.Revocation{later(time.Minute, "carol"), later(2*time.Minute, ""), later(3*time.Minute, "bob")}
			for _, end := range ended {
				ada = f.endEpoch(ada, end)
			}
			for i, end := range ended {
				n := draft("ada", string(rune('a'+i)))
				n.Epoch = int64(i)
				f.create(n)
				f.wantTokenRevoked(n, ada, end)
			}
		},
	}, {
		"a token's own revocation precedes its epoch's",
		"A token that was revoked before its epoch ended keeps its revocation.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.revoke(f.addToken("ada", "a"), later(time.Minute, "ada"))
			ada = f.endEpoch(ada, later(2*time.Minute, "carol"))
			f.wantToken(n, ada)
		},
	}, {
		"a change of the user that keeps the epoch revokes nothing",
		"Only a higher epoch revokes tokens; another name or role and enabling do not.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			ada = f.changeUser(ada, apitoken.UserChange{Name: "Ada L.", Role: apitoken.RoleAdmin, Enable: true})
			f.wantToken(n, ada)
		},
	}, {
		"a refused change of the epoch revokes nothing",
		"A ChangeUser that is a conflict ends no epoch, neither for the stored tokens nor for later ones.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			changed := f.rename(ada, "Ada L.")
			f.wantRefused("ChangeUser", apitoken.ErrConflict, func() error {
				end := apitoken.UserChange{EndEpoch: true, IfRevision: ada.Revision}
				return f.changes("ada", end, ending("ada", later(time.Minute, "bob")))
			})
			f.wantToken(n, changed)
			changed = f.endEpoch(changed, later(2*time.Minute, "carol"))
			f.wantTokenRevoked(n, changed, later(2*time.Minute, "carol"))
		},
	}, {
		"enabling a user revives no token",
		"Tokens of an ended epoch stay revoked after any change of their owner.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			ada = f.changeUserBy(ada, apitoken.UserChange{Disable: true}, ending("ada", later(time.Minute, "carol")))
			f.wantTokenRevoked(n, ada, later(time.Minute, "carol"))
			ada = f.changeUser(ada, apitoken.UserChange{Enable: true})
			f.wantTokenRevoked(n, ada, later(time.Minute, "carol"))
		},
	}, {
		"a token that had expired stays expired",
		expiredStays,
		func(f *fixture) {
			ada := f.addUser("ada")
			end := later(time.Minute, "carol")
			gone, just, last := f.addExpiring("gone", base, 0), f.addExpiring("just", end.At, 0), f.addExpiring("last", end.At.Add(microsecond), 0)
			ada = f.endEpoch(ada, end)
			late := f.addExpiring("late", end.At.Add(-microsecond), 0)
			for _, n := range []apitoken.NewToken{gone, just, late} {
				f.wantToken(n, ada)
				f.wantNoRevocation(n, later(time.Hour, "bob"))
				f.wantToken(n, ada)
			}
			f.wantTokenRevoked(last, ada, end)
		},
	}, {
		"a token that had expired is selected as expired",
		expiredStays,
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addUser("bob")
			end := later(time.Minute, "carol")
			f.addExpiring("gone", base, 0)
			f.addExpiring("just", end.At, 0)
			f.addExpiring("last", end.At.Add(microsecond), 0)
			f.addExpiring("no expiration", noTime, 0)
			f.revoke(f.addExpiring("revoked", base, 0), later(time.Second, "bob"))
			f.endEpoch(ada, end)
			f.addExpiring("new", noTime, 1)
			f.addExpiring("new and gone", base, 1)
			for _, q := range []apitoken.TokenQuery{{Owner: "ada"}, {AnyOwner: true}, {AnyOwner: true, ExpiresBefore: far}} {
				now := end.At.Add(time.Hour)
				without := func(names ...string) []string { // what ExpiresBefore does not select
					return append([]string(nil), slices.DeleteFunc(names, func(name string) bool {
						return !q.ExpiresBefore.IsZero() && (name == "no expiration" || name == "new")
					})...)
				}
				for _, q.Limit = range []int{1, wholePage} {
					q.Status = apitoken.StatusExpired
					f.selectsAt(now, "the expired tokens", []string{"gone", "just", "new and gone"}, q)
					q.Status = apitoken.StatusRevoked
					f.selectsAt(now, "the revoked tokens", without("last", "no expiration", "revoked"), q)
					q.Status = apitoken.StatusActive
					f.selectsAt(now, "the active tokens", without("new"), q)
				}
			}
		},
	}, {
		"the epoch of one user is not that of another",
		"Raising the epoch of a user revokes no token of another.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			n, m := f.addToken("ada", "a"), f.addToken("bob", "a")
			ada = f.endEpoch(ada, later(time.Minute, "carol"))
			f.wantToken(m, bob)
			bob = f.endEpoch(bob, later(2*time.Minute, ""))
			f.wantTokenRevoked(n, ada, later(time.Minute, "carol"))
			f.wantTokenRevoked(m, bob, later(2*time.Minute, ""))
		},
	}}
}

func severalEpochs(f *fixture) {
	ada := f.addUser("ada")
	var all []apitoken.NewToken
	var ended []apitoken.Revocation
	for i, by := range []apitoken.UserID{"carol", "", "ada", "bob"} {
		n := draft("ada", "build")
		n.Epoch = ada.Epoch
		f.create(n)
		all = append(all, n)
		ended = append(ended, later(time.Duration(i+1)*time.Minute, by))
		ada = f.endEpoch(ada, ended[i])
	}
	for i, n := range all {
		f.wantTokenRevoked(n, ada, ended[i])
	}
}

const expiredStays = "A token that had expired when its epoch ended stays expired: Token and Tokens report no revocation, and Status agrees."

// addExpiring stores a token of ada.
func (f *fixture) addExpiring(name string, at time.Time, epoch int64) apitoken.NewToken {
	f.Helper()
	n := draft("ada", name)
	n.CreatedAt, n.ExpiresAt, n.Epoch = base.Add(-time.Hour), at, epoch
	f.create(n)
	return n
}
