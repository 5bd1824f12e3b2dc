// Package world knows what Go code outside of a scanned project declares: the standard library, and the web frameworks
// and libraries that checks ask about, as declarations without bodies. So types are known without a Go installation, a
// module cache or the go command, none of which a hostile project could then steer, and a scan says the same everywhere.
//
// std.txt.gz is made by go generate from the Go that builds this; models.txt is written by hand and holds of each library
// what checks need, under its path without a version.
package world

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"palisade.dev/scan/late"
)

//go:generate env CGO_ENABLED=0 go run generate.go

//go:embed std.txt.gz
var std []byte

//go:embed models.txt
var models []byte

// sources are the declarations by path. They are the same for every scan and never changed.
var sources = sync.OnceValue(func() map[string]string {
	r, err := gzip.NewReader(bytes.NewReader(std))
	if err != nil {
		panic(err) // a file of ours, held by a test
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	all := map[string]string{}
	for _, data := range [][]byte{text, models} {
		name, start := "", 0
		for at := 0; at < len(data); {
			end := len(data)
			if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
				end = at + i + 1
			}
			if line := string(bytes.TrimSpace(data[at:end])); strings.HasPrefix(line, "-- ") && strings.HasSuffix(line, " --") {
				all[name] = string(data[start:at])
				name, start = line[3:len(line)-3], end
			}
			at = end
		}
		all[name] = string(data[start:])
	}
	delete(all, "")
	return all
})

// Paths are those of all packages that are known.
func Paths() []string {
	var list []string
	for p := range sources() {
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

// World gives packages to one scan. It is an importer for go/types and, as those are, not for use from several goroutines.
type World struct {
	packages map[string]*types.Package
	unknown  map[string]bool
	inner    int // above 0 while our own declarations import each other
}

// New gives a world that has loaded nothing yet.
func New() *World { return &World{packages: map[string]*types.Package{}, unknown: map[string]bool{}} }

// Import gives a package of the outside. One that nobody told us about is empty: what is taken from it has no type, and
// its name is all that a check can go by.
func (w *World) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	source, ok := sources()[path] // math/rand/v2 is a package of its own
	if !ok {
		source, ok = sources()[Plain(path)]
	}
	if !ok && w.inner == 0 {
		w.unknown[path] = true
	}
	if p := w.packages[path]; p != nil {
		return p, nil
	}
	if !ok {
		p := types.NewPackage(path, NameOf(path))
		p.MarkComplete()
		w.packages[path] = p
		return p, nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("our declarations of %s: %w", path, err)
	}
	// Bodies are not there and cycles cannot be. What a model leaves out of a signature has no type, as elsewhere.
	conf := types.Config{Importer: w, IgnoreFuncBodies: true, Error: func(error) {}}
	w.inner++
	defer func() { w.inner-- }()
	p, _ := conf.Check(path, fset, []*ast.File{file}, nil)
	w.packages[path] = p
	return p, nil
}

// Unknown are the packages that a project imports and nobody told us about.
func (w *World) Unknown() []string {
	var list []string
	for p := range w.unknown {
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

var major = late.Pattern(`/v[0-9]+(/|\.[A-Z(]|$)|\.v[0-9]+(/|\.[A-Z]|$)`)

// Plain is a path, or a name with its path, without major versions: github.com/labstack/echo/v4 and
// (github.com/labstack/echo/v4.Context).Param speak of the same.
func Plain(name string) string {
	if !strings.Contains(name, "/v") && !strings.Contains(name, ".v") {
		return name
	}
	return major.ReplaceAllString(name, "$1$2")
}

// NameOf guesses how a package calls itself: by the last element of its path, without versions and the marks of Go
// that are common in names of repositories.
func NameOf(p string) string {
	base := path.Base(Plain(p))
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".go"), "-go")
	base = strings.TrimPrefix(base, "go-")
	return strings.NewReplacer("-", "", ".", "").Replace(base)
}
