//go:build !unix

package engine

import "syscall"

// attributes returns nil: here a program runs as the test does, and may outlive it.
func attributes(*account, syscall.Signal) *syscall.SysProcAttr { return nil }
