package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// What a host would write for itself, on the same tables: the floors.

// selectByHand reads what there is to know of a token and its owner.
const selectByHand = `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	t.revoked_at, t.revoked_by, t.hint, t.resource, t.digest, t.epoch,
	u.name, u.role, u.created_at, u.disabled_at, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner`

const lookupByHand = selectByHand + `
WHERE t.digest = ?`

const tokenByHand = selectByHand + `
WHERE t.id = ?`

const userByHand = `
SELECT name, role, created_at, disabled_at, epoch, revision FROM apitoken_users WHERE id = ?`

const touchByHand = `
UPDATE apitoken_tokens SET last_used_at = ? WHERE digest = ?`

const insertByHand = `
INSERT INTO apitoken_tokens (
	digest, id, owner, name, live_name, kind, created_at, expires_at, last_used_at, revoked_at,
	created_by, created_with, revoked_by, hint, epoch, resource
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const revokeByHand = `
UPDATE apitoken_tokens SET revoked_at = ?, revoked_by = ?, live_name = NULL WHERE id = ? AND revoked_at IS NULL`

const recordByHand = `
INSERT INTO apitoken_events (
	id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// byHand are the prepared statements.
type byHand struct {
	db                                        *sql.DB
	lookupText                                string
	one, lookup, touch, insert, revoke, event *sql.Stmt
	user, token                               *sql.Stmt
}

func (h *host) prepareByHand(ctx context.Context) (*byHand, error) {
	b := &byHand{db: h.db, lookupText: h.with(lookupByHand)}
	for _, s := range []struct {
		into **sql.Stmt
		text string
	}{
		{&b.one, "SELECT 1"},
		{&b.lookup, lookupByHand},
		{&b.touch, touchByHand},
		{&b.insert, insertByHand},
		{&b.revoke, revokeByHand},
		{&b.event, recordByHand},
		{&b.user, userByHand},
		{&b.token, tokenByHand},
	} {
		var err error
		if *s.into, err = h.db.PrepareContext(ctx, h.with(s.text)); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	return b, nil
}

func (b *byHand) close() error {
	var errs []error
	for _, s := range []*sql.Stmt{b.one, b.lookup, b.touch, b.insert, b.revoke, b.event, b.user, b.token} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// select1 is the least that any query costs.
func (b *byHand) select1(ctx context.Context) error {
	var one int
	if err := b.one.QueryRowContext(ctx).Scan(&one); err != nil {
		return err
	}
	if one != 1 {
		return errWrong
	}
	return nil
}

// authenticate tells whether a text is the token that it should be.
func (b *byHand) authenticate(ctx context.Context, t *issued) error {
	digest := sha256.Sum256([]byte(t.text))
	return b.check(b.lookup.QueryRowContext(ctx, digest[:]), t.token.ID)
}

// authenticateUnprepared leaves it to the driver what the statement costs each time.
func (b *byHand) authenticateUnprepared(ctx context.Context, t *issued) error {
	digest := sha256.Sum256([]byte(t.text))
	return b.check(b.db.QueryRowContext(ctx, b.lookupText, digest[:]), t.token.ID)
}

// check tells whether a row is that of the token, and whether it may be used.
func (b *byHand) check(row *sql.Row, is apitoken.TokenID) error {
	var (
		id, createdWith, stored                                  []byte
		owner, name, kind, createdBy, revokedBy, hint, resource  string
		userName, role                                           string
		createdAt, epoch, userCreatedAt, userEpoch, userRevision int64
		expiresAt, lastUsedAt, revokedAt, disabledAt             sql.NullInt64
	)
	err := row.Scan(
		&id, &owner, &name, &kind, &createdAt, &expiresAt, &createdBy, &createdWith, &lastUsedAt,
		&revokedAt, &revokedBy, &hint, &resource, &stored, &epoch,
		&userName, &role, &userCreatedAt, &disabledAt, &userEpoch, &userRevision,
	)
	switch {
	case err != nil:
		return err
	case apitoken.TokenID(id) != is:
		return errWrong
	case revokedAt.Valid, disabledAt.Valid, epoch != userEpoch, expiresAt.Valid && time.Now().UnixMicro() >= expiresAt.Int64:
		return errors.New("refused")
	}
	return nil
}

// authenticateAndTouch also writes down the use, within the request.
func (b *byHand) authenticateAndTouch(ctx context.Context, t *issued) error {
	if err := b.authenticate(ctx, t); err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(t.text))
	_, err := b.touch.ExecContext(ctx, time.Now().UnixMicro(), digest[:])
	return err
}

// transaction runs do in a transaction of the database's default kind.
func (b *byHand) transaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// generate inserts the row of a token of a user, and that of the event as well.
func (b *byHand) generate(ctx context.Context, owner apitoken.UserID, name string, withEvent bool) error {
	var random [32]byte
	_, _ = rand.Read(random[:])
	digest := sha256.Sum256(random[:])
	id := uuid.Must(uuid.NewV7())
	now := time.Now()
	return b.transaction(ctx, func(tx *sql.Tx) error {
		_, err := tx.StmtContext(ctx, b.insert).ExecContext(ctx,
			digest[:], id[:], string(owner), name, name, "user", now.UnixMicro(), now.Add(90*24*time.Hour).UnixMicro(), nil, nil,
			string(owner), nil, "", "tok_...aB3d", 0, "")
		if err != nil || !withEvent {
			return err
		}
		const after = `{"name":"continuous integration","kind":"user","expires_at":"2030-01-02T03:04:05.678901Z","max_lifetime":9223372036854775807}`
		return b.record(ctx, tx, now, apitoken.ActionGenerate, owner, id, nil, after)
	})
}

// mayRevoke tells whether somebody may revoke a token: he is not disabled, and there is such a token.
func (b *byHand) mayRevoke(ctx context.Context, owner apitoken.UserID, id [16]byte) error {
	var (
		name, role                 string
		createdAt, epoch, revision int64
		disabledAt                 sql.NullInt64
	)
	err := b.user.QueryRowContext(ctx, string(owner)).Scan(&name, &role, &createdAt, &disabledAt, &epoch, &revision)
	switch {
	case err != nil:
		return err
	case disabledAt.Valid:
		return errWrong
	}
	return b.check(b.token.QueryRowContext(ctx, id[:]), id)
}

// revokeToken writes the revocation into the row of a token, and inserts that of the event as well.
func (b *byHand) revokeToken(ctx context.Context, owner apitoken.UserID, id [16]byte, withEvent bool) error {
	now := time.Now()
	return b.transaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.StmtContext(ctx, b.revoke).ExecContext(ctx, now.UnixMicro(), string(owner), id[:])
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, errWrong)
		}
		if !withEvent {
			return nil
		}
		const before = `{"name":"continuous integration","kind":"user","expires_at":"2030-01-02T03:04:05.678901Z"}`
		const after = `{"name":"continuous integration","kind":"user","expires_at":"2030-01-02T03:04:05.678901Z","revoked_at":"2030-01-02T03:04:05.678901Z"}`
		return b.record(ctx, tx, now, apitoken.ActionRevoke, owner, id, before, after)
	})
}

func (b *byHand) record(
	ctx context.Context, tx *sql.Tx, at time.Time, action apitoken.Action, owner apitoken.UserID, token [16]byte, before, after any,
) error {
	id := uuid.Must(uuid.NewV7())
	_, err := tx.StmtContext(ctx, b.event).ExecContext(ctx,
		id[:], at.UnixMicro(), string(action), "done", "person", string(owner), nil, string(owner), token[:], before, after)
	return err
}
