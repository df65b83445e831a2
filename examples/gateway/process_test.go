package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// need returns the path of a program, in PATH or where Debian has servers. If the program or one of the files is missing, the
// test is skipped, or fails if APITOKEN_TEST_REQUIRE lists the name.
func need(t *testing.T, name, program string, files ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if elsewhere, notThere := exec.LookPath("/usr/sbin/" + program); err != nil && notThere == nil {
		path, err = elsewhere, nil
	}
	for _, file := range files {
		if err == nil {
			_, err = os.Stat(file)
		}
	}
	if err != nil {
		missing(t, name, err)
	}
	return path
}

func missing(t *testing.T, name string, err error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("APITOKEN_TEST_REQUIRE"), ","), name) {
		t.Fatalf("APITOKEN_TEST_REQUIRE names %s: %v", name, err)
	}
	t.Skipf("NOT TESTED: %s: %v; install.sh installs it", name, err)
}

// folder returns a copy of a folder of configurations with some texts replaced: pairs of old and new. Each old text has to
// occur. Every account can read the copy, because servers that root starts change to an account with few rights.
func folder(t *testing.T, from string, pairs ...string) string {
	t.Helper()
	to, err := os.MkdirTemp("", "gateway")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(to) })
	entries, err := os.ReadDir(from)
	if err == nil {
		err = os.Chmod(to, 0o755)
	}
	must(t, err)
	found := map[string]bool{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(from, entry.Name()))
		must(t, err)
		for i := 0; i < len(pairs); i += 2 {
			found[pairs[i]] = found[pairs[i]] || strings.Contains(string(text), pairs[i])
		}
		must(t, os.WriteFile(filepath.Join(to, entry.Name()), []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o644))
	}
	for i := 0; i < len(pairs); i += 2 {
		if !found[pairs[i]] {
			t.Fatalf("there is no %q in %s to be replaced", pairs[i], from)
		}
	}
	return to
}

// freeAddress returns an address on which no program listens. On Linux its host is one of four million, so that no other
// program takes the port before the server does.
func freeAddress(t *testing.T) string {
	t.Helper()
	host := "127.0.0.1"
	if runtime.GOOS == "linux" {
		host = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	}
	l, err := net.Listen("tcp", host+":0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// guard runs a server until its own standard input ends, and then ends the server by its process ID. The input ends when the
// test closes it, and when the process of the test is gone.
const guard = `
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ read -r _; kill "$server"; } <&3 & reader=$!
wait "$server"; code=$?
kill "$reader" 2>/dev/null
exit "$code"`

// start runs a server in a folder, waits until it listens, and ends it with the test, or with the process of the test.
func start(t *testing.T, dir, addr, program string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "output.log"))
	must(t, err)
	defer log.Close()
	server := exec.Command("sh", append([]string{"-c", guard, "sh", program}, args...)...)
	server.Dir = dir
	server.Stdout, server.Stderr = log, log
	server.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	stdin, err := server.StdinPipe()
	if err == nil {
		err = server.Start()
	}
	must(t, err)
	ended := make(chan struct{})
	go func() {
		_ = server.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Errorf("%s does not end", program)
		}
		if !t.Failed() {
			return
		}
		for _, name := range []string{"output.log", "error.log"} {
			text, _ := os.ReadFile(filepath.Join(dir, name))
			t.Logf("%s:\n%s", name, text)
		}
	})
	await(t, 5*time.Minute, "it listens on "+addr, func() bool {
		select {
		case <-ended:
			t.Fatalf("%s has ended: %v", program, server.ProcessState)
		default:
		}
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// await polls until isSo, and returns how long that took.
func await(t *testing.T, limit time.Duration, what string, isSo func() bool) time.Duration {
	t.Helper()
	begun := time.Now()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !isSo() {
		if time.Since(begun) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		<-again.C
	}
	return time.Since(begun)
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
