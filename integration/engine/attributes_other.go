//go:build !unix

package engine

import "syscall"

// attributes are none: here a program runs as whoever starts it, and there is no way to have it die with the test.
func attributes(*account, syscall.Signal) *syscall.SysProcAttr { return nil }
