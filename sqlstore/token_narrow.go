package sqlstore

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// NarrowToken implements [apitoken.Store].
func (o operations) NarrowToken(
	ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event,
) (is apitoken.Token, err error) {
	change := o.change
	if o.has(narrowTokenAtOnce) {
		change = o.changeAtOnce
	}
	err = change(ctx, "narrow a token", func(ctx context.Context, tx session) (err error) {
		is, err = tx.narrowToken(ctx, id, n, e)
		return err
	})
	if err != nil {
		return apitoken.Token{}, err
	}
	return is, nil
}

// maxNarrowings is how often the change in one statement is tried. Each time another change of the token was committed meanwhile.
const maxNarrowings = 64

// narrowToken narrows the token as the caller has read it, and if it is another one by now, as it is read under its lock. A change
// in one statement takes no lock before, and is tried again. The caller decides anew about a token that is no longer active.
func (s session) narrowToken(
	ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event,
) (apitoken.Token, error) {
	was := n.Read
	for range maxNarrowings {
		if was.ID == id {
			is, event := n.Apply(was, e)
			if is == was {
				return is, s.confirmUnchanged(ctx)
			}
			narrowed, err := s.narrowFrom(ctx, was, is, event)
			switch {
			case err != nil:
				return was, err // which the row is if the event is stored already
			case narrowed:
				return is, nil
			}
		}
		if s.dialect.has(lockToken) {
			if _, err := s.exec(ctx, lockToken, id[:]); err != nil {
				return was, err
			}
		}
		rec, recorded := new(apitoken.Record), false
		err := s.row(ctx, readTokenAndEvent, e.ID[:], id[:]).Scan(append(recordFields(rec), &recorded)...)
		switch {
		case err != nil:
			return was, notFoundIfNoRows(err)
		case recorded:
			return rec.Token, errAlreadyStored
		case rec.Epoch < rec.User.Epoch, rec.Token.Status(e.At) != apitoken.StatusActive:
			return was, apitoken.ErrConflict
		}
		was = rec.Token
	}
	return was, apitoken.ErrConflict
}

// narrowFrom replaces the permissions and the expiry, and records the event, if they are as in was and the token is active.
func (s session) narrowFrom(ctx context.Context, was, is apitoken.Token, e apitoken.Event) (narrowed bool, err error) {
	args := []any{
		permissionsArg(is.Permissions), timeArg(is.ExpiresAt),
		is.ID[:], permissionsArg(was.Permissions), timeArg(was.ExpiresAt), timeArg(was.ExpiresAt), timeArg(e.At),
	}
	if !s.dialect.has(narrowTokenAtOnce) {
		changed, err := s.exec(ctx, narrowToken, args...)
		if err != nil || changed == 0 {
			return false, err
		}
		return true, s.record(ctx, e)
	}
	event, err := eventArgs(e)
	if err != nil {
		return false, err
	}
	err = s.write(ctx, narrowTokenAtOnce, append(args, event...), &narrowed)
	return narrowed, err
}
