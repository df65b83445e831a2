package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

const (
	sqliteTokens = 20_000
	// Filling the file is not what is measured, so it need not survive a power failure.
	sqliteOptions = "?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(5000)&_txlock=immediate"
)

// lookupByHand reads what Authenticate needs to know, as a host would write it for itself.
const lookupByHand = `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	t.revoked_at, t.revoked_by, t.hint, t.digest, t.epoch,
	u.name, u.role, u.created_at, u.disabled_at, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.digest = ?`

// onSQLite compares Authenticate on SQLite with the same SELECT, prepared and scanned by hand.
func onSQLite(ctx context.Context) (g group, err error) {
	dir, err := os.MkdirTemp("", "apitoken-bench")
	if err != nil {
		return group{}, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "tokens.db")+sqliteOptions)
	if err != nil {
		return group{}, err
	}
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		return group{}, err
	}
	if err := store.Migrate(ctx); err != nil {
		return group{}, err
	}
	m, err := apitoken.New(store, &apitoken.Options{LastUsedInterval: -1})
	if err != nil {
		return group{}, err
	}
	texts, err := fill(ctx, m, sqliteTokens)
	if err != nil {
		return group{}, err
	}
	rand.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	presented := texts[:hot]
	statement, err := db.PrepareContext(ctx, lookupByHand)
	if err != nil {
		return group{}, err
	}
	request, cancel := context.WithCancel(ctx)
	failure := error(nil)
	byHand := func(ctx context.Context) func(int) {
		return func(n int) {
			for i := range n {
				failure = errors.Join(failure, selectByHand(ctx, statement, presented[i%hot]))
			}
		}
	}
	authenticate := func(ctx context.Context) func(int) {
		return func(n int) {
			for i := range n {
				var err error
				sink, err = m.Authenticate(ctx, presented[i%hot])
				failure = errors.Join(failure, err)
			}
		}
	}
	return group{
		title: fmt.Sprintf("Authenticate on SQLite, %d tokens, %d hot, without last use", sqliteTokens, hot),
		cases: []benchCase{
			{"floor: the same prepared SELECT by hand", byHand(ctx)},
			{"Authenticate", authenticate(ctx)},
			{"by hand, context that can be cancelled", byHand(request)},
			{"Authenticate, context that can be cancelled", authenticate(request)},
		},
		close: func() error {
			cancel()
			return errors.Join(failure, statement.Close(), store.Close(), db.Close(), os.RemoveAll(dir))
		},
	}, nil
}

func selectByHand(ctx context.Context, statement *sql.Stmt, text string) error {
	digest := sha256.Sum256([]byte(text))
	var (
		id, createdWith, stored                                  []byte
		owner, name, kind, createdBy, revokedBy, hint            string
		userName, role                                           string
		createdAt, epoch, userCreatedAt, userEpoch, userRevision int64
		expiresAt, lastUsedAt, revokedAt, disabledAt             sql.NullInt64
	)
	err := statement.QueryRowContext(ctx, digest[:]).Scan(
		&id, &owner, &name, &kind, &createdAt, &expiresAt, &createdBy, &createdWith, &lastUsedAt,
		&revokedAt, &revokedBy, &hint, &stored, &epoch,
		&userName, &role, &userCreatedAt, &disabledAt, &userEpoch, &userRevision,
	)
	if err == nil && (revokedAt.Valid || disabledAt.Valid || epoch != userEpoch || expiresAt.Valid && time.Now().UnixMicro() >= expiresAt.Int64) {
		return errors.New("refused")
	}
	return err
}
