// Package project is what the checks know of an Elixir code base: its applications, files, modules and functions with every
// name resolved, its routers and its configuration. It is read from source alone, an umbrella as one; nothing is evaluated.
package project

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/tree"
)

// Project is a tree of Elixir source.
type Project struct {
	Apps    []*App  // in the order of their folders
	Files   []*File // in the order of their paths
	Modules map[string]*Module
	Routers []*Router
	Config  *Config

	order []*Module
	files map[string]*File
}

// App is a folder with a mix.exs. A tree without one is a single App without a name.
type App struct {
	Name string // as in `app: :shop`
	Dir  string // "." at the root
	Mix  *File
}

// File is one file of source or one template.
type File struct {
	Path    string
	Src     []byte
	Syntax  *syntax.File // nil for templates
	App     *App
	Modules []*Module // those that begin in it, outer before inner

	lines scan.Lines
}

// Place is where a node stands.
func (f *File) Place(n *syntax.Node) scan.Place {
	return f.lines.Span(f.Path, min(int(n.Start), len(f.Src)), min(int(n.End), len(f.Src)))
}

// Span is the place between two byte offsets.
func (f *File) Span(start, end int) scan.Place { return f.lines.Span(f.Path, start, end) }

// Text is the source of a node.
func (f *File) Text(n *syntax.Node) string {
	start, end := int(n.Start), int(n.End)
	if start < 0 || end > len(f.Src) || start > end {
		return ""
	}
	return string(f.Src[start:end])
}

// Line is the text of the whole line a node begins on.
func (f *File) Line(n *syntax.Node) string {
	start, end := int(n.Start), int(n.Start)
	for start > 0 && f.Src[start-1] != '\n' {
		start--
	}
	for end < len(f.Src) && f.Src[end] != '\n' {
		end++
	}
	return string(f.Src[start:end])
}

// Template says whether it is a file of markup with code in it.
func (f *File) Template() bool { return f.Syntax == nil }

// Inside is the path below the file's application: lib/shop/cart.ex.
func (f *File) Inside() string {
	if f.App == nil || f.App.Dir == "." {
		return f.Path
	}
	return strings.TrimPrefix(f.Path, f.App.Dir+"/")
}

// Test says whether a file is only ever run by developers: tests, benchmarks, mix tasks, seeds and scripts beside the code.
func (f *File) Test() bool {
	in := f.Inside()
	for _, dir := range []string{"test/", "bench/", "benchmarks/", "lib/mix/tasks/", "dev/", "scripts/", "examples/", "integration_test/"} {
		if strings.HasPrefix(in, dir) {
			return true
		}
	}
	return path.Base(in) == "seeds.exs" || strings.HasSuffix(in, "_test.exs")
}

// Task says whether a file is of a mix task: run by developers too, or by those who deploy.
func (f *File) Task() bool { return strings.Contains("/"+f.Inside(), "/lib/mix/tasks/") }

// kinds are the endings of files that are read.
var kinds = map[string]bool{".ex": true, ".exs": true, ".heex": true, ".eex": true, ".leex": true}

// Reads says whether a file is one of ours.
func Reads(f tree.File) bool { return kinds[f.Ext()] }

// Read reads a tree. What could not be read, wholly or in part, is in the gaps of the part.
func Read(ctx context.Context, t *tree.Tree) (*Project, scan.Part, error) {
	p := &Project{Modules: map[string]*Module{}, files: map[string]*File{}}
	var files []tree.File
	tests := 0
	index := map[string]int{}
	for _, f := range t.Files {
		switch {
		case !Reads(f):
		case tested(f.Path):
			tests++
		default:
			index[f.Path] = len(files)
			files = append(files, f)
		}
	}
	read := make([]*File, len(files))
	part, err := tree.Each(ctx, files, func(f tree.File) string { return f.Path }, func(_ context.Context, f tree.File) scan.Part {
		file, part := readFile(t, f)
		read[index[f.Path]] = file
		return part
	})
	if err != nil {
		return nil, part, err
	}
	for _, f := range read {
		if f != nil {
			p.Files = append(p.Files, f)
			p.files[f.Path] = f
		}
	}
	if tests > 0 {
		part.Facts = append(part.Facts, scan.Fact{Name: "files of tests not looked at", Value: fmt.Sprint(tests)})
	}
	p.apps()
	p.link()
	p.Config = readConfig(p)
	for _, m := range p.order {
		if r := readRouter(m); r != nil {
			p.Routers = append(p.Routers, r)
		}
	}
	return p, part, nil
}

