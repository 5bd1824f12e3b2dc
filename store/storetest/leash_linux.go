package storetest

import "syscall"

// leash ends a server when its test is killed.
func leash() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT} }
