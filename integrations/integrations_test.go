// Package integrations holds what pipelines run; its tests run the script with a palisade that notes how it was called.
package integrations

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const fake = `#!/bin/sh
echo "$*" >> "$CALLS"
if [ "$2" = code ]; then exit "$CODE"; fi
exit "$PUBLISHED"
`

func TestScript(t *testing.T) {
	script, err := filepath.Abs("scan.sh")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env   []string
		code  int
		calls []string
		said  string
	}{
		"clean":    {[]string{"CODE=0", "PUBLISHED=0"}, 0, []string{"scan code . --out palisade-reports/run.json", "scan publish palisade-reports/run.json --root ."}, ""},
		"findings": {[]string{"CODE=1", "PUBLISHED=0"}, 1, []string{"scan code", "scan publish"}, ""},
		"misuse":   {[]string{"CODE=2", "PUBLISHED=0"}, 2, []string{"scan code"}, ""},
		"partly":   {[]string{"CODE=3", "PUBLISHED=0"}, 3, []string{"scan code", "scan publish"}, ""},
		"internal": {[]string{"CODE=4", "PUBLISHED=0"}, 4, []string{"scan code"}, ""},
		"untold":   {[]string{"CODE=0", "PUBLISHED=1"}, 0, []string{"scan code", "scan publish"}, "could not be told"},
		"silent":   {[]string{"CODE=1", "SCAN_PUBLISH=no"}, 1, []string{"scan code"}, ""},
		"choices": {
			[]string{"CODE=0", "PUBLISHED=0", "SCAN_FAIL_ON=high", "SCAN_BASELINE=a b.json", "SCAN_PATH=a dir; touch pwned", "SCAN_PUBLISH=--no-sarif --no-suggest"},
			0,
			[]string{"scan code a dir; touch pwned --out", "scan publish palisade-reports/run.json --root a dir; touch pwned --new-only --no-sarif --no-suggest"},
			"",
		},
		"absent": {[]string{"PALISADE=not-there"}, 4, nil, "palisade is not installed here"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "palisade"), []byte(fake), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), append([]string{"PATH=" + dir + ":" + os.Getenv("PATH"), "CALLS=" + filepath.Join(dir, "calls")}, c.env...)...)
		out, err := cmd.CombinedOutput()
		code := 0
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		data, _ := os.ReadFile(filepath.Join(dir, "calls"))
		calls := strings.Split(strings.TrimSpace(string(data)), "\n")
		if len(data) == 0 {
			calls = nil
		}
		ok := code == c.code && len(calls) == len(c.calls) && strings.Contains(string(out), c.said)
		for i := range calls {
			ok = ok && i < len(c.calls) && strings.HasPrefix(calls[i], c.calls[i])
		}
		if !ok {
			t.Errorf("%s ends with %d after %q and says %s", name, code, calls, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
			t.Errorf("%s: an input became a command", name)
		}
	}
}

// TestFiles reads the templates, and looks that no input of the action stands within a line of shell.
func TestFiles(t *testing.T) {
	for _, name := range []string{"github/scan/action.yml", "github/scan-api/action.yml", "gitlab/scan.yml", "gitlab/scan-api.yml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := yaml.Unmarshal(data, &v); err != nil || len(v) == 0 {
			t.Errorf("%s: %v", name, err)
		}
		if runs, ok := v["runs"].(map[string]any); ok {
			for _, step := range runs["steps"].([]any) {
				if line := fmt.Sprint(step.(map[string]any)["run"]); strings.Contains(line, "${{") {
					t.Errorf("%s puts an input into a line of shell: %s", name, line)
				}
			}
		}
	}
}
