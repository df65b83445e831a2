package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// writes measures Generate and Revoke.
func (b *bench) writes(ctx context.Context, h *host, d disk) error {
	title := "on " + h.name + ", " + d.String()
	if err := b.compare(ctx, func(ctx context.Context) (group, error) { return h.generating(ctx, title, d) }); err != nil {
		return err
	}
	return b.compare(ctx, func(ctx context.Context) (group, error) { return h.revoking(ctx, title, d) })
}

// generating compares Generate, by a user for himself, with the inserts by hand in one transaction. By hand nobody looks whether
// the user may, for how long, and whether there is such a token.
func (h *host) generating(ctx context.Context, title string, d disk) (group, error) {
	hand, err := h.prepareByHand(ctx)
	if err != nil {
		return group{}, err
	}
	background := context.Background()
	owner := userID(1)
	names := 0
	name := func() string {
		names++
		return fmt.Sprintf("continuous integration %d %d", names, time.Now().UnixNano())
	}
	return group{
		title: "Generate " + title,
		cases: []benchCase{
			{name: "floor: INSERT of the token by hand", run: repeat(func() error {
				return hand.generate(background, owner, name(), false)
			})},
			{name: "INSERT of the token and of the event by hand", run: repeat(func() error {
				return hand.generate(background, owner, name(), true)
			})},
			{name: "Generate", run: repeat(func() error {
				token, secret, err := h.m.Generate(background, apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: name()})
				if err == nil && (token.Owner != owner || secret.Reveal() == "") {
					return errWrong
				}
				return err
			})},
		},
		aims: []aim{
			{name: fmt.Sprintf("%s, %s: Generate to one INSERT by hand", h.name, d), of: 2, against: 0},
			{name: fmt.Sprintf("%s, %s: Generate to both INSERTs by hand", h.name, d), of: 2, against: 1},
		},
		close: hand.close,
	}, nil
}

// revoking compares Revoke, by a user of his own token, with the UPDATE by hand in a transaction, and with all that Revoke asks of the
// database. Each revokes tokens that were
// inserted for it.
func (h *host) revoking(ctx context.Context, title string, d disk) (group, error) {
	hand, err := h.prepareByHand(ctx)
	if err != nil {
		return group{}, err
	}
	background := context.Background()
	owner := userID(2)
	var fresh []tokenRow // for the slice that comes, or those that the last one has revoked
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
	return group{
		title: "Revoke " + title,
		cases: []benchCase{
			revoke("floor: UPDATE of the token by hand", func(id [16]byte) error {
				return hand.revokeToken(background, owner, id, false)
			}),
			revoke("UPDATE of the token and INSERT of the event by hand", func(id [16]byte) error {
				return hand.revokeToken(background, owner, id, true)
			}),
			revoke("both by hand, after a SELECT of the user and one of the token", func(id [16]byte) error {
				if err := hand.mayRevoke(background, owner, id); err != nil {
					return err
				}
				return hand.revokeToken(background, owner, id, true)
			}),
			revoke("Revoke", func(id [16]byte) error {
				return h.m.Revoke(background, apitoken.As(owner), id)
			}),
		},
		aims: []aim{
			{name: fmt.Sprintf("%s, %s: Revoke to the UPDATE by hand", h.name, d), of: 3, against: 0, most: 1.30},
			{name: fmt.Sprintf("%s, %s: Revoke to UPDATE and INSERT by hand", h.name, d), of: 3, against: 1},
			{name: fmt.Sprintf("%s, %s: Revoke to SELECTs, UPDATE and INSERT by hand", h.name, d), of: 3, against: 2},
		},
		close: func() error { return errors.Join(h.checkRevoked(ctx, fresh), hand.close()) },
	}, nil
}

// checkRevoked makes sure that all of these are revoked.
func (h *host) checkRevoked(ctx context.Context, rows []tokenRow) error {
	for _, row := range rows {
		t, err := h.m.Token(ctx, apitoken.System(), row.id)
		if err != nil {
			return err
		}
		if t.RevokedAt.IsZero() {
			return fmt.Errorf("the token %s is not revoked", t.ID)
		}
	}
	return nil
}
