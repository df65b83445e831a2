package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// revocationRules are about the revocation of one token.
func revocationRules() []rule {
	return []rule{{
		"a revoked token shows the revoker and the time",
		"RevokeToken writes the time and the revoker; Lookup, Token and Tokens show both.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.revoke(f.addToken("ada", "a"), later(time.Minute, "carol"))
			f.wantToken(n, ada)
		},
	}, {
		"a token revoked by the host shows no revoker",
		"A revocation by the host itself has a time and an empty RevokedBy.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.revoke(f.addToken("ada", "a"), later(time.Minute, ""))
			f.wantToken(n, ada)
		},
	}, {
		"revoking writes exactly its event",
		"The event of a RevokeToken is stored with it, once, with all of its fields.",
		func(f *fixture) {
			f.addUser("ada")
			n, by := f.addToken("ada", "a"), later(time.Minute, "ada")
			e := revoked(n, by)
			f.wantEvent(e, func() error {
				_, err := f.store.RevokeToken(f.Context(), n.ID, by, e)
				return err
			})
		},
	}, {
		"a missing token is not found",
		"RevokeToken of an unknown ID is ErrNotFound, and writes no event.",
		func(f *fixture) {
			f.addUser("ada")
			f.addToken("ada", "a")
			n := draft("ada", "b")
			f.wantRefused("RevokeToken", apitoken.ErrNotFound, func() error {
				changed, err := f.store.RevokeToken(f.Context(), n.ID, later(microsecond, "ada"), revoked(n, later(microsecond, "ada")))
				if changed {
					f.broken("RevokeToken of a missing token reports a change")
				}
				return err
			})
		},
	}, {
		"the first revocation stays",
		"A revoked token keeps its revocation: RevokeToken reports no change, and writes no event.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.revoke(f.addToken("ada", "a"), later(time.Minute, "ada"))
			for _, by := range []apitoken.Revocation{later(2*time.Minute, "carol"), later(0, "carol"), later(time.Minute, "")} {
				f.wantNoRevocation(n, by)
			}
			f.wantToken(n, ada)
		},
	}, {
		"an expired token can be revoked",
		"RevokeToken revokes an expired token like any other.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			n = f.revoke(n, apitoken.Revocation{At: n.ExpiresAt.Add(time.Hour), By: "ada"})
			f.wantToken(n, ada)
		},
	}, {
		"a token revoked with its epoch is not revoked again",
		"RevokeToken of a token that was revoked with its epoch reports no change, writes no event, and does not change Lookup.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			ada = f.endEpoch(ada, later(time.Minute, "carol"))
			f.wantNoRevocation(n, later(2*time.Minute, "ada"))
			f.wantTokenRevoked(n, ada, later(time.Minute, "carol"))
		},
	}, {
		"a token that was revoked on insertion is not revoked again",
		"RevokeToken of a token inserted with an earlier epoch reports no change, and writes no event.",
		func(f *fixture) {
			ada := f.addUser("ada")
			ada = f.endEpoch(ada, later(time.Minute, ""))
			n := f.addToken("ada", "a")
			f.wantNoRevocation(n, later(2*time.Minute, "ada"))
			f.wantTokenRevoked(n, ada, later(time.Minute, ""))
		},
	}, {
		"a token of the current epoch is revoked itself",
		"After an epoch has ended, RevokeToken of a token of the new one writes the revocation.",
		func(f *fixture) {
			ada := f.addUser("ada")
			ada = f.endEpoch(ada, later(time.Minute, "ada"))
			n := draft("ada", "a")
			n.Epoch = ada.Epoch
			f.create(n)
			n = f.revoke(n, later(2*time.Minute, "carol"))
			f.wantToken(n, ada)
		},
	}, {
		"revoking leaves the last use and all else",
		"RevokeToken changes only RevokedAt and RevokedBy of the token.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			n.LastUsedAt = base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			f.wantToken(f.revoke(n, later(time.Minute, "ada")), ada)
		},
	}, {
		"revoking one leaves the others",
		"RevokeToken changes one token, not another of the owner, of the same name or of another owner.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			one, two, other := f.addToken("ada", "a"), f.addToken("ada", "b"), f.addToken("bob", "a")
			f.revoke(one, later(time.Minute, "ada"))
			next := f.addToken("ada", "a")
			f.wantToken(two, ada)
			f.wantToken(next, ada)
			f.wantToken(other, bob)
		},
	}, {
		"a revocation before the creation of the token is stored unchanged",
		"A Store does not compare the time of a revocation with other times, because clocks differ.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.wantToken(f.revoke(f.addToken("ada", "a"), later(-time.Hour, "ada")), ada)
		},
	}}
}

// wantNoRevocation checks that RevokeToken of a revoked token reports no change and writes nothing.
func (f *fixture) wantNoRevocation(n apitoken.NewToken, by apitoken.Revocation) {
	f.Helper()
	f.wantUnchanged("RevokeToken of a revoked token", func() {
		changed, err := f.store.RevokeToken(f.Context(), n.ID, by, revoked(n, by))
		f.wantError("RevokeToken of a revoked token", nil, err)
		if changed {
			f.broken("RevokeToken of a revoked token reports a change")
		}
	})
}
