package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// CreateToken implements [apitoken.Store].
func (o operations) CreateToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	const what = "create a token"
	if o.has(createTokenAtOnce) {
		return o.changeAtOnce(ctx, what, func(ctx context.Context, tx session) error {
			return tx.createTokenAtOnce(ctx, n, policyRevision, e)
		})
	}
	return o.change(ctx, what, func(ctx context.Context, tx session) error {
		return tx.createToken(ctx, n, policyRevision, e)
	})
}

// maxInsertions is how often a token is inserted at most, each time after another token took its name and became inactive.
const maxInsertions = 8

func (s session) createTokenAtOnce(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	event, err := eventArgs(e)
	if err != nil {
		return err
	}
	create, args := createTokenAtOnce, slices.Concat(tokenArgs(n), event, []any{policyRevision, n.CreatorRevision, string(n.OwnerRole)})
	if n.MaxActive > 0 {
		create, args = createTokenWithin, append(args, n.MaxActive)
	}
	for range maxInsertions {
		var inserted, stored, current, hasOwner, taken, isFull bool
		err := s.write(ctx, create, args, &inserted, &stored, &current, &hasOwner, &taken, &isFull)
		switch {
		case err != nil || inserted:
			return err
		case stored:
			return errAlreadyStored
		case !current:
			return apitoken.ErrConflict
		case !hasOwner:
			return apitoken.ErrNotFound
		case taken:
			return apitoken.ErrExists
		case isFull:
			return apitoken.ErrTooMany
		}
		// A key was free when the statement began, and was taken before the insert. The holder of the name may be inactive.
	}
	return apitoken.ErrExists
}

func (s session) createToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	if s.dialect.has(insertTokenIf) {
		inserted, err := s.insert(ctx, insertTokenIf, append(tokenArgs(n),
			policyRevision, string(n.Owner), string(n.OwnerRole), string(n.OwnerRole), n.CreatorRevision, string(n.CreatedBy), n.CreatorRevision)...)
		if err != nil {
			return err
		}
		if inserted {
			return s.recordInserted(ctx, n, e)
		}
	} // Otherwise the name has to be released first, or there is a reason not to insert the token.
	name := []any{string(n.Owner), n.Name, timeArg(n.CreatedAt), n.Epoch}
	for range maxInsertions {
		// The name is released before the checks, because the transaction has to begin with a write. If a check fails, the
		// rollback undoes it.
		if _, err := s.exec(ctx, releaseName, name...); err != nil {
			return err
		}
		if err := s.checkInsert(ctx, n, policyRevision); err != nil {
			return err
		}
		inserted, err := s.insert(ctx, insertToken, tokenArgs(n)...)
		if err != nil {
			return err
		}
		if inserted {
			return s.recordInserted(ctx, n, e)
		}
		// The key in use may be the name of a token that has expired or is of an earlier epoch. It was inserted after the name
		// was released, by a transaction that began earlier.
		var releasable bool
		if err := s.row(ctx, isNameReleasable, name...).Scan(&releasable); err != nil {
			return err
		}
		if !releasable {
			break
		}
	}
	// Or it is the same token, of an earlier attempt whose COMMIT was in flight when this one began.
	if err := s.checkInsert(ctx, n, policyRevision); err != nil {
		return err
	}
	return apitoken.ErrExists
}

// recordInserted records the event of a token that is inserted, unless its owner has more active tokens now than they may have. The
// rollback then undoes the insert, so a key in use takes precedence.
func (s session) recordInserted(ctx context.Context, n apitoken.NewToken, e apitoken.Event) error {
	if n.MaxActive > 0 {
		var active int
		if err := s.row(ctx, countActive, string(n.Owner), timeArg(n.CreatedAt), n.Epoch).Scan(&active); err != nil {
			return err
		}
		if active > n.MaxActive {
			return apitoken.ErrTooMany
		}
	}
	return s.record(ctx, e)
}

