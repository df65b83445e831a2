//go:build unix && !linux

package engine

import "syscall"

// attributes has a program run as the account. There is no way to have it die with the test.
func attributes(a *account, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: credential(a)}
}
