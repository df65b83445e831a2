package storetest_test

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// offering is a sound store with other implementations of the methods of offers.
type offering struct {
	apitoken.Store
	offer  func(apitoken.NewOffer, apitoken.Event) error
	claim  func(apitoken.OfferClaim, int64, apitoken.Event) error
	end    func(apitoken.TokenID, apitoken.Event) error // DeleteOffer
	shown  func(*apitoken.Offer)
	remove func(apitoken.Removal, apitoken.Event) (apitoken.Removed, error)
}

func (o offering) CreateOffer(ctx context.Context, n apitoken.NewOffer, e apitoken.Event) error {
	if o.offer == nil || ctx.Err() != nil {
		return o.Store.CreateOffer(ctx, n, e)
	}
	return o.offer(n, e)
}

func (o offering) ClaimOffer(ctx context.Context, c apitoken.OfferClaim, revision int64, e apitoken.Event) error {
	if o.claim == nil || ctx.Err() != nil {
		return o.Store.ClaimOffer(ctx, c, revision, e)
	}
	return o.claim(c, revision, e)
}

func (o offering) DeleteOffer(ctx context.Context, id apitoken.TokenID, e apitoken.Event) error {
	if o.end == nil || ctx.Err() != nil {
		return o.Store.DeleteOffer(ctx, id, e)
	}
	return o.end(id, e)
}

func (o offering) Offers(ctx context.Context, q apitoken.OfferQuery) ([]apitoken.Offer, error) {
	page, err := o.Store.Offers(ctx, q)
	for i := range page {
		edit(o.shown, &page[i])
	}
	return page, err
}

func (o offering) Remove(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
	if o.remove == nil || ctx.Err() != nil {
		return o.Store.Remove(ctx, r, e)
	}
	return o.remove(r, e)
}

