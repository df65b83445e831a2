package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

const oldTable = `CREATE TABLE api_keys (
	id INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL,
	created_at INTEGER NOT NULL, expires_at INTEGER, last_used_at INTEGER, revoked_at INTEGER
)`

func keyText(n int) string { return fmt.Sprintf("sk_%06d", n) }

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// oldDatabase holds good keys of ten owners, numbered from 1, and then ten rows that have something odd about them.
func oldDatabase(t *testing.T, good int) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "host.db")
	db, err := sql.Open("sqlite", "file:"+file)
	must(t, err)
	defer func() { _ = db.Close() }()
	tx, err := db.Begin()
	must(t, err)
	now := time.Now().Unix()
	insert := func(owner, name, sum string, expires, used, ended any) {
		t.Helper()
		if _, err := tx.Exec(`INSERT INTO api_keys (owner, name, sha256, created_at, expires_at, last_used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			owner, name, sum, now-86_400, expires, used, ended); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Exec(oldTable); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= good; n++ {
		insert(fmt.Sprint("user", n%10), fmt.Sprint("key ", n), digestOf(keyText(n)), now+int64(n)*3600, now-60, nil)
	}
	insert("user1", "key 1", digestOf("sk_same_name"), nil, nil, nil)
	insert("user1", "twice", digestOf(keyText(2)), nil, nil, nil)
	insert("user1", "expired", digestOf("sk_expired"), now-1, nil, nil)
	insert("user1", "revoked", digestOf("sk_revoked"), nil, nil, now-1)
	insert("user1", "short", "00ff", nil, nil, nil)
	insert("user1", "no digest", "x", nil, nil, nil)
	insert("user1", "", digestOf("sk_no_name"), nil, nil, nil)
	insert("", "no owner", digestOf("sk_no_owner"), nil, nil, nil)
	must(t, tx.Commit())
	return file
}

const skipped = `1 skipped: expires at is not between now and the year 2200
1 skipped: name is empty
2 skipped: not the SHA-256 of a key
1 skipped: owner is empty
1 skipped: revoked
1 skipped: the same key twice
`

func runOn(t *testing.T, ctx context.Context, file string) (out string, err error) {
	t.Helper()
	var text strings.Builder
	err = run(ctx, file, &text)
	return text.String(), err
}

// writes is called with what is written.
type writes func(text string)

func (w writes) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

func TestEveryGoodKeyGoesOn(t *testing.T) {
	good := 500
	if !testing.Short() {
		good = 20_000
	}
	file := oldDatabase(t, good)
	ctx, cancel := context.WithCancel(t.Context())
	err := run(ctx, file, writes(func(string) { cancel() })) // the first line comes after 10,000 keys, or at the end
	if good > 10_000 && !errors.Is(err, context.Canceled) {
		t.Errorf("a try that is interrupted half-way: %v, want context.Canceled", err)
	}
	for range 2 { // and another one changes nothing
		out, err := runOn(t, t.Context(), file)
		must(t, err)
		progress := ""
		for n := 10_000; n <= good; n += 10_000 {
			progress += fmt.Sprintf("%d keys\n", n)
		}
		if diff := cmp.Diff(progress+fmt.Sprintf("%d keys are in place\n", good+1)+skipped, out); diff != "" {
			t.Errorf("it says (-want +got):\n%s", diff)
		}
	}

	db, err := sql.Open("sqlite", "file:"+file)
	must(t, err)
	defer func() { _ = db.Close() }()
	m, err := newManager(t.Context(), db)
	must(t, err)
	defer func() { _ = m.Close(t.Context()) }()
	for n := 1; n <= good; n++ {
		identity, err := m.Authenticate(t.Context(), keyText(n))
		if err != nil || identity.User.ID != apitoken.UserID(fmt.Sprint("user", n%10)) || identity.Token.Name != fmt.Sprint("key ", n) {
			t.Fatalf("key %d is %q of %s, %v", n, identity.Token.Name, identity.User.ID, err)
		}
	}
	if identity, err := m.Authenticate(t.Context(), "sk_same_name"); err != nil || identity.Token.Name != fmt.Sprintf("key 1 (%d)", good+1) {
		t.Errorf("a second key of one name is %q, %v", identity.Token.Name, err)
	}
	for _, bad := range []string{"sk_expired", "sk_revoked", "sk_no_name", "sk_no_owner", "sk_000000", "x", digestOf(keyText(1))} {
		if _, err := m.Authenticate(t.Context(), bad); !errors.Is(err, apitoken.ErrUnauthenticated) {
			t.Errorf("%s: error is %v, want ErrUnauthenticated", bad, err)
		}
	}
	must(t, m.RevokeAll(t.Context(), apitoken.System(), "user1"))
	if _, err := m.Authenticate(t.Context(), keyText(1)); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("after RevokeAll the error is %v, want ErrRevoked", err)
	}
}

func TestWithoutATableItSaysSo(t *testing.T) {
	if _, err := runOn(t, t.Context(), filepath.Join(t.TempDir(), "empty.db")); err == nil || !strings.Contains(err.Error(), "api_keys") {
		t.Errorf("error is %v, want one that names the table", err)
	}
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
