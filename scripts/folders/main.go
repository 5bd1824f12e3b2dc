// Command folders writes list.go of a package that lists what stands in folders: each folder that has a file of a name holds
// a package with a value of a name, and nobody keeps a register. It is run by go generate in the folder of the list.
//
//	go run palisade.dev/scripts/folders -in .. -with doc.md -value Check -type palisade.dev/scan/elixir.Check
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	in := flag.String("in", "..", "where the folders are")
	with := flag.String("with", "doc.md", "the file by which a folder counts")
	value := flag.String("value", "Check", "the name of the value in each package")
	of := flag.String("type", "", "its type, with the import path before it")
	flag.Parse()
	dot := strings.LastIndex(*of, ".")
	if dot < 0 {
		log.Fatalf("-type %q: want an import path and a name, as palisade.dev/scan/elixir.Check", *of)
	}
	imported, name := (*of)[:dot], path.Base((*of)[:dot])+(*of)[dot:]
	found, err := filepath.Glob(filepath.Join(*in, "*", *with))
	if err != nil || len(found) == 0 {
		log.Fatalf("no folder in %q has a %s: run this by go generate, in the folder of the list", *in, *with)
	}
	slices.Sort(found)
	imports := []string{imported}
	var entries bytes.Buffer
	for _, f := range found {
		folder := filepath.Base(filepath.Dir(f))
		imports = append(imports, path.Join(imported, strings.TrimPrefix(filepath.ToSlash(*in), ".."), folder))
		fmt.Fprintf(&entries, "\t\t%s.%s,\n", folder, *value)
	}
	here, err := os.Getwd()
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "// Code generated from the folders by scripts/folders; DO NOT EDIT.\n\npackage %s\n\nimport (\n", filepath.Base(here))
	for _, i := range imports {
		fmt.Fprintf(&out, "\t%q\n", i)
	}
	fmt.Fprintf(&out, ")\n\n// All gives every %s there is a folder of, by name.\nfunc All() []%s {\n\treturn []%s{\n%s\t}\n}\n", strings.ToLower(*value), name, name, entries.String())
	text, err := format.Source(out.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("list.go", text, 0o644); err != nil {
		log.Fatal(err)
	}
}
