package integration_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// Nodes are killed one after the other while clients work on all of them, and at the end all at once. The clients of the other
// nodes continue. Once the killed nodes are back, all acknowledged changes are on all nodes.
func TestGaleraKeepsWhatItAcknowledgedWhenNodesAreKilled(t *testing.T) {
	if os.Getenv(envGalera) == "" {
		t.Skipf("NOT TESTED: Galera; set %s=1, as make test-galera does", envGalera)
	}
	cluster, err := engine.StartGalera(t.TempDir(), nil) // not the one that the tests share
	engine.Require(t, "galera", err)
	stopAtTheEnd(t, cluster)
	hushMySQL(t)
	var d database
	for node := range replicasOfHost {
		d = database{onGalera, append(d.dsns, cluster.DSN(node)+"?wsrep_sync_wait=1")}
	}
	l := newLoad(t, clientsOfCrash, d.stores(t, nil))
	d.connect(t, func(db *sql.DB) { mustExec(t, db, `CREATE TABLE crash_canary (n INT) ENGINE = MEMORY`) })
	rounds := crashRounds(t, 5)
	for round := range rounds + 1 {
		nodes := []int{round % replicasOfHost}
		if round == rounds {
			nodes = []int{0, 1, 2}
		}
		for _, node := range nodes {
			d.at(node).connect(t, func(db *sql.DB) { mustExec(t, db, `INSERT INTO crash_canary VALUES (1)`) })
		}
		stop := l.start(t)
		l.awaitAcknowledged(t, 50+rand.IntN(150))
		if len(nodes) == 1 {
			l.goOnWithout(t, cluster, nodes[0])
		} else {
			l.goWithout(t, len(l.clients), func() error { return killAll(cluster, nodes) }, cluster.StartAll)
		}
		for _, node := range nodes {
			d.at(node).connect(t, func(db *sql.DB) { holdCrashed(t, db) })
		}
		l.awaitEach(t, l.clients)
		stop()
		l.settle(t, d, round == rounds)
		l.flush(t)
		holdSame(t, d)
	}
	t.Logf("%d times one node killed, and once all: %s", rounds, l.figures())
}

func killAll(cluster *engine.Galera, nodes []int) error {
	for _, node := range nodes {
		if err := cluster.Kill(node); err != nil {
			return err
		}
	}
	return nil
}

// at returns the database on one node.
func (d database) at(node int) database { return database{d.backend, d.dsns[node : node+1]} }

// goOnWithout kills a node, waits until all of its clients have failed and each other client has made a change, and starts the
// node.
func (l *load) goOnWithout(t *testing.T, cluster *engine.Galera, node int) {
	t.Helper()
	isLost := func(c *client) bool { return c.replica == node }
	lost, left := slices.Clone(l.clients), slices.Clone(l.clients)
	lost = slices.DeleteFunc(lost, func(c *client) bool { return !isLost(c) })
	left = slices.DeleteFunc(left, isLost)

	l.outages[node].begin()
	defer l.outages[node].end()
	failed := l.since(lost, (*client).failed)
	must(t, cluster.Kill(node))
	l.await(t, "a failure of each client of the node", func() bool { return failed() == len(lost) })
	l.awaitEach(t, left)
	must(t, cluster.Start(node))
}

// flush writes all uses, so that no write is left.
func (l *load) flush(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	for _, m := range l.replicas {
		for {
			err := m.Flush(ctx)
			if err == nil {
				break
			}
			if ctx.Err() != nil { // otherwise the crash broke a connection
				t.Fatal(err)
			}
		}
	}
}

// holdSame compares the rows of all nodes. A node that has just come back may take long until it has applied what the others wrote.
func holdSame(t *testing.T, d database) {
	t.Helper()
	rows := make([][]string, len(d.dsns))
	for node := range rows {
		d.at(node).connect(t, func(db *sql.DB) {
			var users int
			eventually(t, func() error { return db.QueryRow(`SELECT count(*) FROM apitoken_users`).Scan(&users) })
			rows[node] = d.rows(t, db, defaultPrefix)
		})
		if diff := cmp.Diff(rows[0], rows[node]); diff != "" {
			t.Fatalf("rows (-node 0 +node %d):\n%s", node, diff)
		}
	}
}
