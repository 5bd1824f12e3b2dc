// Package project reads the Go source of a tree: its modules and packages, parsed and with their types as far as they can
// be told. Nothing is run and nothing outside of the tree is read. The project's own packages know each other from source,
// those of the standard library and of well-known libraries come from package world, and of the rest only names are known.
package project

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
	"sync"

	"palisade.dev/scan"
	"palisade.dev/scan/golang/world"
	"palisade.dev/scan/tree"
)

// Project is all Go source of a tree that a build for Linux would take.
type Project struct {
	Packages []*Package // those imported before those that import them
	Fset     *token.FileSet
	Unknown  []string // packages of which only names are known
	Left     int      // files that a build for Linux leaves out
	World    *world.World

	funcs map[*types.Func]*Func
	files map[*token.File]*File
	names sync.Map // of *types.Func, since checks run side by side
}

// Package is one package with its types. Where something could not be told, Info says nothing of it.
type Package struct {
	Path  string // as others import it
	Dir   string // below the root
	Files []*File
	Types *types.Package
	Info  *types.Info
	Main  bool
}

// File is one file.
type File struct {
	Path    string
	Source  []byte
	AST     *ast.File
	Package *Package
	lines   scan.Lines
	base    int
}

// Func is a function or method with a body.
type Func struct {
	Decl *ast.FuncDecl
	File *File
	Obj  *types.Func
}

// A module's file, or what stands for it.
type module struct{ path, dir string }

// Read reads the Go files of a tree.
func Read(ctx context.Context, t *tree.Tree) (*Project, scan.Part, error) {
	p := &Project{
		Fset: token.NewFileSet(), World: world.New(), funcs: map[*types.Func]*Func{}, files: map[*token.File]*File{},
	}
	var part scan.Part
	var modules []module
	byDir := map[string][]string{}
	for _, f := range t.Files {
		switch {
		case f.Base() == "go.mod":
			if data, err := t.Text(f.Path); err == nil {
				modules = append(modules, module{modulePath(data), path.Dir(f.Path)})
			}
		case f.Ext() == ".go" && built(f.Path):
			byDir[path.Dir(f.Path)] = append(byDir[path.Dir(f.Path)], f.Path)
		}
	}
	// A module in a folder of another is its own: the longest folder that fits says to which a package belongs.
	slices.SortFunc(modules, func(a, b module) int { return cmp.Compare(len(b.dir), len(a.dir)) })
	l := loader{Project: p, by: map[string]*Package{}, state: map[*Package]int{}}
	for dir, names := range byDir {
		slices.Sort(names)
		l.dirs = append(l.dirs, dir)
		byDir[dir] = names
	}
	slices.Sort(l.dirs)
	for _, dir := range l.dirs {
		if err := ctx.Err(); err != nil {
			return nil, part, err
		}
		pkg := l.parse(t, dir, importPath(modules, dir), byDir[dir], &part)
		if pkg != nil {
			l.by[pkg.Path] = pkg
			l.list = append(l.list, pkg)
		}
	}
	for _, pkg := range l.list {
		if err := ctx.Err(); err != nil {
			return nil, part, err
		}
		l.check(pkg)
	}
	p.Unknown = p.World.Unknown()
	return p, part, nil
}

func modulePath(data []byte) string {
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "module"); ok {
			rest, _, _ = strings.Cut(rest, "//")
			return strings.Trim(strings.TrimSpace(rest), "\"`")
		}
	}
	return ""
}

func importPath(modules []module, dir string) string {
	for _, m := range modules {
		if m.path != "" && (m.dir == "." || dir == m.dir || strings.HasPrefix(dir, m.dir+"/")) {
			rest := dir
			if m.dir != "." {
				rest = strings.TrimPrefix(strings.TrimPrefix(dir, m.dir), "/")
			}
			return path.Join(m.path, rest)
		}
	}
	return path.Join("project", dir) // no module; such source is seldom imported by other source
}

type loader struct {
	*Project
	dirs  []string
	by    map[string]*Package
	list  []*Package
	state map[*Package]int // 1 while its types are being told, 2 after
}

