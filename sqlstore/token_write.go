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
	name := []any{string(n.Owner), n.Name, timeArg(n.CreatedAt), n.Epoch}
	for range insertions {
		// The name is freed before anything is known, because the transaction has to begin with a write. Where the answer is
		// no, that is undone with the transaction.
		if _, err := s.exec(ctx, freeName, name...); err != nil {
			return err
		}
		if err := s.admit(ctx, n, policyRevision); err != nil {
			return err
		}
		inserted, err := s.insert(ctx, insertToken, insertTokenArgs(n)...)
		if err != nil {
			return err
		}
		if inserted {
			return s.record(ctx, e)
		}
		// What is in the way may be a token of an ended epoch, or one that has expired: it was inserted after the name was
		// freed, by somebody who began earlier.
		var dead bool
		if err := s.row(ctx, findDead, name...).Scan(&dead); err != nil {
			return err
		}
		if !dead {
			break
		}
	}
	// Or it is the same token: a try before, whose COMMIT was still under way when this one began.
	if err := s.admit(ctx, n, policyRevision); err != nil {
		return err
	}
	return apitoken.ErrExists
}

// insertions is how often a token is inserted at most, each time behind another that took its name and was dead.
const insertions = 8

// admit is nil if the token may be inserted, as far as can be told before it is tried.
func (s session) admit(ctx context.Context, n apitoken.NewToken, policyRevision int64) error {
	var stored, hasOwner bool
	var revision, creatorRevision int64
	err := s.row(ctx, admitToken, n.Digest[:], n.ID[:], string(n.Owner), string(n.CreatedBy)).
		Scan(&stored, &revision, &hasOwner, &creatorRevision)
	switch {
	case err != nil:
		return err
	case stored:
		return errStored
	case revision != policyRevision, n.CreatorRevision != 0 && creatorRevision != n.CreatorRevision:
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
		string(n.CreatedBy), idArg(n.CreatedWith), string(n.RevokedBy), n.Hint, n.Epoch, n.Resource,
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
		return event, s.nothingToDo(ctx) // with this very revocation, or with an earlier one
	}
}

// Touch implements [apitoken.Store].
func (s *Store) Touch(ctx context.Context, touches []apitoken.Touch) error {
	if len(touches) == 0 {
		return nil
	}
	touches = latest(touches)
	return s.change(ctx, "record uses", func(ctx context.Context, tx session) error {
		for chunk := range slices.Chunk(touches, rowsAtOnce) {
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
	rows := make([][]any, len(touches))
	for i, t := range touches {
		rows[i] = []any{t.Token[:], t.At.UnixMicro(), t.Ahead().UnixMicro()}
	}
	return d.perRow(d.touch, rows)
}
