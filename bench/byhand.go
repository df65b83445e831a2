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

// The floors: what a host would write by hand, on the same tables.

// lookupByHand reads everything about a token and its owner.
const lookupByHand = `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	t.revoked_at, t.revoked_by, t.hint, t.resource, t.digest, t.epoch,
	u.name, u.role, u.created_at, u.disabled_at, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.digest = ?`

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

// byHand holds the prepared statements by their text.
type byHand struct {
	db         *sql.DB
	statements map[string]*sql.Stmt
}

func (h *host) prepareByHand(ctx context.Context) (*byHand, error) {
	b := &byHand{h.db, map[string]*sql.Stmt{}}
	for _, text := range []string{lookupByHand, touchByHand, insertByHand, revokeByHand, recordByHand} {
		var err error
		if b.statements[text], err = h.db.PrepareContext(ctx, h.with(text)); err != nil {
			delete(b.statements, text)
			return nil, errors.Join(err, b.close())
		}
	}
	return b, nil
}

func (b *byHand) close() (err error) {
	for _, s := range b.statements {
		err = errors.Join(err, s.Close())
	}
	return err
}

// authenticate finds a token by its text and checks that it may be used.
func (b *byHand) authenticate(ctx context.Context, t *bearer) error {
	digest := sha256.Sum256([]byte(t.text))
	return check(b.statements[lookupByHand].QueryRowContext(ctx, digest[:]), t.id)
}

// check scans a row. It returns an error unless the row is that of the token and the token may be used.
func check(row *sql.Row, is apitoken.TokenID) error {
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

// authenticateAndTouch also writes the last use, within the request.
func (b *byHand) authenticateAndTouch(ctx context.Context, t *bearer) error {
	if err := b.authenticate(ctx, t); err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(t.text))
	_, err := b.statements[touchByHand].ExecContext(ctx, time.Now().UnixMicro(), digest[:])
	return err
}

// transaction runs do in a transaction of the default isolation level.
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

// generate inserts a token, and optionally its event.
func (b *byHand) generate(ctx context.Context, owner apitoken.UserID, name string, withEvent bool) error {
	var random [32]byte
	_, _ = rand.Read(random[:])
	digest := sha256.Sum256(random[:])
	id := uuid.Must(uuid.NewV7())
	now := time.Now()
	return b.transaction(ctx, func(tx *sql.Tx) error {
		_, err := tx.StmtContext(ctx, b.statements[insertByHand]).ExecContext(ctx,
			digest[:], id[:], string(owner), name, name, "user", now.UnixMicro(), now.Add(90*24*time.Hour).UnixMicro(), nil, nil,
			string(owner), nil, "", "tok_...aB3d", 0, "")
		if err != nil || !withEvent {
			return err
		}
		const after = `{"name":"continuous integration","kind":"user","expires_at":"2030-01-02T03:04:05.678901Z","max_lifetime":9223372036854775807}`
		return b.record(ctx, tx, now, apitoken.ActionGenerate, owner, id, nil, after)
	})
}

// revoke marks a token as revoked, and optionally inserts the event.
func (b *byHand) revoke(ctx context.Context, owner apitoken.UserID, id [16]byte, withEvent bool) error {
	now := time.Now()
	return b.transaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.StmtContext(ctx, b.statements[revokeByHand]).ExecContext(ctx, now.UnixMicro(), string(owner), id[:])
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
	_, err := tx.StmtContext(ctx, b.statements[recordByHand]).ExecContext(ctx,
		id[:], at.UnixMicro(), string(action), "done", "person", string(owner), nil, string(owner), token[:], before, after)
	return err
}
