//go:build ignore

// Command generate writes list.go from the folders: a check is a folder with a check.go beside this one.
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
	found, err := filepath.Glob("../*/check.go")
	if err != nil || len(found) == 0 {
		log.Fatalf("no checks below %q: run it by go generate ./scan/exposure/checks", "..")
	}
	slices.Sort(found)
	var imports, entries bytes.Buffer
	for _, f := range found {
		name := filepath.Base(filepath.Dir(f))
		fmt.Fprintf(&imports, "\t%q\n", "palisade.dev/scan/exposure/"+name)
		fmt.Fprintf(&entries, "\t%s.Check,\n", name)
	}
	out, err := format.Source([]byte("// Code generated from the folders by generate.go; DO NOT EDIT.\n\npackage checks\n\nimport (\n\t\"palisade.dev/scan/exposure\"\n" +
		imports.String() + ")\n\nvar list = []exposure.Check{\n" + entries.String() + "}\n"))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("list.go", out, 0o644); err != nil {
		log.Fatal(err)
	}
}