func (l *loader) parse(t *tree.Tree, dir, importPath string, names []string, part *scan.Part) *Package {
	pkg := &Package{Path: importPath, Dir: dir}
	gap := func(name, why string) { part.Gaps = append(part.Gaps, scan.Gap{Where: name, Why: why}) }
	for _, name := range names {
		if !forLinux(path.Base(name)) {
			l.Left++
			continue
		}
		src, err := t.Text(name)
		if err != nil {
			gap(name, err.Error())
			continue
		}
		part.Read++
		base := l.Fset.Base()
		file, err := parser.ParseFile(l.Fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if file == nil || file.Name == nil || err != nil && len(file.Decls) == 0 {
			gap(name, "it is no Go source: "+first(err))
			continue
		}
		if !wanted(file) {
			l.Left++
			continue
		}
		if depth(file) > deepest {
			gap(name, fmt.Sprintf("it is nested more than %d levels deep", deepest))
			continue
		}
		if err != nil {
			gap(name, "it was read in part: "+first(err))
		}
		f := &File{Path: name, Source: src, AST: file, Package: pkg, lines: scan.NewLines(src), base: base}
		pkg.Files = append(pkg.Files, f)
		if tf := l.Fset.File(file.FileStart); tf != nil {
			l.files[tf] = f
		}
	}
	if len(pkg.Files) == 0 {
		return nil
	}
	// Two packages in one folder do not build; the one with more files is meant.
	count := map[string]int{}
	for _, f := range pkg.Files {
		count[f.AST.Name.Name]++
	}
	name := pkg.Files[0].AST.Name.Name
	for n, c := range count {
		if c > count[name] || c == count[name] && n < name {
			name = n
		}
	}
	pkg.Main = name == "main"
	return pkg
}

func first(err error) string {
	var list scanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		return fmt.Sprintf("line %d: %s", list[0].Pos.Line, list[0].Msg)
	}
	if err == nil {
		return "it has no package clause"
	}
	return err.Error()
}

// check tells the types of a package, after those of the packages that it imports.
func (l *loader) check(pkg *Package) {
	if l.state[pkg] != 0 {
		return
	}
	l.state[pkg] = 1
	for _, f := range pkg.Files {
		for _, i := range f.AST.Imports {
			if other := l.by[strings.Trim(i.Path.Value, "\"`")]; other != nil && other != pkg {
				l.check(other)
			}
		}
	}
	pkg.Info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{}, Instances: map[*ast.Ident]types.Instance{},
	}
	var files []*ast.File
	for _, f := range pkg.Files {
		files = append(files, f.AST)
	}
	pkg.Types = l.types(pkg, files)
	for _, f := range pkg.Files {
		for _, d := range f.AST.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil {
				if o, ok := pkg.Info.Defs[fd.Name].(*types.Func); ok {
					l.funcs[o] = &Func{fd, f, o}
				}
			}
		}
	}
	l.state[pkg] = 2
	l.Packages = append(l.Packages, pkg)
}

// types runs the type checker. It is told not to mind errors; should it fall over source that does not type, the
// package has no more types than it had told until then.
func (l *loader) types(pkg *Package, files []*ast.File) (p *types.Package) {
	p = types.NewPackage(pkg.Path, files[0].Name.Name)
	defer func() { _ = recover() }()
	conf := types.Config{Importer: l, Error: func(error) {}, FakeImportC: true}
	_ = types.NewChecker(&conf, l.Fset, p, pkg.Info).Files(files)
	return p
}

// Import gives the checker a package: of the project, or of the world.
func (l *loader) Import(p string) (*types.Package, error) {
	if pkg := l.by[p]; pkg != nil {
		if l.state[pkg] == 2 {
			return pkg.Types, nil
		}
		return nil, errors.New("packages import each other")
	}
	return l.World.Import(p)
}

// Func gives the function with a body that an object of the project is.
func (p *Project) Func(o *types.Func) *Func { return p.funcs[o.Origin()] }

// FileAt gives the file of a position.
func (p *Project) FileAt(pos token.Pos) *File { return p.files[p.Fset.File(pos)] }
