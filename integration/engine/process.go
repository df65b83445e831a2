package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// program is a server, or a tool that prepares one.
type program struct {
	path     string
	args     []string
	dir      string         // the working folder
	log      string         // the file that its output is appended to
	account  *account       // nil: that of the test
	network  namespace      // empty: that of the test
	farewell syscall.Signal // the signal that ends it with its child processes
}

// process is a started program with its child processes.
type process struct {
	program program
	cmd     *exec.Cmd
	ended   chan struct{} // closed when all processes have ended
	exit    error         // the exit status, set before ended is closed
}

// start starts a program. On Linux it and its child processes end with the test.
func (p program) start() (*process, error) {
	log, err := os.OpenFile(p.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	// The program and its child processes inherit one end of a pipe. When the other end reads EOF, all of them have ended.
	last, held, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer held.Close()

	cmd := exec.Command(p.path, p.args...)
	cmd.Dir = p.dir
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{held}
	cmd.SysProcAttr = attributes(p.account, p.farewell)
	s := &process{program: p, cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// For the kernel, the parent of a process is the thread that started it, and the process ends with that thread. So this
		// thread stays until the process has ended.
		runtime.LockOSThread()
		if p.network == "" {
			defer runtime.UnlockOSThread()
		}
		defer last.Close()
		err := p.network.enter()
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err != nil {
			return
		}
		s.exit = cmd.Wait()
		_, _ = io.Copy(io.Discard, last)
		close(s.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return s, nil
}

// environment returns the environment of a program: without settings of servers and clients, without a language, and without the
// temporary folder of the test, which another account may not enter.
func environment() []string {
	env := []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH") + ":/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, name := range []string{"TZ", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// run runs a tool. It fails if the tool fails or exceeds the limit.
func (p program) run(limit time.Duration) error {
	s, err := p.start()
	if err != nil {
		return err
	}
	select {
	case <-s.ended:
	case <-time.After(limit):
		_ = s.end(syscall.SIGKILL)
		return s.failure(fmt.Sprintf("did not end within %v", limit))
	}
	if s.exit != nil {
		return s.failure(s.exit.Error())
	}
	return nil
}

// running reports whether the program or one of its child processes runs.
func (s *process) running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// await polls until a server is ready. It fails if the server ends or the limit passes.
func (s *process) await(limit time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return s.failure("ended before it was ready")
		case <-ctx.Done():
			return s.failure(fmt.Sprintf("was not ready within %v: %v", limit, err))
		case <-again.C:
		}
	}
}

// end sends the program a signal, and waits until all processes have ended.
func (s *process) end(signal syscall.Signal) error {
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	const limit = 15 * time.Second
	select {
	case <-s.ended:
		return nil
	case <-time.After(limit):
		return s.failure(fmt.Sprintf("or a child process still runs %v after %v", limit, signal))
	}
}

// failure returns an error that quotes the end of the log.
func (s *process) failure(what string) error {
	const most = 15
	log, err := os.ReadFile(s.program.log)
	if err != nil {
		log = []byte(err.Error())
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	lines = lines[max(0, len(lines)-most):]
	return fmt.Errorf("%s %s; %s ends with\n\t%s", filepath.Base(s.program.path), what, s.program.log, strings.Join(lines, "\n\t"))
}
