package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// oldKeys are the keys of the old table: sk_ and some characters.
var oldKeys = apitoken.ForeignFormat{
	Name: "api_keys",
	Key: func(text string) ([]byte, bool) {
		sum := sha256.Sum256([]byte(text))
		return sum[:], strings.HasPrefix(text, "sk_")
	},
}

// importer reads the old tables and counts.
type importer struct {
	db       *sql.DB
	m        *apitoken.Manager
	out      io.Writer
	imported int
	skipped  map[string]int // by reason
}

// users provisions the owners. A host that does so at each sign-in already has nothing to do here.
func (i *importer) users(ctx context.Context) error {
	rows, err := i.db.QueryContext(ctx, `SELECT DISTINCT owner FROM api_keys ORDER BY owner`)
	if err != nil {
		return err
	}
	owners, err := collect(rows, func(owner *string) []any { return []any{owner} })
	if err != nil {
		return err
	}
	for _, owner := range owners {
		_, err := i.m.PutUser(ctx, apitoken.System(), apitoken.User{ID: apitoken.UserID(owner)})
		if err != nil && !errors.Is(err, apitoken.ErrInvalid) { // an impossible id is told of with its keys
			return err
		}
	}
	return nil
}

// oldKey is a row of the old table. Its times are in seconds since 1970.
type oldKey struct {
	id                   int64
	owner, name, sha256  string
	created              int64
	expires, used, ended sql.NullInt64
}

const pageOfKeys = 1000

// keys imports all rows, in pages: the driver may allow no write while a query is open.
func (i *importer) keys(ctx context.Context) error {
	for last, seen := int64(0), 0; ; {
		rows, err := i.db.QueryContext(ctx, `
			SELECT id, owner, name, sha256, created_at, expires_at, last_used_at, revoked_at
			FROM api_keys WHERE id > ? ORDER BY id LIMIT ?`, last, pageOfKeys)
		if err != nil {
			return err
		}
		page, err := collect(rows, func(k *oldKey) []any {
			return []any{&k.id, &k.owner, &k.name, &k.sha256, &k.created, &k.expires, &k.used, &k.ended}
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, k := range page {
			if err := i.key(ctx, k); err != nil {
				return fmt.Errorf("key %d: %w", k.id, err)
			}
		}
		last, seen = page[len(page)-1].id, seen+len(page)
		if seen%(10*pageOfKeys) == 0 {
			fmt.Fprintf(i.out, "%d keys\n", seen)
		}
	}
}

// key imports a row, or counts why it does not. The error is for what would fail for the next row as well.
func (i *importer) key(ctx context.Context, k oldKey) error {
	if k.ended.Valid {
		i.skipped["revoked"]++
		return nil
	}
	digest, err := hex.DecodeString(k.sha256)
	if err != nil || len(digest) != sha256.Size {
		i.skipped["not the SHA-256 of a key"]++
		return nil
	}
	p := apitoken.ImportParams{
		Format: oldKeys.Name, Key: digest, Owner: apitoken.UserID(k.owner), Name: k.name,
		CreatedAt: seconds(k.created), ExpiresAt: optional(k.expires), LastUsedAt: optional(k.used),
	}
	_, err = i.m.Import(ctx, apitoken.System(), p)
	if errors.Is(err, apitoken.ErrExists) { // two keys of one name: the number of the row tells them apart
		p.Name = fmt.Sprintf("%s (%d)", k.name, k.id)
		_, err = i.m.Import(ctx, apitoken.System(), p)
	}
	var invalid *apitoken.InvalidError
	switch {
	case err == nil:
		i.imported++
	case errors.As(err, &invalid):
		i.skipped[invalid.Field+" "+invalid.Problem]++
	case errors.Is(err, apitoken.ErrExists):
		i.skipped["the same key twice"]++
	case errors.Is(err, apitoken.ErrUserDisabled):
		i.skipped["the owner is disabled"]++
	default:
		return err
	}
	return nil
}

func (i *importer) report() {
	fmt.Fprintf(i.out, "%d keys are in place\n", i.imported)
	for _, reason := range slices.Sorted(maps.Keys(i.skipped)) {
		fmt.Fprintf(i.out, "%d skipped: %s\n", i.skipped[reason], reason)
	}
}

func seconds(n int64) time.Time { return time.Unix(n, 0) }

func optional(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return seconds(n.Int64)
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, columns func(*T) []any) (all []T, err error) {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var row T
		if err := rows.Scan(columns(&row)...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}