// tested says whether a file is of the tests. They are as large as what they test, and what is wrong in them harms nobody.
func tested(path string) bool {
	return strings.HasSuffix(path, "_test.exs") || !strings.Contains(path, "lib/") && strings.Contains("/"+path, "/test/")
}

func readFile(t *tree.Tree, f tree.File) (*File, scan.Part) {
	src, err := t.Text(f.Path)
	if err != nil {
		return nil, scan.Part{Gaps: []scan.Gap{{Where: f.Path, Why: "not read: " + err.Error()}}}
	}
	file := &File{Path: f.Path, Src: src, lines: scan.NewLines(src)}
	part := scan.Part{Read: 1}
	if ext := f.Ext(); ext != ".ex" && ext != ".exs" {
		return file, part
	}
	file.Syntax = syntax.Parse(src, syntax.Option{})
	if file.Syntax.Partial {
		why := "read in part"
		if len(file.Syntax.Faults) > 0 {
			why = fmt.Sprintf("read in part: %v", file.Syntax.Faults[0])
		}
		part.Gaps = append(part.Gaps, scan.Gap{Where: f.Path, Why: why})
	}
	collect(file)
	return file, part
}

// File gives a file by its path, or nil.
func (p *Project) File(path string) *File { return p.files[path] }

// All gives the modules in the order of files and lines.
func (p *Project) All() []*Module { return p.order }

// Func finds a function by module, name and the number of arguments it is called with.
func (p *Project) Func(module, name string, arity int) *Function {
	if m := p.Modules[module]; m != nil {
		return m.Func(name, arity)
	}
	return nil
}

func (p *Project) apps() {
	for _, f := range p.Files {
		if path.Base(f.Path) == "mix.exs" && f.Syntax != nil {
			p.Apps = append(p.Apps, &App{Name: appName(f), Dir: path.Dir(f.Path), Mix: f})
		}
	}
	if len(p.Apps) == 0 {
		p.Apps = []*App{{Dir: "."}}
	}
	slices.SortFunc(p.Apps, func(a, b *App) int { return strings.Compare(a.Dir, b.Dir) })
	for _, f := range p.Files {
		for _, a := range p.Apps { // deeper folders sort behind the shallow ones that hold them
			if a.Dir == "." || strings.HasPrefix(f.Path, a.Dir+"/") {
				if f.App == nil || len(a.Dir) > len(f.App.Dir) || f.App.Dir == "." {
					f.App = a
				}
			}
		}
		if f.App == nil {
			f.App = p.Apps[0]
		}
	}
}

func appName(mix *File) (name string) {
	syntax.Walk(mix.Syntax.Tree, func(n *syntax.Node) bool {
		if name == "" && n.Kind == syntax.Pair && n.Args[0].Kind == syntax.Atom && n.Args[0].Name == "app" && n.Args[1].Kind == syntax.Atom {
			name = n.Args[1].Name
		}
		return name == ""
	})
	return name
}

// Symbol names what is around a node: Shop.Cart.add/2, or the module where there is no function. It does not change when
// lines move.
func (f *File) Symbol(n *syntax.Node) string {
	at := n.Start
	var in *Module
	for _, m := range f.Modules { // inner ones come later
		if m.Node.Start <= at && at < m.Node.End {
			in = m
		}
	}
	if in == nil {
		return ""
	}
	for _, fn := range in.Functions {
		for _, c := range fn.Clauses {
			if fn.File == f && c.Node.Start <= at && at < c.Node.End {
				return fn.String()
			}
		}
	}
	return in.Name
}
