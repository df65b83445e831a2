package integration_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

func BenchmarkSQLite(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) apitoken.Store {
		return newMigratedSQLite(b, openSQLite(b, sqliteFile(b), recommended), nil)
	})
}

// BenchmarkSQLiteAuthenticate compares Authenticate with the query that it comes down to, prepared and scanned by hand. The two take
// turns in short slices, so that a busy machine slows both down alike: read the ratio of the medians.
func BenchmarkSQLiteAuthenticate(b *testing.B) {
	for _, c := range []struct {
		name string
		ctx  func() (context.Context, context.CancelFunc)
	}{
		{"background", func() (context.Context, context.CancelFunc) { return context.Background(), func() {} }},
		{"cancelable", func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			ctx, cancel := c.ctx()
			defer cancel()
			compareWithByHand(b, ctx)
		})
	}
}

func compareWithByHand(b *testing.B, ctx context.Context) {
	const tokens, slice = 20_000, 100
	db := openSQLite(b, sqliteFile(b), recommended+"&_pragma=synchronous(OFF)")
	m, err := apitoken.New(newMigratedSQLite(b, db, nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	texts := generateMany(b, m, tokens)
	byHand, err := db.PrepareContext(ctx, `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	t.revoked_at, t.revoked_by, t.hint, t.resource, t.digest, t.epoch,
	u.name, u.role, u.created_at, u.disabled_at, u.epoch, u.revision
FROM apitoken_tokens AS t JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.digest = ?`)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = byHand.Close() }()

	cases := []func(text string) error{
		func(text string) error { return scanByHand(byHand.QueryRowContext(ctx, digestOf(text))) },
		func(text string) error { _, err := m.Authenticate(ctx, text); return err },
	}
	var took [2][]float64 // nanoseconds an operation, a slice each
	for b.Loop() {
		first := rand.IntN(2)
		for i := range cases {
			i := (first + i) % 2
			start := time.Now()
			for range slice {
				if err := cases[i](texts[rand.IntN(tokens)]); err != nil {
					b.Fatal(err)
				}
			}
			took[i] = append(took[i], float64(time.Since(start).Nanoseconds())/slice)
		}
	}
	hand, authenticate := median(took[0]), median(took[1])
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(hand, "ns/by-hand")
	b.ReportMetric(authenticate, "ns/authenticate")
	b.ReportMetric(authenticate/hand, "x-by-hand")
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func digestOf(text string) []byte {
	digest := sha256.Sum256([]byte(text))
	return digest[:]
}

func scanByHand(row *sql.Row) error {
	var id, createdWith, digest []byte
	var owner, name, kind, createdBy, revokedBy, hint, resource, userName, role string
	var createdAt, epoch, userEpoch, revision int64
	var userCreatedAt, expiresAt, lastUsedAt, revokedAt, disabledAt sql.NullInt64
	return row.Scan(
		&id, &owner, &name, &kind, &createdAt, &expiresAt, &createdBy, &createdWith, &lastUsedAt,
		&revokedAt, &revokedBy, &hint, &resource, &digest, &epoch,
		&userName, &role, &userCreatedAt, &disabledAt, &userEpoch, &revision,
	)
}

// generateMany generates tokens for a user, and gives their texts.
func generateMany(t testing.TB, m *apitoken.Manager, n int) []string {
	t.Helper()
	ctx := context.Background()
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Name: "Bob"}); err != nil {
		t.Fatal(err)
	}
	texts := make([]string, n)
	for i := range texts {
		_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("token ", i)})
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = secret.Reveal()
	}
	return texts
}
