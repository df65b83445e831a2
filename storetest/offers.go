package storetest

import (
	"context"
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
