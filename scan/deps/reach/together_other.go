//go:build !unix

package reach

import "os/exec"

// together ends the command alone, where there are no groups.
func together(cmd *exec.Cmd) { cmd.Cancel = func() error { return cmd.Process.Kill() } }
