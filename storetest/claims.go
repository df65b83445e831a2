package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// claimRules are about the token that takes the place of an offer.
func claimRules() []rule {
	return []rule{{
		"a claim makes the token of the offer",
		"ClaimOffer inserts the token with every field, and the offer shows when and by whom it was claimed. Both come with one event.",
		func(f *fixture) {
			ada := f.addUser("ada")
			o := f.offer(offerTo("ada", "a"))
			f.offer(offerTo("ada", "b"))
			c := f.claimOf(o, "ada")
			c.Permissions = apitoken.GenerateOwn
			c.CreatedBy, c.CreatedWith, c.Resource, c.Description = "carol", newTokenID(), "project:web", "for releases"
			e := claimedEvent(c)
			f.wantEvent(e, func() error { return f.store.ClaimOffer(f.Context(), c, f.policy().Revision, e) })
			f.wantToken(c.NewToken, ada)
			o.ClaimedAt, o.ClaimedBy = c.CreatedAt, "ada"
			wantEqual(f, "the claimed offer", o.Offer, f.offers()[0])
			if f.offers()[1].Claimed() {
				f.broken("another offer is claimed too")
			}
		},
	}, {
		"a claim without its conditions is refused",
		"ClaimOffer is ErrNotFound, ErrConflict, ErrExists or ErrTooMany as its contract says. It then writes nothing: the offer stays open.",
		refusedClaims,
	}, {
		"a claim takes the name of an expired token",
		"ClaimOffer takes a name as CreateToken does.",
		func(f *fixture) {
			ada := f.addUser("ada")
			held := f.addToken("ada", "a")
			c := f.claimOf(f.offer(offerTo("ada", "a")), "ada")
			f.wantRefused("ClaimOffer", apitoken.ErrExists, func() error { return f.tryClaim(c) })
			c.CreatedAt, c.ExpiresAt = held.ExpiresAt, held.ExpiresAt.Add(time.Hour)
			f.claim(c)
			f.wantToken(c.NewToken, ada)
		},
	}, {
		"a claim again replaces the digest and the hint",
		"ClaimOffer with Replaces replaces the digest and the hint of the token and nothing else. The digest before is not found.",
		func(f *fixture) {
			ada := f.addUser("ada")
			other := f.addToken("ada", "b")
			first := f.claimOf(f.offer(offerTo("ada", "a")), "ada")
			f.claim(first)
			offers := f.offers()
			f.setPolicy() // of no concern
			again := claimAgain(first)
			again.Name, again.ExpiresAt, again.CreatedAt = "another", far, base.Add(time.Minute)
			e := claimedEvent(again)
			f.wantEvent(e, func() error { return f.store.ClaimOffer(f.Context(), again, 0, e) })
			is := first.NewToken
			is.Digest, is.Hint = again.Digest, again.Hint
			f.wantToken(is, ada)
			f.wantToken(other, ada)
			_, err := f.store.Lookup(f.Context(), first.Digest)
			f.wantError("Lookup of the digest before", apitoken.ErrNotFound, err)
			wantEqual(f, "Offers", offers, f.offers())
			f.refuses(apitoken.ErrExists, draft("ada", "a"))
		},
	}, {
		"a claim again without its conditions is refused",
		"ClaimOffer with Replaces is ErrConflict if the token has another digest, was revoked or has a LastUsedAt, or if a user is at another revision.",
		func(f *fixture) {
			f.addUser("ada")
			refused := func(c apitoken.OfferClaim) {
				f.Helper()
				f.wantRefused("ClaimOffer again", apitoken.ErrConflict, func() error { return f.tryClaim(c) })
			}
			claimed := func(name string) apitoken.OfferClaim {
				c := f.claimOf(f.offer(offerTo("ada", name)), "ada")
				f.claim(c)
				return claimAgain(c)
			}
			open := claimAgain(f.claimOf(f.offer(offerTo("ada", "open")), "ada"))
			refused(open)
			c := claimed("a")
			c.Replaces[0]++
			refused(c)
			c = claimed("b")
			c.ByRevision++
			refused(c)
			c = claimed("c")
			c.OwnerRevision++
			refused(c)
			c = claimed("d")
			f.touch(base.Add(time.Second), c.NewToken)
			refused(c)
			c = claimed("e")
			f.revoke(c.NewToken, later(microsecond, "ada"))
			refused(c)
		},
	}, {
		"an offer, its claim and its end again",
		"CreateOffer, ClaimOffer and DeleteOffer with a stored event return nil and change nothing, whatever happened since.",
		func(f *fixture) {
			f.addUser("ada")
			n, gone := offerTo("ada", "a"), f.offer(offerTo("ada", "b"))
			offerEvent, deleteEvent := offered(n), withdrawn(gone)
			offer := func() error { return f.store.CreateOffer(f.Context(), n, offerEvent) }
			end := func() error { return f.deleteOffer(gone, deleteEvent) }
			f.must("CreateOffer", offer())
			c := f.claimOf(n, "ada")
			claimEvent := claimedEvent(c)
			claim := func() error { return f.store.ClaimOffer(f.Context(), c, 0, claimEvent) }
			again := func(what string, writes ...func() error) {
				for _, write := range writes {
					f.wantUnchanged(what, func() { f.must(what, write()) })
				}
			}
			again("CreateOffer again", offer)
			f.must("ClaimOffer", claim())
			f.must("DeleteOffer", end())
			again("a write again", offer, claim, end)
			f.claim(claimAgain(c))
			f.setPolicy()
			again("a write again, after the token has another digest", offer, claim, end)
		},
	}}
}

