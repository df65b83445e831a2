package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// offerRules are about tokens that wait for their owner.
func offerRules() []rule {
	return append(append([]rule{{
		"an offer is read back with every field",
		"Offers returns every field of an offer as it was given to CreateOffer.",
		func(f *fixture) {
			f.addUser("ada")
			n := offerTo("ada", "build")
			n.Kind, n.Resource, n.Description = "robot", "project:web", "for the nightly build"
			n.Lifetime, n.ExpiresAt, n.NotAfter = 1<<53*microsecond+microsecond, far, far.Add(-microsecond)
			n.Permissions = 1<<63 | 1<<32 | apitoken.GenerateOwn
			n.OfferedBy, n.OfferedWith, n.Epoch, n.OwnerCreatedAt = "carol", newTokenID(), 1<<53+1, in1970
			unlimited := offerTo("ada", "Build ")
			unlimited.Lifetime = apitoken.NoExpiration
			f.offer(n)
			f.offer(unlimited)
			wantEqual(f, "Offers", []apitoken.Offer{n.Offer, unlimited.Offer}, f.offers())
		},
	}, {
		"offers are read by ID, by owner and in pages",
		"Offers returns the first q.Limit offers after q.After that meet every condition, by ID.",
		func(f *fixture) {
			var all []apitoken.Offer
			for i, owner := range []apitoken.UserID{"ada", "Ada", "ada "} {
				f.addUser(owner)
				for range 2 {
					all = append(all, f.offer(offerTo(owner, fmt.Sprint(i))).Offer)
				}
			}
			for what, c := range map[string]struct {
				q    apitoken.OfferQuery
				want []apitoken.Offer
			}{
				"all":             {apitoken.OfferQuery{Limit: 10}, all},
				"a page":          {apitoken.OfferQuery{Limit: 2, After: all[1].ID}, all[2:4]},
				"of an owner":     {apitoken.OfferQuery{Limit: 10, Owner: "ada"}, all[:2]},
				"of one, a page":  {apitoken.OfferQuery{Limit: 10, Owner: "Ada", After: all[2].ID}, all[3:4]},
				"by ID":           {apitoken.OfferQuery{Limit: 1, ID: all[4].ID}, all[4:5]},
				"by ID and owner": {apitoken.OfferQuery{Limit: 1, ID: all[4].ID, Owner: "ada"}, nil},
				"an unknown ID":   {apitoken.OfferQuery{Limit: 1, ID: newTokenID()}, nil},
			} {
				got, err := f.store.Offers(f.Context(), c.q)
				f.must("Offers", err)
				wantEqual(f, "Offers: "+what, append([]apitoken.Offer{}, c.want...), append([]apitoken.Offer{}, got...))
			}
		},
	}, {
		"an offer without its conditions is refused",
		"CreateOffer is ErrConflict, ErrNotFound, ErrExists or ErrTooMany as its contract says, and then writes nothing.",
		refusedOffers,
	}, {
		"offers that are not open take no room",
		"An offer that was claimed, has ended at the new offer's OfferedAt or is of an earlier epoch does not count for MaxOpen, and " +
			"neither does one to another owner.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addUser("bob")
			f.offer(offerTo("bob", "a"))
			claimed := f.offer(offerTo("ada", "a"))
			f.claim(f.claimOf(claimed, "ada"))
			ending := f.offer(offerTo("ada", "b"))
			n := offerTo("ada", "c")
			n.MaxOpen = 1
			n.OfferedAt = ending.ClaimBy.Add(-microsecond)
			f.wantRefused("CreateOffer", apitoken.ErrTooMany, func() error { return f.tryOffer(n) })
			n.OfferedAt = ending.ClaimBy
			f.offer(n)
			n = offerTo("ada", "d")
			n.MaxOpen, n.Epoch = 1, f.endEpoch(ada, later(microsecond, "ada")).Epoch
			f.offer(n)
		},
	}, {
		"a deleted offer is gone, and no other",
		"DeleteOffer deletes an offer that was not claimed. ErrNotFound: there is none. ErrConflict: it was claimed, and stays.",
		func(f *fixture) {
			f.addUser("ada")
			one, two, claimed := f.offer(offerTo("ada", "a")), f.offer(offerTo("ada", "b")), f.offer(offerTo("ada", "c"))
			f.claim(f.claimOf(claimed, "ada"))
			f.wantRefused("DeleteOffer", apitoken.ErrConflict, func() error { return f.deleteOffer(claimed, withdrawn(claimed)) })
			e := withdrawn(one)
			f.wantEvent(e, func() error { return f.deleteOffer(one, e) })
			got := f.offers()
			if len(got) != 2 || got[0] != two.Offer {
				f.broken("Offers after DeleteOffer is %v, want %v and the one that was claimed", got, two.Offer)
			}
			f.wantRefused("DeleteOffer", apitoken.ErrNotFound, func() error { return f.deleteOffer(one, withdrawn(one)) })
			f.wantRefused("ClaimOffer", apitoken.ErrNotFound, func() error { return f.tryClaim(f.claimOf(one, "ada")) })
		},
	}, {
		"removed offers are gone, and no others",
		"Remove deletes the offers that it is given, claimed or not, and no token. Offers that do not exist are skipped.",
		func(f *fixture) {
			f.addUser("ada")
			one, two, claimed := f.offer(offerTo("ada", "a")), f.offer(offerTo("ada", "b")), f.offer(offerTo("ada", "c"))
			f.claim(f.claimOf(claimed, "ada"))
			tokens := f.tokens(apitoken.TokenQuery{AnyOwner: true})
			r := apitoken.Removal{Offers: []apitoken.TokenID{one.ID, claimed.ID, newTokenID()}}
			f.wantRemoved(apitoken.Removed{Offers: 2}, r, removing())
			wantEqual(f, "Offers", []apitoken.Offer{two.Offer}, f.offers())
			wantEqual(f, "Tokens", tokens, f.tokens(apitoken.TokenQuery{AnyOwner: true}))
			f.wantUnchanged("Remove", func() { f.wantRemoved(apitoken.Removed{}, r, removing()) })
		},
	}, {
		"a user is forgotten in offers",
		"With f.Rest, the offers to the user are gone, and f.Offer replaces who made and who claimed the others.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addUser("bob")
			f.offer(offerTo("ada", "a"))
			byAda, untouched := offerTo("bob", "a"), offerTo("bob", "b")
			byAda.OfferedBy = "ada"
			f.offer(byAda)
			f.offer(untouched)
			claimed := f.offer(offerTo("bob", "c"))
			f.claim(f.claimOf(claimed, "ada"))
			forgetting := forgettingOf(ada)
			forgetting.Rest = true
			var want []apitoken.Offer
			for _, o := range f.offers()[1:] {
				want = append(want, forgetting.Offer(o))
			}
			f.forget(forgetting)
			wantEqual(f, "Offers", want, f.offers())
		},
	}}, claimRules()...), claimWinners()...)
}

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

