//go:build unix

package reach

import (
	"os/exec"
	"syscall"
)

// together gives a command a group of its own, and ends all of the group with it.
func together(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
