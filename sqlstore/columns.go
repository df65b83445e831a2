package sqlstore

import (
	"database/sql"

	"github.com/seed-d6cf0a46/apitoken"
)

// tokenColumns are the columns of a token besides its revocation, in the order of tokenFields and tokenArgs.
const tokenColumns = "id, owner, name, kind, created_at, expires_at, created_by, created_with, last_used_at, hint, resource, description, permissions"

// tokenFields returns where tokenColumns and then the two columns of the revocation are scanned into.
func tokenFields(t *apitoken.Token) []any {
	return append(make([]any, 0, 26), // enough for a record
		(*idColumn)(&t.ID),
		(*string)(&t.Owner),
		&t.Name,
		(*string)(&t.Kind),
		(*timeColumn)(&t.CreatedAt),
		(*timeColumn)(&t.ExpiresAt),
		(*string)(&t.CreatedBy),
		(*idColumn)(&t.CreatedWith),
		(*timeColumn)(&t.LastUsedAt),
		&t.Hint,
		&t.Resource,
		&t.Description,
		(*permissionsColumn)(&t.Permissions),
		(*timeColumn)(&t.RevokedAt),
		(*string)(&t.RevokedBy),
	)
}

// tokenOnlyInserted are the other columns of a new token, in the order of tokenArgs.
const tokenOnlyInserted = "revoked_at, revoked_by, digest, epoch, live_name"

// tokenArgs are the values of tokenColumns and tokenOnlyInserted.
func tokenArgs(n apitoken.NewToken) []any {
	var liveName any
	if n.RevokedAt.IsZero() {
		liveName = n.Name
	}
	return []any{
		n.ID[:],
		string(n.Owner),
		n.Name,
		string(n.Kind),
		timeArg(n.CreatedAt),
		timeArg(n.ExpiresAt),
		string(n.CreatedBy),
		idArg(n.CreatedWith),
		timeArg(n.LastUsedAt),
		n.Hint,
		n.Resource,
		n.Description,
		permissionsArg(n.Permissions),
		timeArg(n.RevokedAt), string(n.RevokedBy), n.Digest[:], n.Epoch, liveName,
	}
}

// recordFields returns where the columns of a record are scanned into. The owner's ID is among the token's columns; see
// scanRecord.
func recordFields(r *apitoken.Record) []any {
	return append(tokenFields(&r.Token),
		(*digestColumn)(&r.Digest),
		&r.Epoch,
		&r.User.Name,
		(*string)(&r.User.Role),
		(*timeColumn)(&r.User.CreatedAt),
		(*timeColumn)(&r.User.DisabledAt),
		(*timeColumn)(&r.User.SuspendedAt),
		(*flagColumn)(&r.User.Service),
		(*string)(&r.User.Responsible),
		&r.User.Epoch,
		&r.User.Revision,
	)
}

// scanRecord reads the one record of a query. If there is none, the error is [apitoken.ErrNotFound].
func scanRecord(row resultRow) (*apitoken.Record, error) {
	r := new(apitoken.Record)
	if err := row.Scan(recordFields(r)...); err != nil {
		return nil, notFoundIfNoRows(err)
	}
	r.User.ID = r.Token.Owner
	return r, nil
}

// userColumns are the columns of a user besides the ID, in the order of userFields.
const userColumns = "name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision"

// userFields returns where the ID and userColumns are scanned into.
func userFields(u *apitoken.User) []any {
	return []any{
		(*string)(&u.ID),
		&u.Name,
		(*string)(&u.Role),
		(*timeColumn)(&u.CreatedAt),
		(*timeColumn)(&u.DisabledAt),
		(*timeColumn)(&u.SuspendedAt),
		(*flagColumn)(&u.Service),
		(*string)(&u.Responsible),
		&u.Epoch,
		&u.Revision,
	}
}

// userArgs are the values of the ID and of userColumns.
func userArgs(u apitoken.User) []any {
	return []any{
		string(u.ID), u.Name, string(u.Role), timeArg(u.CreatedAt), timeArg(u.DisabledAt), timeArg(u.SuspendedAt),
		flagArg(u.Service), string(u.Responsible), u.Epoch, u.Revision,
	}
}

// eventColumns are the columns of an event besides its number, in the order of eventFields and eventArgs.
const eventColumns = `id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request`

// eventFields returns where the number and eventColumns are scanned into.
func eventFields(e *apitoken.Event) []any {
	return []any{
		(*int64)(&e.Seq),
		(*idColumn)(&e.ID),
		(*timeColumn)(&e.At),
		(*string)(&e.Action),
		(*string)(&e.Outcome),
		(*string)(&e.Actor.Kind),
		(*string)(&e.Actor.User),
		(*idColumn)(&e.Actor.Token),
		(*string)(&e.Owner),
		(*idColumn)(&e.Token),
		(*stateColumn)(&e.Before),
		(*stateColumn)(&e.After),
		&e.Reason,
		&e.Count,
		(*timeColumn)(&e.FirstAt),
		&e.Actor.Origin.Address,
		&e.Actor.Origin.UserAgent,
		&e.Actor.Origin.RequestID,
	}
}

// eventArgs are the values of eventColumns.
func eventArgs(e apitoken.Event) ([]any, error) {
	before, err := stateArg(e.Before)
	if err != nil {
		return nil, err
	}
	after, err := stateArg(e.After)
	if err != nil {
		return nil, err
	}
	return []any{
		e.ID[:],
		timeArg(e.At),
		string(e.Action),
		string(e.Outcome),
		string(e.Actor.Kind),
		string(e.Actor.User),
		idArg(e.Actor.Token),
		string(e.Owner),
		idArg(e.Token),
		before,
		after,
		e.Reason,
		e.Count,
		timeArg(e.FirstAt),
		e.Actor.Origin.Address,
		e.Actor.Origin.UserAgent,
		e.Actor.Origin.RequestID,
	}, nil
}

// policyColumns are the columns of the policy, in the order of policyFields and policyArgs. The layers are after the revision.
const policyColumns = "max_lifetime, updated_at, updated_by, revision, layers"

// policyFields returns where policyColumns are scanned into.
func policyFields(p *apitoken.MaxLifetimePolicy) []any {
	return []any{(*int64)(&p.Max), (*timeColumn)(&p.UpdatedAt), (*string)(&p.UpdatedBy), &p.Revision, (*layersColumn)(p)}
}

// policyArgs are the values of policyColumns.
func policyArgs(p apitoken.MaxLifetimePolicy) ([]any, error) {
	layers, err := layersArg(p)
	return []any{int64(p.Strictest()), timeArg(p.UpdatedAt), string(p.UpdatedBy), p.Revision, layers}, err
}

// notFoundIfNoRows returns ErrNotFound for a query that returned no row.
func notFoundIfNoRows(err error) error {
	if err == sql.ErrNoRows {
		return apitoken.ErrNotFound
	}
	return err
}

// scanAll reads the rows of a query, each into a T, and closes them.
func scanAll[T any](rows resultRows, fields func(*T) []any) (all []T, err error) {
	defer func() { _ = rows.Close() }() // its error, if any, is that of Err
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
