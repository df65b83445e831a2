//go:build unix && !linux

package engine

import "syscall"

// attributes makes a program run as the account. It may outlive the test.
func attributes(a *account, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: credential(a)}
}
