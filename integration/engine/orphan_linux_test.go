package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

func TestPostgresDiesWithTheTest(t *testing.T) {
	long(t)
	expectDeathWithTheTest(t, func() server { return startPostgres(t, nil) }, func(dsn string) int {
		return postgresPID(t, openPostgres(t, dsn))
	})
}

func TestMariaDBDiesWithTheTest(t *testing.T) {
	long(t)
	expectDeathWithTheTest(t, func() server { return startMariaDB(t, nil) }, func(dsn string) int {
		return mariaDBPID(t, openMariaDB(t, dsn))
	})
}

// expectDeathWithTheTest runs the test in another process, which starts the server, kills that process, and checks that the
// server is gone.
func expectDeathWithTheTest(t *testing.T, start func() server, pidOf func(dsn string) int) {
	const variable = "APITOKEN_TEST_DIES"
	if os.Getenv(variable) != "" {
		fmt.Printf("\nDSN %s\n", start().DSN())
		select {}
	}
	temporary := t.TempDir()
	if err := os.Chmod(filepath.Dir(temporary), 0o755); err != nil { // for the user of the server
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), variable+"=1", "TMPDIR="+temporary)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	dsn, said := dsnIn(out)
	pid := 0
	if dsn != "" {
		pid = pidOf(dsn)
	}
	if err := child.Process.Kill(); err != nil && dsn != "" {
		t.Error(err)
	}
	_ = child.Wait() // it was killed
	if strings.Contains(said, "NOT TESTED") {
		t.Skip(said)
	}
	if dsn == "" {
		t.Fatalf("the other process has started no server:\n%s", said)
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(20 * time.Second)
	for runs(pid) || listen(dsn) != nil {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("the server, process %d, is still there after the test was killed", pid)
		}
	}
}

// dsnIn reads the output of a process up to a DSN, or to its end.
func dsnIn(out io.Reader) (dsn, said string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if dsn, ok := strings.CutPrefix(lines.Text(), "DSN "); ok {
			return dsn, said
		}
		said += lines.Text() + "\n"
	}
	return "", said
}

// For the kernel, the parent of a process is the thread that started it. A server must not end with the thread of the
// goroutine that called Start. The test uses two goroutines, because the first thread of a program never ends.
func TestServerOutlivesTheThreadThatAskedForIt(t *testing.T) {
	long(t)
	type answer struct {
		server *engine.Postgres
		err    error
	}
	answers := make(chan answer)
	var locked, ended sync.WaitGroup
	locked.Add(2)
	for range 2 {
		dir := t.TempDir()
		ended.Go(func() {
			runtime.LockOSThread() // and never unlock it, so that the thread ends
			locked.Done()
			locked.Wait()
			p, err := engine.StartPostgres(dir, &engine.Options{Fast: true})
			answers <- answer{p, err}
		})
	}
	first, second := <-answers, <-answers
	ended.Wait()
	for _, a := range []answer{first, second} {
		engine.Require(t, "postgres", a.err)
		stopped(t, a.server)
		for range 3 {
			mustExec(t, openPostgres(t, a.server.DSN()), "SELECT pg_sleep(0.1)")
		}
	}
}
