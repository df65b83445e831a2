package examples_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// limit is the timeout of every program. It catches programs that hang, not slow ones: a build may take minutes.
const limit = 10 * time.Minute

// programs is the folder of the compiled programs.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "examples"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(programs)
	os.Exit(code)
}

// build compiles the program in a folder of this module, once.
func build(t *testing.T, folder string) (program string) {
	t.Helper()
	program = filepath.Join(programs, filepath.Base(folder))
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if out, err := command(t, "go", "build", "-o", program, "./"+folder).CombinedOutput(); err != nil {
		t.Fatalf("go build ./%s: %v\n%s", folder, err, out)
	}
	return program
}

// command returns a command that does not outlive the test.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return exec.CommandContext(ctx, name, args...)
}

// server is a running program that serves HTTP.
type server struct {
	url    string            // where it listens: http://127.0.0.1:12345
	logins map[string]string // the variables that it printed as shell exports: ADMIN, BOB
	output string            // what it printed up to the address
	log    *lines            // what it has logged; complete once it has ended

	process *exec.Cmd
	stdout  *bufio.Scanner
}

// lines collects what a program writes to stderr.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var (
	exported  = regexp.MustCompile(`^export ([A-Z]+)=(.*)$`)
	listening = regexp.MustCompile(`^listening on (http://\S+), `)
)

// start runs the server on a free port and waits until it listens.
func start(t *testing.T, program, db string) *server {
	t.Helper()
	return listen(t, program, "-db", db)
}

// listen runs a program that serves on a free port, and waits until it listens.
func listen(t *testing.T, program string, args ...string) *server {
	t.Helper()
	s := &server{process: command(t, program, append(args, "-addr", "127.0.0.1:0")...), logins: map[string]string{}, log: new(lines)}
	s.process.Stderr = s.log
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s logged:\n%s", program, s.log)
		}
	})
	stdout, err := s.process.StdoutPipe()
	must(t, err)
	must(t, s.process.Start())
	t.Cleanup(func() { // a test that fails has not stopped it, and this process may end before the context kills it
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	})
	s.stdout = bufio.NewScanner(stdout)
	for s.stdout.Scan() {
		line := s.stdout.Text()
		s.output += line + "\n"
		if login := exported.FindStringSubmatch(line); login != nil {
			s.logins[login[1]] = login[2]
		}
		if where := listening.FindStringSubmatch(line); where != nil {
			s.url = where[1]
			return s
		}
	}
	t.Fatalf("the server ended before it listened: %v\n%s", s.process.Wait(), s.output)
	return nil
}

// stop ends the server with a signal and returns what it printed at the end. A nonzero exit code is an error.
func (s *server) stop(t *testing.T, signal os.Signal) (goodbye string) {
	t.Helper()
	must(t, s.process.Process.Signal(signal))
	for s.stdout.Scan() {
		goodbye += s.stdout.Text() + "\n"
	}
	if err := s.process.Wait(); err != nil {
		t.Errorf("the server ended by %v: %v", signal, err)
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://")); err == nil {
		_ = conn.Close()
		t.Error("after the end of the server, its port still accepts connections")
	}
	return goodbye
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