// checkInsert returns nil if the token may be inserted, as far as can be told before the insert.
func (s session) checkInsert(ctx context.Context, n apitoken.NewToken, policyRevision int64) error {
	var stored bool
	var ownerRole sql.Null[string]
	var revision, creatorRevision int64
	err := s.row(ctx, checkInsert, n.Digest[:], n.ID[:], string(n.Owner), string(n.CreatedBy)).
		Scan(&stored, &revision, &ownerRole, &creatorRevision)
	switch {
	case err != nil:
		return err
	case stored:
		return errAlreadyStored
	case revision != policyRevision, n.CreatorRevision != 0 && creatorRevision != n.CreatorRevision:
		return apitoken.ErrConflict
	case !ownerRole.Valid:
		return apitoken.ErrNotFound
	case n.OwnerRole != "" && ownerRole.V != string(n.OwnerRole):
		return apitoken.ErrConflict
	}
	return nil
}

// RevokeToken implements [apitoken.Store].
func (o operations) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (changed bool, err error) {
	const what = "revoke a token"
	if o.has(revokeTokenAtOnce) {
		err = o.changeAtOnce(ctx, what, func(ctx context.Context, tx session) (err error) {
			changed, err = tx.revokeTokenAtOnce(ctx, id, r, e)
			return err
		})
	} else {
		err = o.changeLocked(ctx, what, func(ctx context.Context, tx session) (err error) {
			changed, err = tx.revokeToken(ctx, id, r, e)
			return err
		})
	}
	return changed && err == nil, err
}

func (s session) revokeTokenAtOnce(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (bool, error) {
	event, err := eventArgs(e)
	if err != nil {
		return false, err
	}
	args := append([]any{timeArg(r.At), string(r.By), id[:]}, event...)
	for {
		var changed, revoked, recorded bool
		var confirmed any
		err := s.write(ctx, revokeTokenAtOnce, args, &changed, &revoked, &recorded, &confirmed)
		switch {
		case err != nil:
			return false, notFoundIfNoRows(err)
		case changed || recorded: // by this very call, or by an earlier try
			return true, nil
		case revoked:
			return false, nil
		}
		// The token was active when the statement began, and was revoked before the update, perhaps by an earlier try. It is
		// revoked for good, so the next round is the last.
	}
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
	err = s.row(ctx, findTokenAndEvent, id[:], e.ID[:]).Scan(&token, &event)
	switch {
	case err != nil:
		return false, err
	case !token:
		return false, apitoken.ErrNotFound
	default:
		return event, s.confirmUnchanged(ctx) // revoked by this very call, or by an earlier one
	}
}

// Touch implements [apitoken.Store].
func (o operations) Touch(ctx context.Context, touches []apitoken.Touch) error {
	if len(touches) == 0 {
		return nil
	}
	touches = latestUses(touches)
	return o.change(ctx, "record uses", func(ctx context.Context, tx session) error {
		for chunk := range slices.Chunk(touches, maxBatchRows) {
			text, args := tx.dialect.touchQuery(chunk)
			if _, err := tx.ExecContext(ctx, text, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// latestUses returns the last use of each token, in the order of the IDs. A query that updates a row twice may write either
// value, and two queries that lock the same rows in different orders could deadlock.
func latestUses(touches []apitoken.Touch) []apitoken.Touch {
	sorted := slices.Clone(touches)
	slices.SortFunc(sorted, func(a, b apitoken.Touch) int {
		if order := bytes.Compare(a.Token[:], b.Token[:]); order != 0 {
			return order
		}
		return b.At.Compare(a.At)
	})
	return slices.CompactFunc(sorted, func(a, b apitoken.Touch) bool { return a.Token == b.Token })
}

// touchQuery returns one query that sets the last use of these tokens.
func (d *Dialect) touchQuery(touches []apitoken.Touch) (text string, args []any) {
	rows := make([][]any, len(touches))
	for i, t := range touches {
		rows[i] = []any{t.Token[:], t.At.UnixMicro(), t.Ahead().UnixMicro()}
	}
	return d.batch(d.touchRows, rows)
}
