package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan"
)

// TestEveryFolderIsListed notices a check that go generate has not seen, and what a check must not be without.
func TestEveryFolderIsListed(t *testing.T) {
	folders, err := filepath.Glob("../*/check.go")
	if err != nil || len(folders) < 9 {
		t.Fatalf("%d folders: %v", len(folders), err)
	}
	listed := map[string]bool{}
	for _, c := range All() {
		listed[c.ID] = true
		dir := filepath.Join("..", strings.TrimPrefix(c.ID, "exposure/"))
		page, err := os.ReadFile(filepath.Join(dir, "doc.md"))
		if err != nil || string(page) != c.Doc || !strings.HasPrefix(c.Doc, "# "+c.Title+"\n") || len(c.Doc) < 300 {
			t.Errorf("%s has no page, or carries another: %v", c.ID, err)
		}
		if c.Title == "" || c.Fix == "" || c.Severity == scan.None || len(c.CWE) == 0 || len(c.Standards) == 0 || c.Run == nil {
			t.Errorf("%s lacks title, fix, severity, CWE or standards", c.ID)
		}
		if _, err := os.Stat(filepath.Join(dir, "check_test.go")); err != nil {
			t.Errorf("%s has no samples: %v", c.ID, err)
		}
	}
	for _, f := range folders {
		if id := "exposure/" + filepath.Base(filepath.Dir(f)); !listed[id] {
			t.Errorf("%s is in no list. Run: go generate ./scan/exposure/checks", id)
		}
	}
	if len(listed) != len(folders) {
		t.Errorf("%d folders, %d checks", len(folders), len(listed))
	}
}