func refusedOffers(f *fixture) {
	ada := f.addUser("ada")
	root := f.addUser("root")
	held := f.offer(offerTo("ada", "a"))
	for _, c := range []struct {
		want error
		edit func(*apitoken.NewOffer)
	}{
		{apitoken.ErrConflict, func(n *apitoken.NewOffer) { n.OfferedBy, n.CreatorRevision = "root", root.Revision+1 }},
		{apitoken.ErrConflict, func(n *apitoken.NewOffer) { n.OfferedBy, n.CreatorRevision, n.Owner = "nobody", 1, "no one" }},
		{apitoken.ErrNotFound, func(n *apitoken.NewOffer) { n.Owner = "no one" }},
		{apitoken.ErrExists, func(n *apitoken.NewOffer) { n.ID, n.MaxOpen = held.ID, 1 }},
		{apitoken.ErrTooMany, func(n *apitoken.NewOffer) { n.MaxOpen = 1 }},
	} {
		n := offerTo(ada.ID, "a")
		c.edit(&n)
		f.wantRefused("CreateOffer", c.want, func() error { return f.tryOffer(n) })
	}
	n := offerTo("ada", "a")
	n.OfferedBy, n.CreatorRevision, n.MaxOpen = "root", root.Revision, 2
	e := offered(n)
	f.wantEvent(e, func() error { return f.store.CreateOffer(f.Context(), n, e) })
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

// offerTo returns an offer of the first epoch that can be claimed until an hour after base, and is not stored yet.
func offerTo(owner apitoken.UserID, name string) apitoken.NewOffer {
	return apitoken.NewOffer{
		Offer: apitoken.Offer{
			PendingToken: apitoken.PendingToken{
				ID: newTokenID(), Owner: owner, Name: name, Kind: apitoken.KindUser, Permissions: apitoken.Unlimited, OfferedAt: base, OfferedBy: "root",
				ClaimBy: base.Add(time.Hour),
			},
			OwnerCreatedAt: base,
		},
		MaxOpen: 100,
	}
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

// offer stores an offer.
func (f *fixture) offer(n apitoken.NewOffer) apitoken.NewOffer {
	f.Helper()
	f.must("CreateOffer", f.tryOffer(n))
	return n
}

func (f *fixture) tryOffer(n apitoken.NewOffer) error {
	f.Helper()
	return f.store.CreateOffer(f.Context(), n, offered(n))
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

func (f *fixture) deleteOffer(n apitoken.NewOffer, e apitoken.Event) error {
	return f.store.DeleteOffer(f.Context(), n.ID, e)
}

// offers reads all pages of offers.
func (f *fixture) offers() []apitoken.Offer {
	f.Helper()
	q := apitoken.OfferQuery{Limit: wholePage}
	return readPages(f, "Offers", q.Limit, func(last *apitoken.Offer) ([]apitoken.Offer, error) {
		if last != nil {
			q.After = last.ID
		}
		return f.store.Offers(f.Context(), q)
	})
}

func offered(n apitoken.NewOffer) apitoken.Event {
	e := newEvent(apitoken.ActionOffer, n.OfferedAt)
	e.Owner, e.Token, e.Reason = n.Owner, n.ID, "to be claimed soon"
	e.After = apitoken.State{Name: n.Name, Kind: n.Kind}
	return e
}

func claimedEvent(c apitoken.OfferClaim) apitoken.Event {
	e := generated(c.NewToken)
	e.Action, e.Actor = apitoken.ActionClaim, actor(c.By)
	return e
}

func withdrawn(n apitoken.NewOffer) apitoken.Event {
	e := newEvent(apitoken.ActionWithdraw, base.Add(time.Minute))
	e.Owner, e.Token = n.Owner, n.ID
	e.Before = apitoken.State{Name: n.Name, Kind: n.Kind}
	return e
}

// offerWrites are the writes of offers, for the rules about all writes.
func offerWrites() []recordedWrite {
	return []recordedWrite{
		{"CreateOffer", func(f *fixture, i int) attempt {
			n := offerTo(f.addNumbered(i), "a")
			e := offered(n)
			return attempt{e, func(ctx context.Context) error { return f.store.CreateOffer(ctx, n, e) }, func() bool { return f.hasOffer(n.ID) }}
		}},
		{"ClaimOffer", func(f *fixture, i int) attempt {
			c := f.claimOf(f.offer(offerTo(f.addNumbered(i), "a")), "user "+apitoken.UserID(fmt.Sprint(i)))
			e := claimedEvent(c)
			return attempt{e, func(ctx context.Context) error { return f.store.ClaimOffer(ctx, c, 0, e) }, func() bool {
				_, err := f.store.Token(f.Context(), c.ID)
				return f.exists(err)
			}}
		}},
		{"ClaimOffer again", func(f *fixture, i int) attempt {
			c := f.claimOf(f.offer(offerTo(f.addNumbered(i), "a")), "user "+apitoken.UserID(fmt.Sprint(i)))
			f.claim(c)
			c = claimAgain(c)
			e := claimedEvent(c)
			return attempt{e, func(ctx context.Context) error { return f.store.ClaimOffer(ctx, c, 0, e) }, func() bool {
				_, err := f.store.Lookup(f.Context(), c.Digest)
				return f.exists(err)
			}}
		}},
		{"DeleteOffer", func(f *fixture, i int) attempt {
			n := f.offer(offerTo(f.addNumbered(i), "a"))
			e := withdrawn(n)
			return attempt{e, func(ctx context.Context) error { return f.store.DeleteOffer(ctx, n.ID, e) }, func() bool { return !f.hasOffer(n.ID) }}
		}},
	}
}

func (f *fixture) hasOffer(id apitoken.TokenID) bool {
	f.Helper()
	found, err := f.store.Offers(f.Context(), apitoken.OfferQuery{ID: id, Limit: 1})
	f.must("Offers", err)
	return len(found) == 1
}
