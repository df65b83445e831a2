package engine

import "syscall"

// attributes makes a program run as the account. The kernel sends it the signal when the thread that started it ends.
func attributes(a *account, farewell syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: credential(a), Pdeathsig: farewell}
}
