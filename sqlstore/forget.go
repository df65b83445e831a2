package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// forgetTokenRows does to rows what apitoken.Forgetting.Token does. The owner is replaced last, because MySQL evaluates the others
// with what was assigned before them.
var forgetTokenRows = batchQuery{
	before: `
UPDATE apitoken_tokens SET
	name = CASE WHEN owner = ? THEN ? ELSE name END,
	live_name = CASE WHEN owner = ? THEN NULL ELSE live_name END,
	description = CASE WHEN owner = ? THEN '' ELSE description END,
	created_by = CASE WHEN created_by = ? THEN ? ELSE created_by END,
	revoked_by = CASE WHEN revoked_by = ? THEN ? ELSE revoked_by END,
	owner = CASE WHEN owner = ? THEN ? ELSE owner END
WHERE (owner = ? OR created_by = ? OR revoked_by = ?) AND id IN (`,
	row:       `?`,
	separator: `, `,
	after:     `)`,
}

// forgettingQuery returns one query that replaces a user in these tokens.
func (d *Dialect) forgettingQuery(f apitoken.Forgetting, ids []apitoken.TokenID) (text string, args []any) {
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{id[:]}
	}
	user, pseudonym := string(f.User), string(f.Pseudonym)
	return d.batch(d.forgetRows, rows,
		user, pseudonym, // name
		user,            // live_name
		user,            // description
		user, pseudonym, // created_by
		user, pseudonym, // revoked_by
		user, pseudonym, // owner
		user, user, user)
}

// Forget implements [apitoken.Store].
func (o operations) Forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (rows int, err error) {
	if f.Empty() {
		return 0, nil
	}
	err = o.change(ctx, "forget a user", func(ctx context.Context, tx session) error {
		n, err := tx.forget(ctx, f, e)
		if err == nil {
			rows = n // otherwise the number of an earlier run stays, whose outcome was unknown
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// forget locks the user's row with its first statement, so that the user is not enabled before this piece is written.
func (s session) forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (rows int, err error) {
	var was apitoken.User
	err = s.row(ctx, lockUser, string(f.User)).Scan(userFields(&was)...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	recorded, err := s.recorded(ctx, e)
	if err == nil && recorded {
		err = errAlreadyStored
	}
	if err != nil {
		return 0, err
	}
	if was.Revision != f.Revision {
		return 0, apitoken.ErrConflict
	}
	steps := []func(context.Context, apitoken.Forgetting) (int, error){s.forgetInTokens, s.forgetInEvents}
	if f.Revision != 0 {
		steps = slices.Insert(steps, 0, func(ctx context.Context, f apitoken.Forgetting) (int, error) {
			return s.insertPseudonym(ctx, f, was)
		})
	}
	if f.Rest {
		steps = append(steps, s.forgetRest)
	}
	for _, step := range steps {
		n, err := step(ctx, f)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	if rows == 0 {
		return 0, nil
	}
	return rows, s.record(ctx, f.On(e, rows))
}

func (s session) insertPseudonym(ctx context.Context, f apitoken.Forgetting, u apitoken.User) (int, error) {
	pseudonym := string(f.Pseudonym)
	u.ID, u.Name = f.Pseudonym, pseudonym
	inserted, err := s.insert(ctx, insertPseudonym, userArgs(u)...)
	if err != nil {
		return 0, err
	}
	if !inserted { // by an earlier piece
		var is apitoken.User
		return 0, s.row(ctx, readUser, pseudonym).Scan(userFields(&is)...)
	}
	_, err = s.exec(ctx, copyEpochs, pseudonym, string(f.User))
	return 1, err
}

func (s session) forgetInTokens(ctx context.Context, f apitoken.Forgetting) (rows int, err error) {
	for chunk := range slices.Chunk(f.Tokens, maxBatchRows) {
		text, args := s.dialect.forgettingQuery(f, chunk)
		result, err := s.ExecContext(ctx, text, args...)
		if err != nil {
			return rows, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return rows, err
		}
		rows += int(n)
	}
	return rows, nil
}

func (s session) forgetInEvents(ctx context.Context, f apitoken.Forgetting) (rows int, err error) {
	for _, e := range f.Events {
		before, err := stateArg(e.Before)
		if err != nil {
			return rows, err
		}
		after, err := stateArg(e.After)
		if err != nil {
			return rows, err
		}
		from := e.Actor.Origin
		n, err := s.exec(ctx, replaceEvent,
			string(e.Actor.User), string(e.Owner), before, after, e.Reason, from.Address, from.UserAgent, from.RequestID, int64(e.Seq))
		if err != nil {
			return rows, err
		}
		rows += int(n)
	}
	return rows, nil
}

func (s session) forgetRest(ctx context.Context, f apitoken.Forgetting) (rows int, err error) {
	if rows, err = s.forgetInPolicy(ctx, f); err != nil {
		return rows, err
	}
	user, pseudonym := string(f.User), string(f.Pseudonym)
	for _, change := range []struct {
		query query
		args  []any
	}{
		{replaceEnder, []any{pseudonym, user}},
		{replaceResponsible, []any{pseudonym, user}},
		{deleteOffersTo, []any{user}},
		{replaceInOffers, []any{user, pseudonym, user, pseudonym, user, user}},
		{deleteEpochs, []any{user}},
		{deleteUser, []any{user}},
	} {
		n, err := s.exec(ctx, change.query, change.args...)
		if err != nil {
			return rows, err
		}
		rows += int(n)
	}
	return rows, nil
}

// forgetInPolicy locks the policy only if there is something to replace, because everybody who generates a token waits for it.
func (s session) forgetInPolicy(ctx context.Context, f apitoken.Forgetting) (rows int, err error) {
	for _, read := range []query{readPolicy, readPolicyToChange} {
		var p apitoken.MaxLifetimePolicy
		if err := s.row(ctx, read).Scan(policyFields(&p)...); err != nil {
			return 0, err
		}
		p, changed := f.Policy(p)
		if !changed {
			return 0, nil
		}
		if read == readPolicy {
			continue
		}
		layers, err := layersArg(p)
		if err != nil {
			return 0, err
		}
		n, err := s.exec(ctx, replaceInPolicy, string(p.UpdatedBy), layers)
		return int(n), err
	}
	return 0, nil
}

// Forget implements [apitoken.Store]. It is [apitoken.ErrInvalid].
func (t *Tx) Forget(context.Context, apitoken.Forgetting, apitoken.Event) (int, error) {
	return 0, failed("forget a user", invalid("a user cannot be forgotten in a transaction of the host"))
}
