package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// disk is a place for a database that can become full.
type disk struct {
	file, parameters string
	fill             func(t *testing.T, db *sql.DB)
	free             func(t *testing.T, db *sql.DB)
}

// At the limit of its size, a database refuses a statement.
func TestSQLiteDatabaseAtItsLimit(t *testing.T) {
	limit := func(t *testing.T, db *sql.DB, more int) {
		t.Helper()
		var pages, most int
		must(t, db.QueryRow("PRAGMA page_count").Scan(&pages))
		if err := db.QueryRow(fmt.Sprint("PRAGMA max_page_count = ", pages+more)).Scan(&most); err != nil || most != pages+more {
			t.Fatalf("the limit is %d pages, error %v, want %d", most, err, pages+more)
		}
	}
	disk{
		file:       sqliteFile(t),
		parameters: recommended,
		fill:       func(t *testing.T, db *sql.DB) { limit(t, db, 0) },
		free:       func(t *testing.T, db *sql.DB) { limit(t, db, 1000) },
	}.hold(t)
}

// On a full file system, with WAL, the COMMIT fails.
func TestSQLiteFileSystemIsFull(t *testing.T) {
	for name, parameters := range map[string]string{"recommended": recommended, "bare file name": bare} {
		t.Run(name, func(t *testing.T) {
			dir := smallFileSystem(t)
			ballast := filepath.Join(dir, "ballast")
			disk{
				file:       filepath.Join(dir, "tokens.db"),
				parameters: parameters,
				fill: func(t *testing.T, _ *sql.DB) {
					if n := fillUp(t, ballast); n == 0 {
						t.Fatal("the file system was full already")
					}
					if n := fillUp(t, ballast+" too"); n != 0 {
						t.Fatalf("there was room for %d more bytes", n)
					}
				},
				free: func(t *testing.T, _ *sql.DB) {
					must(t, os.Remove(ballast))
					if n := fillUp(t, ballast); n < 1_000_000 {
						t.Fatalf("there is room for only %d bytes", n)
					}
					must(t, os.Remove(ballast))
				},
			}.hold(t)
		})
	}
}

// smallFileSystem mounts a file system of three megabytes. The end of the test unmounts it.
func smallFileSystem(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: a full file system, because mounting fails: %v: %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// fillUp writes a file until the file system is full, and returns its size.
func fillUp(t *testing.T, file string) (size int) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	must(t, err)
	defer func() { _ = f.Close() }()
	for {
		n, err := f.Write(make([]byte, 512))
		size += n
		if errors.Is(err, syscall.ENOSPC) {
			return size
		}
		must(t, err)
	}
}

// hold checks that a full disk makes only changes fail, that no change is done in part, and that changes succeed again once
// there is room.
func (d disk) hold(t *testing.T) {
	ctx := context.Background()
	db := openSQLite(t, d.file, d.parameters)
	db.SetMaxOpenConns(1) // the limit applies to one connection
	store := newMigratedSQLite(t, db, nil)
	m, _ := newManager(t, store)
	texts := generateMany(t, m, 5)

	d.fill(t, db)
	refused := 0
	for i := 0; refused < 3; i++ {
		_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("full ", i)})
		if err == nil { // there was room in a page
			texts = append(texts, secret.Reveal())
			if i > 1000 {
				t.Fatal("1000 tokens fit on a full disk")
			}
			continue
		}
		refused++
		holdNoRoom(t, "Generate", err)
	}
	d.holdWhole(t, db, len(texts))
	var last apitoken.TokenID
	for i, text := range texts {
		identity, err := m.Authenticate(ctx, text)
		if err != nil {
			t.Fatalf("token %d of %d: %v", i+1, len(texts), err)
		}
		last = identity.Token.ID
	}
	if n := len(all(t, m.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}))); n != len(texts) {
		t.Errorf("%d tokens are listed, want %d", n, len(texts))
	}
	// A revocation may or may not succeed. Authenticate has to agree with its answer.
	err := m.Revoke(ctx, apitoken.System(), last)
	if err != nil {
		holdNoRoom(t, "Revoke", err)
	}
	if _, stillValid := m.Authenticate(ctx, texts[len(texts)-1]); (stillValid == nil) != (err != nil) {
		t.Errorf("Revoke answers %v, then Authenticate %v", err, stillValid)
	}

	d.free(t, db)
	if err := m.Revoke(ctx, apitoken.System(), last); err != nil {
		t.Errorf("Revoke where there is room: %v", err)
	}
	if _, err := m.Authenticate(ctx, texts[len(texts)-1]); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the revoked token: error %v, want %v", err, apitoken.ErrRevoked)
	}
	for i := range 10 {
		_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("free ", i)})
		if err != nil {
			t.Fatalf("Generate where there is room: %v", err)
		}
		texts = append(texts, secret.Reveal())
	}
	d.holdWhole(t, db, len(texts))
	holdCounting(t, store)
}

// holdNoRoom checks that an error is ErrUnavailable with a certain outcome, and says the cause and what was attempted.
func holdNoRoom(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, apitoken.ErrUnavailable) || errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("%s: error %v, want %v and certainty", what, err, apitoken.ErrUnavailable)
	}
	holdIncident(t, err, apitoken.ErrUnavailable, "database or disk is full")
	for _, part := range []string{"apitoken: token.", "sqlstore: ", " a token: "} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %q does not say %q", what, err, part)
		}
	}
}

// holdWhole checks the number of tokens and of their events, and the integrity of the file.
func (d disk) holdWhole(t *testing.T, db *sql.DB, tokens int) {
	t.Helper()
	const query = `
SELECT
	(SELECT count(*) FROM apitoken_tokens),
	(SELECT count(*) FROM apitoken_events AS e JOIN apitoken_tokens AS t ON t.id = e.token WHERE e.action = 'token.generate'),
	(SELECT integrity_check FROM pragma_integrity_check)`
	var n, events int
	var sound string
	must(t, db.QueryRow(query).Scan(&n, &events, &sound))
	if n != tokens || events != tokens || sound != "ok" {
		t.Errorf("%d tokens, %d events, integrity %s; want %d of each, and ok", n, events, sound, tokens)
	}
}
