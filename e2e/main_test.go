// Package e2e stands Palisade, as a person builds and starts it, between a real browser and an app that is not ours.
// Everything runs on free ports of loopback; each process started here is ended by its id.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the program under test, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "palisade-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder for the program:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "palisade")
	if out, err := exec.Command("go", "build", "-o", binary, "palisade.dev/cmd/palisade").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building palisade: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
