package template

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestPageNamesAll keeps docs/defaults.md and the defaults the same: each default has its line, each line a scene that
// is there, and each scene is named.
func TestPageNamesAll(t *testing.T) {
	b, err := os.ReadFile("../../docs/defaults.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, line := range strings.Split(string(b), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(line, "|--") {
			continue
		}
		for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(cells[len(cells)-2], -1) {
			named[m[1]] = true
			if _, err := os.Stat("testdata/" + m[1] + ".vec"); err != nil {
				t.Errorf("%s names a scene that is not there: %s", line, m[1])
			}
		}
		for _, m := range regexp.MustCompile("^\\| `([a-z-]+)`").FindAllStringSubmatch(line, -1) {
			named["line "+m[1]] = true
		}
	}
	files, err := os.ReadDir("testdata")
	if err != nil || len(files) < atLeast {
		t.Fatalf("%d scenes, %v", len(files), err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".vec"); !named[name] && name != "ordinary-visitor" {
			t.Errorf("no line names the scene %s", name)
		}
	}
	s, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	need := func(name string) {
		want++
		if !named["line "+name] {
			t.Errorf("no line tells %s", name)
		}
	}
	for _, r := range s.Routes {
		need(r.Name)
	}
	for _, r := range s.Rules {
		need(r.Name)
	}
	for _, tr := range s.Traps {
		need(tr.Name)
	}
	for _, b := range s.Blocks {
		need(b.Name)
	}
	if want < 21 {
		t.Errorf("only %d defaults were looked for", want)
	}
}
