package sqlstore

import (
	"bytes"
	"context"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// CreateToken implements [apitoken.Store].
func (s *Store) CreateToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	return s.change(ctx, "create a token", func(ctx context.Context, tx session) error {
		return tx.createToken(ctx, n, policyRevision, e)
	})
}

func (s session) createToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	// The name is freed before anything is known, because the transaction has to begin with a write. Where the answer is
	// no, that is undone with the transaction.
	_, err := s.exec(ctx, freeName, string(n.Owner), n.Name, timeArg(n.CreatedAt), n.Epoch)
	if err != nil {
		return err
	}
	if err := s.admit(ctx, n, policyRevision); err != nil {
		return err
	}
	inserted, err := s.insert(ctx, insertToken, insertTokenArgs(n)...)
	if err != nil {
		return err
	}
	if !inserted {
		// What is in the way may be the same token: a try before, whose COMMIT was still under way when this one began.
		if err := s.admit(ctx, n, policyRevision); err != nil {
			return err
		}
		return apitoken.ErrExists
	}
	return s.record(ctx, e)
}

// admit is nil if the token may be inserted, as far as can be told before it is tried.
func (s session) admit(ctx context.Context, n apitoken.NewToken, policyRevision int64) error {
	var stored, hasOwner bool
	var revision int64
	err := s.row(ctx, admitToken, n.Digest[:], n.ID[:], string(n.Owner)).Scan(&stored, &revision, &hasOwner)
	switch {
	case err != nil:
		return err
	case stored:
		return errStored
	case revision != policyRevision:
		return apitoken.ErrConflict
	case !hasOwner:
		return apitoken.ErrNotFound
	}
	return nil
}

func insertTokenArgs(n apitoken.NewToken) []any {
	var liveName any
	if n.RevokedAt.IsZero() {
		liveName = n.Name
	}
	return []any{
		n.Digest[:], n.ID[:], string(n.Owner), n.Name, liveName, string(n.Kind),
		timeArg(n.CreatedAt), timeArg(n.ExpiresAt), timeArg(n.LastUsedAt), timeArg(n.RevokedAt),
		string(n.CreatedBy), idArg(n.CreatedWith), string(n.RevokedBy), n.Hint, n.Epoch,
	}
}

// RevokeToken implements [apitoken.Store].
func (s *Store) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (changed bool, err error) {
	err = s.change(ctx, "revoke a token", func(ctx context.Context, tx session) (err error) {
		changed, err = tx.revokeToken(ctx, id, r, e)
		return err
	})
	return changed && err == nil, err
}

func (s session) revokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (changed bool, err error) {
	n, err := s.exec(ctx, revokeToken, timeArg(r.At), string(r.By), id[:])
	if err != nil {
		return false, err
	}
	if n > 0 {
		return true, s.record(ctx, e)
	}
	var token, event bool
	err = s.row(ctx, findRevoked, id[:], e.ID[:]).Scan(&token, &event)
	switch {
	case err != nil:
		return false, err
	case !token:
		return false, apitoken.ErrNotFound
	default:
		return event, errStored // with this very revocation, or with an earlier one
	}
}

// touchesAtOnce keeps the parameters of one query below the fewest that a database allows.
const touchesAtOnce = 256

// Touch implements [apitoken.Store].
func (s *Store) Touch(ctx context.Context, touches []apitoken.Touch) error {
	if len(touches) == 0 {
		return nil
	}
	touches = latest(touches)
	return s.change(ctx, "record uses", func(ctx context.Context, tx session) error {
		for chunk := range slices.Chunk(touches, touchesAtOnce) {
			text, args := tx.dialect.touchTokens(chunk)
			if _, err := tx.ExecContext(ctx, text, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// latest leaves the last use of each token, in the order of the ids: a query that meets a row twice may write either
// value, and two that lock the same rows in different orders wait for each other.
func latest(touches []apitoken.Touch) []apitoken.Touch {
	sorted := slices.Clone(touches)
	slices.SortFunc(sorted, func(a, b apitoken.Touch) int {
		if order := bytes.Compare(a.Token[:], b.Token[:]); order != 0 {
			return order
		}
		return b.At.Compare(a.At)
	})
	return slices.CompactFunc(sorted, func(a, b apitoken.Touch) bool { return a.Token == b.Token })
}

// touchTokens is one query that moves the last use of all of these tokens forward.
func (d *Dialect) touchTokens(touches []apitoken.Touch) (text string, args []any) {
	a := assembly{placeholder: d.placeholder}
	a.add(d.touch.from)
	a.add(" ")
	for i, t := range touches {
		if i > 0 {
			a.add(d.touch.between)
		}
		a.add(d.touch.row, t.Token[:], t.At.UnixMicro())
	}
	a.add(d.touch.to)
	return a.text.String(), a.args
}
