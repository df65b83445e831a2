package storetest_test

import (
	"context"
	"math"
	"sync"

	"github.com/seed-d6cf0a46/apitoken"
)

// lastEpoch stores only the last end of an epoch for each user.
func lastEpoch(s apitoken.Store) apitoken.Store {
	var ends sync.Map
	show := func(t *apitoken.Token) {
		rec, _ := s.Token(background, t.ID)
		raw, _ := s.Lookup(background, rec.Digest)
		if end, ok := ends.Load(t.Owner); ok && raw.Token.RevokedAt.IsZero() && raw.Epoch < raw.User.Epoch {
			t.RevokedAt, t.RevokedBy = end.(apitoken.Revocation).At, end.(apitoken.Revocation).By
		}
	}
	asStored := func(*apitoken.Record) {}
	outside := &shown{Store: s, token: show, lookup: asStored}
	return &otherwise{Store: outside, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
		was, _ := s.User(ctx, id)
		u, err := s.ChangeUser(ctx, id, c, e)
		if err == nil && u.Epoch > was.Epoch {
			ends.Store(u.ID, apitoken.Revocation{At: e.At, By: e.Actor.User})
		}
		return u, err
	}}
}

// massUpdate marks the tokens that exist when an epoch ends.
func massUpdate(s apitoken.Store) apitoken.Store {
	var marked sync.Map
	show := func(t *apitoken.Token) {
		rec, _ := s.Token(background, t.ID)
		raw, _ := s.Lookup(background, rec.Digest)
		if _, ok := marked.Load(t.ID); !ok && raw.Token.RevokedAt.IsZero() {
			*t = raw.Token
		}
	}
	asStored := func(*apitoken.Record) {}
	outside := &shown{Store: s, token: show, lookup: asStored}
	return &otherwise{Store: outside, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
		u, err := s.ChangeUser(ctx, id, c, e)
		if err == nil {
			tokens, _ := s.Tokens(ctx, apitoken.TokenQuery{Owner: u.ID, Limit: math.MaxInt}.At(u.CreatedAt))
			for _, t := range tokens {
				marked.Store(t.ID, true)
			}
		}
		return u, err
	}}
}

// revokesTheExpired reports the end of the epoch even for a token that expired before.
func revokesTheExpired(s apitoken.Store) apitoken.Store {
	var ends sync.Map // by owner: the end of the first epoch
	show := func(t *apitoken.Token) {
		rec, _ := s.Token(background, t.ID)
		raw, _ := s.Lookup(background, rec.Digest)
		if end, ok := ends.Load(t.Owner); ok && raw.Token.RevokedAt.IsZero() && raw.Epoch == 0 && raw.User.Epoch > 0 {
			t.RevokedAt, t.RevokedBy = end.(apitoken.Revocation).At, end.(apitoken.Revocation).By
		}
	}
	outside := &shown{Store: s, token: show, lookup: func(*apitoken.Record) {}}
	return &otherwise{Store: outside, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
		u, err := s.ChangeUser(ctx, id, c, e)
		if err == nil && u.Epoch == 1 {
			ends.LoadOrStore(id, apitoken.Revocation{At: e.At, By: e.Actor.User})
		}
		return u, err
	}}
}
