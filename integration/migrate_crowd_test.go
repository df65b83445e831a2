package integration_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// atOnce is the number of replicas of a host that start at the same time.
const atOnce = 5

// migrators are the rounds of replicas that migrate a backend concurrently.
type migrators struct {
	backend
	handles   int // rounds by handles of one process
	processes int // rounds by processes
}

var crowds = []migrators{
	{onSQLite, 20, 2},
	{backend{"SQLite, bare file name", "sqlite", sqlstore.SQLite, createBareSQLite}, 20, 2},
	{onPostgreSQL, 100, 3},
	{onMySQL, 100, 3},
}

var crowdOnGalera = migrators{onGalera, 20, 3}

func createBareSQLite(t testing.TB) []string { return []string{"file:" + sqliteFile(t)} }

// Five replicas start at the same time on an empty database, and a sixth when the first of them has migrated.
func TestMigrateByFiveHandlesAtOnce(t *testing.T) {
	long(t)
	for _, c := range crowds {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.migrateByHandles(t)
		})
	}
}

func (c migrators) migrateByHandles(t *testing.T) {
	d := c.database(t)
	pools := make([]*sql.DB, atOnce+1)
	for i := range pools {
		pools[i] = d.open(t, i)
	}
	want := d.made(t, pools[0])
	for round := range c.handles {
		prefix := fmt.Sprintf("round_%d_", round)
		d.migrateAtOnce(t, pools, prefix)
		d.holdFresh(t, pools[round%len(pools)], prefix, want)
		d.drop(t, pools[0], prefix)
		if t.Failed() {
			t.Fatalf("in round %d of %d", round+1, c.handles)
		}
	}
	t.Logf("%d rounds", c.handles)
}

// migrateAtOnce migrates on all pools but the last at the same time, and on the last one after the first migration.
func (d database) migrateAtOnce(t *testing.T, pools []*sql.DB, prefix string) {
	t.Helper()
	ctx := context.Background()
	opts := &sqlstore.Options{TablePrefix: prefix}
	var stores []*sqlstore.Store
	for _, db := range pools {
		if err := db.Ping(); err != nil { // opens a connection
			t.Fatal(err)
		}
		store, err := sqlstore.New(db, d.dialect, opts)
		must(t, err)
		stores = append(stores, store)
	}
	start, done := make(chan struct{}), make(chan error)
	for _, store := range stores[:atOnce] {
		go func() {
			<-start
			done <- store.Migrate(ctx)
		}()
	}
	close(start)
	for i := range atOnce {
		if err := <-done; err != nil {
			t.Error(err)
		}
		if i > 0 {
			continue
		}
		go func() { done <- stores[atOnce].Migrate(ctx) }()
	}
	if err := <-done; err != nil {
		t.Error("the late replica:", err)
	}
	for _, store := range stores {
		if err := use(store); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The environment variables of a process of this test that migrates a database and ends.
const (
	migrateBackend = "APITOKEN_TEST_MIGRATE_BACKEND"
	migrateDSN     = "APITOKEN_TEST_MIGRATE_DSN"
	migratePrefix  = "APITOKEN_TEST_MIGRATE_PREFIX"
)

func TestMigrateByFiveProcessesAtOnce(t *testing.T) {
	long(t)
	if name := os.Getenv(migrateBackend); name != "" {
		migrateAsProcess(t, name)
		return
	}
	for _, c := range crowds {
		t.Run(c.name, func(t *testing.T) { c.migrateByProcesses(t) })
	}
}

func (c migrators) migrateByProcesses(t *testing.T) {
	d := c.database(t)
	db := d.open(t, 0)
	want := d.made(t, db)
	for round := range c.processes {
		prefix := fmt.Sprintf("round_%d_", round)
		d.migrateByProcesses(t, prefix)
		d.holdFresh(t, db, prefix, want)
		d.drop(t, db, prefix)
	}
}

// migrateAsProcess prints "ready", waits for the end of its input, and migrates.
func migrateAsProcess(t *testing.T, name string) {
	t.Helper()
	for _, c := range append(crowds, crowdOnGalera) {
		if c.name != name {
			continue
		}
		d := database{c.backend, []string{os.Getenv(migrateDSN)}}
		db := d.open(t, 0)
		must(t, db.Ping())
		fmt.Println("ready")
		if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
			t.Fatal(err)
		}
		d.newMigrated(t, db, &sqlstore.Options{TablePrefix: os.Getenv(migratePrefix)})
		return
	}
	t.Fatalf("there is no backend %q", name)
}

// migrateByProcesses starts processes of this test, and lets all of them migrate when all are ready.
func (d database) migrateByProcesses(t *testing.T, prefix string) {
	t.Helper()
	input, release, err := os.Pipe()
	must(t, err)
	said, output, err := os.Pipe()
	must(t, err)
	var running []*exec.Cmd
	for i := range atOnce {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMigrateByFiveProcessesAtOnce$", "-test.timeout=10m")
		cmd.Env = append(os.Environ(),
			migrateBackend+"="+d.name, migrateDSN+"="+d.dsns[i%len(d.dsns)], migratePrefix+"="+prefix)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = input, output, os.Stderr
		must(t, cmd.Start())
		running = append(running, cmd)
	}
	must(t, errors.Join(input.Close(), output.Close())) // the processes have them
	lines := bufio.NewScanner(said)
	for range running {
		if !lines.Scan() || lines.Text() != "ready" {
			t.Errorf("a process prints %q, want ready", lines.Text())
		}
	}
	must(t, release.Close())
	for i, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	must(t, said.Close())
}