// claimWinners let many claim one offer.
func claimWinners() []rule {
	return []rule{{
		"one of many claims",
		"Of many claims of one offer at the same time exactly one succeeds, with its event; the others are ErrConflict.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				n := f.offer(offerTo("ada", fmt.Sprint(round)))
				f.oneClaim(ada, func(int) apitoken.OfferClaim { return f.claimOf(n, "ada") })
			}
		},
	}, {
		"one of many claims again",
		"Of many claims at the same time that replace one digest exactly one succeeds, with its event; the others are ErrConflict.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for round := range rounds {
				c := f.claimOf(f.offer(offerTo("ada", fmt.Sprint(round))), "ada")
				f.claim(c)
				f.oneClaim(ada, func(int) apitoken.OfferClaim { return claimAgain(c) })
			}
		},
	}, {
		"a claim or the end of the offer",
		"Of many calls of ClaimOffer and DeleteOffer for one offer at the same time exactly one succeeds, with its event.",
		func(f *fixture) {
			f.addUser("ada")
			for round := range rounds {
				n := f.offer(offerTo("ada", fmt.Sprint(round)))
				c := f.claimOf(n, "ada")
				f.oneSucceeds(apitoken.ErrConflict, func(i int) (e apitoken.Event, err error) {
					if i%2 == 0 {
						e = withdrawn(n)
						err = f.deleteOffer(n, e)
					} else {
						c := claimAgain(c)
						c.Replaces = apitoken.Digest{}
						e = claimedEvent(c)
						err = f.store.ClaimOffer(f.Context(), c, 0, e)
					}
					if errors.Is(err, apitoken.ErrNotFound) { // it was deleted
						err = apitoken.ErrConflict
					}
					return e, err
				})
			}
		},
	}}
}

// oneClaim lets the crowd claim and checks that the token is that of the winner.
func (f *fixture) oneClaim(owner apitoken.User, make func(i int) apitoken.OfferClaim) {
	f.Helper()
	var claims [crowd]apitoken.OfferClaim
	for i := range claims {
		claims[i] = make(i)
		claims[i].Digest[0] = byte(i)
	}
	winner := f.oneSucceeds(apitoken.ErrConflict, func(i int) (apitoken.Event, error) {
		e := claimedEvent(claims[i])
		return e, f.store.ClaimOffer(f.Context(), claims[i], 0, e)
	})
	f.wantToken(claims[winner].NewToken, owner)
	for i, c := range claims {
		if i != winner {
			_, err := f.store.Lookup(f.Context(), c.Digest)
			f.wantError("Lookup of the digest of a claim that lost", apitoken.ErrNotFound, err)
		}
	}
}

