//go:build ignore

// Command generate writes list.go from the folders: a probe is a folder with a probe.go, two steps below scan/api.
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
	found, err := filepath.Glob("../*/*/probe.go")
	if err != nil || len(found) == 0 {
		log.Fatalf("no probes below %q: run it by go generate ./scan/api/probes", "..")
	}
	slices.Sort(found)
	uses := map[string]int{}
	for _, f := range found {
		uses[filepath.Base(filepath.Dir(f))]++
	}
	var imports, entries bytes.Buffer
	for _, f := range found {
		dir := filepath.Dir(f)
		category, name := filepath.Base(filepath.Dir(dir)), filepath.Base(dir)
		alias, used := "", name
		if uses[name] > 1 {
			alias, used = category+name+" ", category+name
		}
		fmt.Fprintf(&imports, "\t%s%q\n", alias, "palisade.dev/scan/api/"+category+"/"+name)
		fmt.Fprintf(&entries, "\t{%s.Probe, %s.Samples},\n", used, used)
	}
	out, err := format.Source([]byte("// Code generated from the folders by generate.go; DO NOT EDIT.\n\npackage probes\n\nimport (\n" + imports.String() +
		")\n\n// Entries are all probes, by category and name.\nvar Entries = []Entry{\n" + entries.String() + "}\n"))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("list.go", out, 0o644); err != nil {
		log.Fatal(err)
	}
}
