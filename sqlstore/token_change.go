package sqlstore

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// ChangeToken implements [apitoken.Store].
func (o operations) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	const what = "change a token"
	if !o.has(changeTokenAtOnce) {
		return o.change(ctx, what, func(ctx context.Context, tx session) error { return tx.changeToken(ctx, was, is, e) })
	}
	for range maxInsertions {
		var taken bool
		err := o.changeAtOnce(ctx, what, func(ctx context.Context, tx session) error {
			err := tx.changeTokenAtOnce(ctx, was, is, e)
			taken = err != nil && tx.dialect.keyTaken(err)
			return err
		})
		if !taken {
			return err
		}
		// Another token took the name after the statement began. The next one finds it, and whether it is active.
	}
	return apitoken.ErrExists
}

func (s session) changeTokenAtOnce(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	event, err := eventArgs(e)
	if err != nil {
		return err
	}
	args := append([]any{is.ID[:], was.Token.Name, was.Token.Description, is.Name, is.Description, timeArg(e.At)}, event...)
	for range maxPaces {
		var changed, recorded, current, taken bool
		err := s.write(ctx, changeTokenAtOnce, args, &changed, &recorded, &current, &taken)
		switch {
		case err != nil:
			return notFoundIfNoRows(err)
		case changed:
			return nil
		case recorded:
			return errAlreadyStored
		case !current:
			return apitoken.ErrConflict
		case taken:
			return apitoken.ErrExists
		}
		// The token changed after the statement began, perhaps by an earlier try.
	}
	return apitoken.ErrConflict
}

func (s session) changeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	for range maxInsertions {
		n, err := s.exec(ctx, changeToken, is.Name, is.Name, is.Name, is.Description,
			is.ID[:], was.Token.Name, was.Token.Description, timeArg(e.At))
		switch {
		case err == nil && n > 0:
			return s.record(ctx, e)
		case err == nil:
			return s.whyUnchanged(ctx, is.ID, e)
		case !s.dialect.duplicateKey(err):
			return err
		}
		n, err = s.exec(ctx, releaseName, string(is.Owner), is.Name, timeArg(e.At), was.Epoch)
		if err != nil {
			return err
		}
		if n == 0 {
			return s.unlessRecorded(ctx, e, apitoken.ErrExists)
		}
	}
	return s.unlessRecorded(ctx, e, apitoken.ErrExists)
}

// whyUnchanged returns the result of a change that has found no such token.
func (s session) whyUnchanged(ctx context.Context, id apitoken.TokenID, e apitoken.Event) error {
	var token, recorded bool
	err := s.row(ctx, findTokenAndEvent, id[:], e.ID[:]).Scan(&token, &recorded)
	switch {
	case err != nil:
		return err
	case recorded:
		return errAlreadyStored
	case !token:
		return apitoken.ErrNotFound
	}
	return apitoken.ErrConflict
}

// unlessRecorded returns the result, or errAlreadyStored if an earlier try of the change has stored its event.
func (s session) unlessRecorded(ctx context.Context, e apitoken.Event, result error) error {
	recorded, err := s.recorded(ctx, e)
	switch {
	case err != nil:
		return err
	case recorded:
		return errAlreadyStored
	}
	return result
}
