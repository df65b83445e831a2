package engine

import "syscall"

// attributes has a program run as the account, and has the kernel send it a signal when the thread that started it ends.
func attributes(a *account, farewell syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: credential(a), Pdeathsig: farewell}
}
