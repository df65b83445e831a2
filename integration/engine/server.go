package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// server is the common part of all kinds of servers.
type server struct {
	program program
	limit   time.Duration // for becoming ready
	ready   func(context.Context) error
	process *process // nil before start and after kill or stop
}

var errRunning, errNotRunning = errors.New("it is running"), errors.New("it is not running")

func (s *server) running() bool { return s.process != nil && s.process.running() }

// start starts the server with additional arguments, and waits until it is ready.
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

// kill kills the server. It fails if the server does not run, because then the test would prove nothing.
func (s *server) kill() error {
	if s.process == nil {
		return errNotRunning
	}
	return s.end(syscall.SIGKILL)
}

// stop ends the server if it runs.
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

// wrapped adds to an error what was attempted. It returns nil if err is nil.
func wrapped(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
