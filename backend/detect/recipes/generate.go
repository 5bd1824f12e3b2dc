//go:build ignore

// Command generate writes list.go from the folders: a recipe is a folder of ../recipe with a doc.md.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	found, err := filepath.Glob("../recipe/*/doc.md")
	if err != nil || len(found) == 0 {
		log.Fatalf("no recipes below %q: run it by go generate ./backend/detect/recipes", "../recipe")
	}
	slices.Sort(found)
	var imports, entries bytes.Buffer
	for _, f := range found {
		name := filepath.Base(filepath.Dir(f))
		fmt.Fprintf(&imports, "\t%q\n", "palisade.dev/backend/detect/recipe/"+name)
		fmt.Fprintf(&entries, "\t\t%s.Recipe,\n", name)
	}
	out, err := format.Source([]byte("// Code generated from the folders by generate.go; DO NOT EDIT.\n\npackage recipes\n\nimport (\n\t\"palisade.dev/backend/detect\"\n" +
		imports.String() + ")\n\n// All gives every recipe, by name.\nfunc All() []detect.Recipe {\n\treturn []detect.Recipe{\n" + entries.String() + "\t}\n}\n"))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("list.go", out, 0o644); err != nil {
		log.Fatal(err)
	}
}
