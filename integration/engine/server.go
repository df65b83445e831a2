package engine

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"
)

// server is what all kinds have in common: it runs or not, and it can be asked whether it is ready.
type server struct {
	program program
	limit   time.Duration // how long it may take to become ready
	ready   func(context.Context) error
	process *process // nil when it was not started, or was ended on purpose
}

var errRunning, errNotRunning = errors.New("it is running"), errors.New("it is not running")

func (s *server) running() bool { return s.process != nil && s.process.running() }

// start starts the server with more arguments than it always has, and waits until it is ready.
func (s *server) start(args ...string) error {
	if s.running() {
		return errRunning
	}
	p := s.program
	p.args = slices.Concat(p.args, args)
	process, err := p.start()
	if err != nil {
		return err
	}
	if err := process.await(s.limit, s.ready); err != nil {
		return errors.Join(err, process.end(syscall.SIGKILL))
	}
	s.process = process
	return nil
}

// kill ends the server without any warning. It fails if the server does not run, because then the test that kills it tests
// something else than it says.
func (s *server) kill() error {
	if s.process == nil {
		return errNotRunning
	}
	return s.end(syscall.SIGKILL)
}

// stop ends the server at once, if it runs.
func (s *server) stop() error {
	if s.process == nil {
		return nil
	}
	return s.end(s.program.farewell)
}

func (s *server) end(signal syscall.Signal) error {
	process := s.process
	s.process = nil
	if !process.running() {
		return process.failure("ended by itself")
	}
	return process.end(signal)
}