func refusedClaims(f *fixture) {
	ada := f.addUser("ada")
	f.addUser("root")
	held := f.addToken("ada", "held")
	n := f.offer(offerTo("ada", "a"))
	done := f.claimOf(f.offer(offerTo("ada", "b")), "ada")
	f.claim(done)
	for _, c := range []struct {
		want error
		edit func(*apitoken.OfferClaim)
	}{
		{apitoken.ErrNotFound, func(c *apitoken.OfferClaim) { c.ID, c.OwnerRevision = newTokenID(), 7 }},
		{apitoken.ErrConflict, func(c *apitoken.OfferClaim) { c.ID, c.Name = done.ID, "b" }},
		{apitoken.ErrConflict, func(c *apitoken.OfferClaim) { c.OwnerRevision++ }},
		{apitoken.ErrConflict, func(c *apitoken.OfferClaim) { c.ByRevision++ }},
		{apitoken.ErrConflict, func(c *apitoken.OfferClaim) { c.By, c.Name = "root", "held"; c.ByRevision++ }},
		{apitoken.ErrConflict, func(c *apitoken.OfferClaim) { c.By, c.ByRevision = "nobody", 0 }},
		{apitoken.ErrExists, func(c *apitoken.OfferClaim) { c.Name = "held" }},
		{apitoken.ErrExists, func(c *apitoken.OfferClaim) { c.Digest = held.Digest }},
		{apitoken.ErrTooMany, func(c *apitoken.OfferClaim) { c.MaxActive = 2 }},
	} {
		claim := f.claimOf(n, ada.ID)
		c.edit(&claim)
		f.wantRefused("ClaimOffer", c.want, func() error { return f.tryClaim(claim) })
	}
	f.setPolicy()
	f.wantRefused("ClaimOffer at another policy", apitoken.ErrConflict, func() error {
		claim := f.claimOf(n, "ada")
		return f.store.ClaimOffer(f.Context(), claim, f.policy().Revision-1, claimedEvent(claim))
	})
	claim := f.claimOf(n, "root")
	claim.MaxActive = 3
	f.claim(claim)
}

// claimOf returns a claim of an offer by a user, at the present revisions of both users.
func (f *fixture) claimOf(n apitoken.NewOffer, by apitoken.UserID) apitoken.OfferClaim {
	f.Helper()
	token := draft(n.Owner, n.Name)
	token.ID, token.Kind, token.Epoch = n.ID, n.Kind, n.Epoch
	token.CreatedBy = n.OfferedBy
	return apitoken.OfferClaim{
		NewToken: token, By: by, ByRevision: f.user(by).Revision, OwnerRevision: f.user(n.Owner).Revision,
	}
}

// claimAgain returns the claim that replaces the digest of another one.
func claimAgain(c apitoken.OfferClaim) apitoken.OfferClaim {
	c.Replaces = c.Digest
	id := newTokenID()
	c.Digest, c.Hint = sha256.Sum256(id[:]), "tok_...abcd"
	return c
}

// claim stores a claim at the present policy.
func (f *fixture) claim(c apitoken.OfferClaim) {
	f.Helper()
	f.must("ClaimOffer", f.tryClaim(c))
}

func (f *fixture) tryClaim(c apitoken.OfferClaim) error {
	f.Helper()
	return f.store.ClaimOffer(f.Context(), c, f.policy().Revision, claimedEvent(c))
}

func claimedEvent(c apitoken.OfferClaim) apitoken.Event {
	e := generated(c.NewToken)
	e.Action, e.Actor = apitoken.ActionClaim, actor(c.By)
	return e
}