// brokenOffers returns stores that give a token to two callers, or to the wrong one.
func brokenOffers() []broken {
	const (
		refused      = "offers/a claim without its conditions is refused"
		refusedAgain = "offers/a claim again without its conditions is refused"
		oneClaim     = "offers/one of many claims"
	)
	make := func(name, bug string, found []string, o func(s apitoken.Store) offering) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store {
			is := o(s)
			is.Store = s
			return is
		}}
	}
	claiming := func(name, bug string, found []string, claim func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error) broken {
		return make(name, bug, found, func(s apitoken.Store) offering {
			return offering{claim: func(c apitoken.OfferClaim, rev int64, e apitoken.Event) error { return claim(s, c, rev, e) }}
		})
	}
	// present returns the claim that replaces what the token has now.
	present := func(s apitoken.Store, c apitoken.OfferClaim) apitoken.OfferClaim {
		if rec, err := s.Token(background, c.ID); err == nil {
			c.Replaces = rec.Digest
		}
		return c
	}
	return []broken{
		make("loses the epoch of an offer", "stores offers without Epoch", []string{"offers/an offer is read back with every field"},
			func(apitoken.Store) offering { return offering{shown: func(o *apitoken.Offer) { o.Epoch = 0 }} }),
		make("loses the last digits of a lifetime", "stores the Lifetime of an offer as a float",
			[]string{"offers/an offer is read back with every field"},
			func(apitoken.Store) offering {
				return offering{shown: func(o *apitoken.Offer) { o.Lifetime -= o.Lifetime % 1000000 }}
			}),
		make("counts every offer", "counts offers that are not open",
			[]string{"offers/offers that are not open take no room"},
			func(s apitoken.Store) offering {
				return offering{offer: func(n apitoken.NewOffer, e apitoken.Event) error {
					all, err := s.Offers(background, apitoken.OfferQuery{Owner: n.Owner, Limit: 1000})
					if err == nil && n.MaxOpen < 100 && len(all) >= n.MaxOpen {
						return apitoken.ErrTooMany
					}
					return errors.Join(err, s.CreateOffer(background, n, e))
				}}
			}),
		make("counts no offers", "inserts more offers than MaxOpen", []string{"offers/an offer without its conditions is refused"},
			func(s apitoken.Store) offering {
				return offering{offer: func(n apitoken.NewOffer, e apitoken.Event) error {
					n.MaxOpen = 1000
					return s.CreateOffer(background, n, e)
				}}
			}),
		make("ends a claimed offer", "returns nil for the end of an offer that was claimed",
			[]string{"offers/a deleted offer is gone, and no other", "offers/a claim or the end of the offer"},
			func(s apitoken.Store) offering {
				claiming := order{under: "offers/a claim or the end of the offer"}
				return offering{
					claim: func(c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
						defer claiming.done(c.ID.String())
						return s.ClaimOffer(background, c, rev, e)
					},
					end: func(id apitoken.TokenID, e apitoken.Event) error {
						claiming.await(id.String())
						if err := s.DeleteOffer(background, id, e); !errors.Is(err, apitoken.ErrConflict) {
							return err
						}
						return nil
					},
				}
			}),
		make("removes every offer", "removes all offers instead of those that it is given",
			[]string{"offers/removed offers are gone, and no others"},
			func(s apitoken.Store) offering {
				return offering{remove: func(r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
					all, err := s.Offers(background, apitoken.OfferQuery{Limit: 1000})
					for _, o := range all {
						if len(r.Offers) > 0 {
							r.Offers = append(r.Offers, o.ID)
						}
					}
					removed, removeErr := s.Remove(background, r, e)
					return removed, errors.Join(err, removeErr)
				}}
			}),
		make("forgets no offerer", "leaves the ID of a user who is forgotten in offers", []string{"offers/a user is forgotten in offers"},
			func(apitoken.Store) offering {
				return offering{shown: func(o *apitoken.Offer) {
					if o.OfferedBy == "forgotten-1" {
						o.OfferedBy = "ada"
					}
				}}
			}),

		claiming("claims for a user who has changed", "ignores the revisions of the owner and of the claimer", []string{refused, refusedAgain},
			func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
				if owner, err := s.User(background, c.Owner); err == nil {
					c.OwnerRevision = owner.Revision
				}
				if by, err := s.User(background, c.By); err == nil {
					c.ByRevision = by.Revision
				}
				return s.ClaimOffer(background, c, rev, e)
			}),
		claiming("claims at any policy", "ignores the revision of the policy", []string{refused},
			func(s apitoken.Store, c apitoken.OfferClaim, _ int64, e apitoken.Event) error {
				p, err := s.Policy(background)
				if err != nil {
					return err
				}
				return s.ClaimOffer(background, c, p.Revision, e)
			}),
		claiming("claims without room", "ignores MaxActive", []string{refused},
			func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
				c.MaxActive = 0
				return s.ClaimOffer(background, c, rev, e)
			}),
		claiming("claims twice", "reads whether an offer was claimed, and then makes a token of it whatever happened meanwhile",
			[]string{oneClaim}, claimsTwice(present)),
		claiming("replaces any digest", "replaces the digest that the token has, and not the one that the caller has read",
			[]string{refusedAgain, "offers/one of many claims again"},
			func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
				if c.Again() {
					c = present(s, c)
				}
				return s.ClaimOffer(background, c, rev, e)
			}),
		claiming("claims a used token again", "returns nil for a token that is used or revoked", []string{refusedAgain},
			func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
				err := s.ClaimOffer(background, c, rev, e)
				if rec, _ := s.Token(background, c.ID); c.Again() && rec != nil && (!rec.Token.LastUsedAt.IsZero() || !rec.Token.RevokedAt.IsZero()) {
					return nil
				}
				return err
			}),
		claiming("claims again and again", "replaces the digest once more if the call is repeated",
			[]string{"offers/an offer, its claim and its end again"},
			func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
				if err := s.ClaimOffer(background, c, rev, e); err != nil {
					return err
				}
				if rec, err := s.Token(background, c.ID); err == nil && rec.Digest != c.Digest {
					e.ID = apitoken.EventID(uuid.Must(uuid.NewV7()))
					return s.ClaimOffer(background, present(s, c), rev, e)
				}
				return nil
			}),
		claiming("does not record the claim", "makes the token and leaves the offer open", []string{"offers/a claim makes the token of the offer", refused},
			func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
				if c.Again() {
					return s.ClaimOffer(background, c, rev, e)
				}
				return s.CreateToken(background, c.NewToken, rev, e)
			}),
	}
}

// claimsTwice lets the first two claims of an offer find it open. The second one then takes the token from the first.
func claimsTwice(
	present func(apitoken.Store, apitoken.OfferClaim) apitoken.OfferClaim,
) func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
	both := meeting{under: "offers/one of many claims"}
	return func(s apitoken.Store, c apitoken.OfferClaim, rev int64, e apitoken.Event) error {
		found, err := s.Offers(background, apitoken.OfferQuery{ID: c.ID, Limit: 1})
		open := err == nil && len(found) == 1 && !found[0].Claimed()
		if open && !c.Again() {
			both.attend(c.ID.String())
		}
		err = s.ClaimOffer(background, c, rev, e)
		if open && errors.Is(err, apitoken.ErrConflict) {
			return s.ClaimOffer(background, present(s, c), rev, e)
		}
		return err
	}
}
