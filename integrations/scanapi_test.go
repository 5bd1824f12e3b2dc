package integrations

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeAPI notes its words, one a line, and leaves a run where a scan would.
const fakeAPI = `#!/bin/sh
for word; do echo "$word" >> "$CALLS"; done
echo == >> "$CALLS"
if [ "$2" = api ]; then
	[ "$CODE" = 2 ] || [ "$CODE" = 4 ] || [ -n "$UNREACHABLE" ] || echo {} > palisade-reports/api-run.json
	exit "$CODE"
fi
exit "$PUBLISHED"
`

func TestAPIScript(t *testing.T) {
	script, err := filepath.Abs("scan-api.sh")
	if err != nil {
		t.Fatal(err)
	}
	const url = "SCAN_URL=http://127.0.0.1:4000"
	plain := []string{
		"scan", "api", "http://127.0.0.1:4000", "--mode", "active", "--out", "palisade-reports/api-run.json", "--out", "palisade-reports/api-report.sarif",
		"--out", "palisade-reports/api-report.html", "--out", "junit=palisade-reports/api-junit.xml",
	}
	told := []string{"scan", "publish", "palisade-reports/api-run.json", "--no-suggest"}
	for name, c := range map[string]struct {
		env   []string
		code  int
		calls [][]string
		said  string
	}{
		"clean":       {[]string{url, "CODE=0"}, 0, [][]string{plain, told}, ""},
		"findings":    {[]string{url, "CODE=1"}, 1, [][]string{plain, told}, ""},
		"misuse":      {[]string{url, "CODE=2"}, 2, [][]string{plain}, ""},
		"partly":      {[]string{url, "CODE=3"}, 3, [][]string{plain, told}, ""},
		"unreachable": {[]string{url, "CODE=3", "UNREACHABLE=1"}, 3, [][]string{plain}, ""},
		"internal":    {[]string{url, "CODE=4"}, 4, [][]string{plain}, ""},
		"untold":      {[]string{url, "CODE=0", "PUBLISHED=1"}, 0, [][]string{plain, told}, "could not be told"},
		"silent":      {[]string{url, "CODE=1", "SCAN_PUBLISH=no"}, 1, [][]string{plain}, ""},
		"nowhere":     {[]string{"CODE=0"}, 2, nil, "which API? Set SCAN_URL"},
		"absent":      {[]string{url, "PALISADE=not-there"}, 4, nil, "palisade is not installed here"},
		"choices": {
			[]string{
				url + "/;touch pwned", "CODE=0", "SCAN_SPEC=open api.yaml", "SCAN_IDENTITIES=alice=bearer:env:A\n\nbob=bearer:env:B $(touch pwned)", "SCAN_FAIL_ON=high",
				"SCAN_MIN_SCORE=80", "SCAN_BASELINE=a b.json", "SCAN_OWNER_TOKEN=tok", "SCAN_MODE=passive", "SCAN_PUBLISH=--no-sarif --no-comment",
			},
			0,
			[][]string{
				slices.Concat([]string{"scan", "api", "http://127.0.0.1:4000/;touch pwned", "--mode", "passive"}, plain[5:], []string{
					"--identity", "alice=bearer:env:A", "--identity", "bob=bearer:env:B $(touch pwned)", "--spec", "open api.yaml", "--fail-on", "high", "--min-score", "80",
					"--owner-token", "tok", "--baseline", "a b.json", "--new-only",
				}),
				slices.Concat(told, []string{"--spec", "open api.yaml", "--new-only", "--no-sarif", "--no-comment"}),
			},
			"",
		},
	} {
		dir := t.TempDir()
		for file, text := range map[string]string{"palisade": fakeAPI, "open api.yaml": "openapi: 3.1.0\n"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		// A run of yesterday must not be told of as today's.
		if err := os.MkdirAll(filepath.Join(dir, "palisade-reports"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "palisade-reports", "api-run.json"), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), append([]string{"PATH=" + dir + ":" + os.Getenv("PATH"), "CALLS=" + filepath.Join(dir, "calls"), "PUBLISHED=0", "UNREACHABLE="}, c.env...)...)
		out, err := cmd.CombinedOutput()
		code := 0
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		data, _ := os.ReadFile(filepath.Join(dir, "calls"))
		var calls [][]string
		for call := range strings.SplitSeq(strings.TrimSuffix(string(data), "==\n"), "==\n") {
			if call != "" {
				calls = append(calls, strings.Split(strings.TrimSuffix(call, "\n"), "\n"))
			}
		}
		if code != c.code || !slices.EqualFunc(calls, c.calls, slices.Equal) || !strings.Contains(string(out), c.said) {
			t.Errorf("%s ends with %d after %q and says %s", name, code, calls, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
			t.Errorf("%s: an input became a command", name)
		}
	}
}
