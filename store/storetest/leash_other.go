//go:build unix && !linux

package storetest

import "syscall"

// leash does nothing here: a server outlives a test that is killed.
func leash() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
