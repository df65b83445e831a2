package engine_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// The cluster takes ten seconds to start, and six to notice that a node is lost. So one test does it all.
func TestGaleraKeepsWhatItAcknowledgedOnAllNodes(t *testing.T) {
	if os.Getenv("APITOKEN_TEST_GALERA") != "1" {
		t.Skip("NOT TESTED: Galera, which takes long; APITOKEN_TEST_GALERA=1 tests it")
	}
	dir := t.TempDir()
	g, err := engine.StartGalera(dir, nil)
	engine.Require(t, "galera", err)
	stopped(t, g)
	var nodes []*sql.DB
	for i := range 3 {
		nodes = append(nodes, openMariaDB(t, g.DSN(i)+"?wsrep_sync_wait=1")) // reads wait for what others have acknowledged
	}
	mustExec(t, nodes[0], "CREATE TABLE numbers (n INT PRIMARY KEY)")
	want := make(map[int]bool)
	insert := func(node int) {
		n := len(want)
		mustExec(t, nodes[node], fmt.Sprintf("INSERT INTO numbers VALUES (%d)", n))
		want[n] = true
	}
	expect := func(what string) {
		t.Helper()
		for i, db := range nodes {
			expectNumbers(t, db, want)
			if got := mustQuery[int](t, db, "SELECT count(*) FROM numbers"); got != len(want) {
				t.Errorf("%s: node %d has %d numbers, want %d", what, i, got, len(want))
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	for i := range nodes {
		insert(i)
	}
	expect("written to each node")

	must(g.Kill(1))
	insert(0)
	insert(2)
	must(g.Start(1))
	expect("one was killed and has come back")

	must(g.Kill(0))
	insert(1)
	must(g.Kill(1))
	if err := g.Start(0); err == nil {
		t.Error("a node was started while a single other one was running")
	}
	if err := g.StartAll(); err == nil {
		t.Error("all were started while one was running")
	}
	must(g.Kill(2))
	must(g.StartAll())
	expect("all were killed, one after the other")
	insert(0)
	insert(1)
	insert(2)
	expect("written to each node after all had come back")

	// Nodes 1 and 2 copied all data when the cluster was new. Whoever came back knew what it had, and received the rest.
	if got := copies(t, dir); got != 2 {
		t.Errorf("nodes copied all data %d times, want 2", got)
	}
}

// copies is how many times a node gave a copy of all data to another one, by the logs.
func copies(t testing.TB, dir string) (n int) {
	t.Helper()
	for i := range 3 {
		log, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("node%d", i), "log"))
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(log, []byte("rsync SST started on donor"))
	}
	return n
}
