package recipes

import (
	"path/filepath"
	"testing"
)

func TestEveryFolderIsListed(t *testing.T) {
	folders, err := filepath.Glob("../recipe/*/doc.md")
	if err != nil {
		t.Fatal(err)
	}
	all := All()
	if len(folders) != len(all) || len(all) < 15 {
		t.Errorf("%d folders, %d listed: run go generate ./backend/detect/recipes", len(folders), len(all))
	}
	for i, r := range all {
		if name := filepath.Base(filepath.Dir(folders[i])); r.ID != name {
			t.Errorf("the recipe in folder %s calls itself %s", name, r.ID)
		}
	}
}
