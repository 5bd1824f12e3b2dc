package project

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang/world"
)

// Imports says whether any package of the project imports a path, whatever its major version.
func (p *Project) Imports(plain ...string) bool {
	for _, pkg := range p.Packages {
		if pkg.Imports(plain...) {
			return true
		}
	}
	return false
}

// Imports says whether a package imports one of some paths, whatever their major versions.
func (pkg *Package) Imports(plain ...string) bool {
	return slices.ContainsFunc(pkg.Files, func(f *File) bool { return f.Imports(plain...) })
}

// Imports says the same of one file.
func (f *File) Imports(plain ...string) bool {
	return slices.ContainsFunc(f.AST.Imports, func(i *ast.ImportSpec) bool {
		path := strings.Trim(i.Path.Value, "\"`")
		return slices.Contains(plain, path) || slices.Contains(plain, world.Plain(path))
	})
}

// Place is the span of a node.
func (f *File) Place(n ast.Node) scan.Place {
	start, end := f.Offset(n.Pos()), f.Offset(n.End())
	return f.lines.Span(f.Path, start, max(start, end))
}

// Offset is a position in bytes of the file, within it whatever the parser made up for source that is broken.
func (f *File) Offset(pos token.Pos) int {
	return min(max(int(pos)-f.base, 0), len(f.Source))
}

// Text is a node as it is written.
func (f *File) Text(n ast.Node) string {
	return string(f.Source[f.Offset(n.Pos()):max(f.Offset(n.Pos()), f.Offset(n.End()))])
}

// Symbol is the function or declaration around a position: "Shop.Buy", "main", "var client".
func (f *File) Symbol(pos token.Pos) string {
	for _, d := range f.AST.Decls {
		if pos < d.Pos() || pos >= d.End() {
			continue
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil && len(d.Recv.List) == 1 {
				return strings.TrimLeft(receiver(d.Recv.List[0].Type), "*") + "." + d.Name.Name
			}
			return d.Name.Name
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if v, ok := s.(*ast.ValueSpec); ok && pos >= v.Pos() && pos < v.End() {
					return d.Tok.String() + " " + v.Names[0].Name
				}
				if v, ok := s.(*ast.TypeSpec); ok && pos >= v.Pos() && pos < v.End() {
					return "type " + v.Name.Name
				}
			}
		}
	}
	return f.AST.Name.Name
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.ParenExpr:
		return receiver(e.X)
	}
	return "?"
}
