package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/golangtest"
)

// TestEveryFolderIsListed notices a check that go generate has not seen, and what a check must not be without.
func TestEveryFolderIsListed(t *testing.T) {
	folders, err := filepath.Glob("../*/doc.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]golang.Check{}
	for _, c := range All() {
		listed[c.ID] = c
	}
	for _, f := range folders {
		id := "golang/" + filepath.Base(filepath.Dir(f))
		c, ok := listed[id]
		if !ok {
			t.Errorf("%s is in no list. Run: go generate ./scan/golang/checks", id)
			continue
		}
		page, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if c.Title == "" || c.Severity == scan.None || len(c.CWE) == 0 || c.Run == nil || c.Doc != string(page) {
			t.Errorf("%s lacks title, severity, CWE, run, or its page as Doc", id)
		}
		if !strings.HasPrefix(c.Doc, "# "+c.Title) || strings.Count(c.Doc, "```")%2 != 0 || strings.Count(c.Doc, "```") < 4 {
			t.Errorf("the page of %s does not begin with its title or does not show the code before and after", id)
		}
	}
	if len(folders) != len(listed) {
		t.Errorf("%d folders, %d checks listed", len(folders), len(listed))
	}
}

// TestSamples holds every check to its samples.
func TestSamples(t *testing.T) {
	for _, c := range All() {
		t.Run(strings.TrimPrefix(c.ID, "golang/"), func(t *testing.T) {
			golangtest.Run(t, c, filepath.Join("..", strings.TrimPrefix(c.ID, "golang/"), "testdata"))
		})
	}
}
