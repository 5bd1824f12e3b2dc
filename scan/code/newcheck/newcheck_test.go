package newcheck

import (
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMake(t *testing.T) {
	dir := t.TempDir()
	for _, room := range []string{"elixir", "golang", "deps"} {
		if err := os.MkdirAll(filepath.Join(dir, "scan", room), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for id, want := range map[string][]string{
		"elixir/odd": {"scan/elixir/odd/doc.md", "scan/elixir/odd/odd.go", "scan/elixir/odd/testdata/bad/first.ex", "scan/elixir/odd/testdata/good/first.ex"},
		"golang/odd": {"scan/golang/odd/doc.md", "scan/golang/odd/odd.go", "scan/golang/odd/testdata/bad/first.go", "scan/golang/odd/testdata/good/first.go"},
		"deps/odd":   {"scan/deps/odd/doc.md", "scan/deps/odd/odd.go"},
	} {
		files, then, err := Make(root, id)
		slices.Sort(files)
		if err != nil || !slices.Equal(files, want) || !strings.Contains(then, "go test ./scan/") {
			t.Errorf("%s makes %v, %q, %v", id, files, then, err)
			continue
		}
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(dir, f))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "<<") {
				t.Errorf("%s is not filled in", f)
			}
			if !strings.HasSuffix(f, ".go") {
				continue
			}
			if out, err := format.Source(text); err != nil || string(out) != string(text) {
				t.Errorf("%s is not formatted: %v", f, err)
			}
		}
		if _, _, err := Make(root, id); err == nil || !strings.HasSuffix(err.Error(), "is there already") {
			t.Errorf("%s again: %v", id, err)
		}
	}
	for id, want := range map[string]string{"odd": "no identifier", "../x/y": "no identifier", "elixir/../x": "no identifier", "elixir/Odd": "no identifier", "api/odd": "no identifier"} {
		if _, _, err := Make(root, id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", id, err)
		}
	}
	other, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, _, err := Make(other, "elixir/odd"); err == nil || !strings.Contains(err.Error(), "not the root") {
		t.Error(err)
	}
}
