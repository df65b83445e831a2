package apitoken

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Authenticate returns the token and its owner for a presented text. It reads the store once, and the caller waits for no
// write, with one exception: the first use of a token that has replaced another one revokes that one, before Authenticate
// returns. If that write fails, or takes longer than two seconds, Authenticate succeeds all the same: see [Manager.Rotate].
//
// Every refusal is [ErrUnauthenticated], with its cause: [ErrMalformed] before the store is read, [ErrUnknownToken],
// [ErrUserDisabled], [ErrSuspended], [ErrRevoked], [ErrReplaced] or [ErrExpired]. If the store fails, or the clock reads a time before 1970 or after 2199,
// the error is [ErrUnavailable], which is not a refusal.
func (m *Manager) Authenticate(ctx context.Context, presented string) (Identity, error) {
	var begun time.Time
	if m.observer != nil {
		begun = m.clock.Now()
	}
	rec, err := m.authenticate(ctx, presented)
	if m.observer != nil {
		o := Observation{Action: ActionAuthenticate, Outcome: outcome(err, false), Err: err, Duration: m.since(begun)}
		if rec != nil {
			o.Owner, o.Token = rec.Token.Owner, rec.Token.ID
		}
		m.observer.Observe(ctx, o)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("apitoken: authenticate: %w", err)
	}
	return rec.Identity, nil
}

// authenticate returns the record of the token also if it refuses the token.
func (m *Manager) authenticate(ctx context.Context, presented string) (*Record, error) {
	rec, err := m.find(ctx, presented)
	if err != nil {
		return nil, err
	}
	now := m.clock.Now() // after the read, so that a token that expired during a slow one is refused
	if !storable(now) {
		return nil, brokenClock(now)
	}
	if err := rec.refusal(now); err != nil {
		return rec, err
	}
	if rec.Unused && errors.Is(m.useFirst(ctx, rec, now), ErrConflict) { // it was revoked since it was read
		if rec, err = m.find(ctx, presented); err != nil {
			return nil, err
		}
		if err := rec.refusal(now); err != nil {
			return rec, err
		}
	}
	m.lastUsed.note(rec.Token.ID, rec.Token.LastUsedAt, now)
	return rec, nil
}

// find returns the record of the token whose text is given, whether or not it authenticates. The error is ErrMalformed,
// ErrUnknownToken or ErrUnavailable.
func (m *Manager) find(ctx context.Context, text string) (*Record, error) {
	digest, ok := m.format.digest(text)
	if !ok {
		digest, ok = m.accepted.digest(text)
	}
	if !ok {
		return nil, ErrMalformed
	}
	rec, err := m.store.Lookup(ctx, digest)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, ErrUnknownToken
	case err != nil:
		return nil, unavailable(err)
	case !rec.Digest.Equal(digest): // a store that folds case, truncates, or mixes up rows
		return nil, ErrUnknownToken
	}
	return rec, nil
}

// refusal returns the reason why the token does not authenticate at now, or nil. This is the only place that decides.
func (r *Record) refusal(now time.Time) error {
	switch {
	case r.User.Disabled():
		return ErrUserDisabled
	case r.User.Suspended():
		return ErrSuspended
	case r.Epoch != r.User.Epoch:
		return ErrRevoked
	case !r.Token.RevokedAt.IsZero() && !r.Token.ReplacedBy.IsZero():
		return ErrReplaced
	case !r.Token.RevokedAt.IsZero():
		return ErrRevoked
	case hasExpired(r.Token.ExpiresAt, now):
		return ErrExpired
	}
	return nil
}
