package main

import (
	"io"
	"testing"
	"time"

	scsmemory "github.com/alexedwards/scs/v2/memstore"
	"github.com/google/go-cmp/cmp"
)

func TestMeasuresSQLite(t *testing.T) {
	s, err := start(t.Context(), "sqlite", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := bench{report{Rounds: 1, Slice: time.Microsecond, Rows: 10_000}, io.Discard}
	b.chapter(s.version)
	if err := b.onDatabase(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	var costs []string
	for _, c := range b.Costs {
		costs = append(costs, c.Name)
	}
	want := []string{"Authenticate, SQLite", "Generate, SQLite", "Revoke, SQLite", "ListTokens, first 100, SQLite"}
	if diff := cmp.Diff(want, costs); diff != "" {
		t.Errorf("costs (-want +got):\n%s", diff)
	}
	if n := len(b.Aims); n != 11 {
		t.Errorf("%d aims were judged, want 11", n)
	}
}

func TestMeasuresInMemory(t *testing.T) {
	b := bench{report{Rounds: 1, Slice: time.Microsecond, Rows: 10_000}, io.Discard}
	if err := b.inMemory(t.Context()); err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, table := range b.Chapters[0].Tables {
		titles = append(titles, table.title)
	}
	want := []string{
		"Authenticate in memory, 1024 hot of 10000 tokens",
		"Authenticate from a cachestore, 1024 tokens",
		"Authenticate beside JWT and session, 1024 hot of 10000",
		"Middleware, 1024 hot of 10000 tokens in memory",
		"Authenticate in memory, 1024 hot of 10000 tokens",
	}
	if diff := cmp.Diff(want, titles); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

// Each peer has to look at the whole text that it is shown.
func TestPeersRefuseAWrongText(t *testing.T) {
	p, err := populate(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	signer := newSigner()
	text, err := signer.issue(p.all[0].identity)
	if err != nil {
		t.Fatal(err)
	}
	if subject, err := signer.check(text); err != nil || subject != "user-0" {
		t.Errorf("the JWT is of %q, %v", subject, err)
	}
	for _, i := range []int{0, len(text) / 2, len(text) - 4} {
		changed := []byte(text)
		changed[i] = map[bool]byte{true: 'B', false: 'A'}[changed[i] == 'A']
		if _, err := signer.check(string(changed)); err == nil {
			t.Errorf("a JWT with another character at %d is accepted", i)
		}
	}
	sessions, err := newSessions(scsmemory.NewWithCleanupInterval(0), 2)
	if err != nil {
		t.Fatal(err)
	}
	wrong := sessions.keys[0][1:]
	if err := sessions.load(&wrong); err == nil {
		t.Error("a session with another key is accepted")
	}
}
