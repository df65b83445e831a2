package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// generating compares Generate, by a user for themselves, with the INSERTs by hand in one transaction. The statements by hand
// check neither the permission nor the policy.
func (h *host) generating(_ context.Context, hand *byHand, _ []bearer) (group, error) {
	ctx := context.Background()
	owner := userID(1)
	names := time.Now().UnixNano() // another group may have generated before
	name := func() string {
		names++
		return fmt.Sprintf("generated %d", names)
	}
	byHand := func(withEvent bool) func(int) error {
		return repeat(func() error { return hand.generate(ctx, owner, name(), withEvent) })
	}
	return group{
		title: "Generate on " + h.name,
		cases: []benchCase{
			{name: "floor: INSERT of the token by hand", run: byHand(false)},
			{name: "INSERT of token and event by hand", run: byHand(true)},
			{name: "Generate", aims: most(1, byHandNear, h.name), cost: "Generate, " + h.name, run: repeat(func() error {
				token, secret, err := h.m.Generate(ctx, apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: name()})
				if err == nil && (token.Owner != owner || secret.Reveal() == "") {
					err = errWrong
				}
				return err
			})},
		},
	}, nil
}

// revoking compares Revoke, by the owner, with the UPDATE by hand in a transaction. Each case revokes tokens that were
// inserted for it.
func (h *host) revoking(ctx context.Context, hand *byHand, _ []bearer) (group, error) {
	background := context.Background()
	owner := userID(2)
	var fresh []tokenRow // for the next slice, or revoked by the last one
	revoke := func(name string, once func(id [16]byte) error) benchCase {
		return benchCase{
			name: name,
			prepare: func(n int) error {
				if err := h.checkRevoked(background, fresh); err != nil {
					return err
				}
				fresh = freshRows(owner, n)
				return h.insertAll(background, h.db, fresh)
			},
			run: func(n int) error {
				for i := range n {
					if err := once(fresh[i].id); err != nil {
						return err
					}
				}
				return nil
			},
		}
	}
	g := group{
		title: "Revoke on " + h.name,
		cases: []benchCase{
			revoke("floor: UPDATE of the token by hand", func(id [16]byte) error { return hand.revoke(background, owner, id, false) }),
			revoke("UPDATE and INSERT of the event by hand", func(id [16]byte) error { return hand.revoke(background, owner, id, true) }),
			revoke("Revoke", func(id [16]byte) error { return h.m.Revoke(background, apitoken.As(owner), id) }),
		},
		close: func() error { return h.checkRevoked(ctx, fresh) },
	}
	g.cases[2].aims, g.cases[2].cost = append(atMost(1.30), most(1, byHandNear, h.name)...), "Revoke, "+h.name
	return g, nil
}

// checkRevoked returns an error unless all of these tokens are revoked.
func (h *host) checkRevoked(ctx context.Context, rows []tokenRow) error {
	for _, row := range rows {
		t, err := h.m.Token(ctx, apitoken.System(), row.id)
		if err == nil && t.RevokedAt.IsZero() {
			err = errors.New("a token is not revoked")
		}
		if err != nil {
			return fmt.Errorf("token %s: %w", apitoken.TokenID(row.id), err)
		}
	}
	return nil
}
