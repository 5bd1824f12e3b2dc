// Package timingcompare finds secrets that are compared in a time that tells of them.
package timingcompare

import (
	_ "embed"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/timingcompare", Title: "A secret is compared byte by byte", Severity: scan.Medium, CWE: []int{208},
		Standards: []string{"OWASP A02:2021"}, Tags: []string{"crypto", "timing"}, Doc: doc,
	},
	Run: run,
}

var strong = []string{"signature", "sig", "mac", "hmac"}

var weak = []string{"token", "secret", "apikey", "password", "passwd", "credential", "csrf"}

func run(p *golang.Pass) {
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && text(f, n.X) && text(f, n.Y) && secret(n.X, n.Y) {
					report(p, f, n, n.X, n.Y, n.Op == token.NEQ)
				}
			case *ast.CallExpr:
				if p.Project.Callee(f.Package, n) == "bytes.Equal" && len(n.Args) == 2 && secret(n.Args[0], n.Args[1]) {
					report(p, f, n, n.Args[0], n.Args[1], false)
				}
			}
			return true
		})
	})
}

// text says whether an expression is a text that is not known when the program is built.
func text(f *project.File, x ast.Expr) bool {
	t := f.Package.Info.TypeOf(x)
	if t == nil {
		return false
	}
	if _, constant := f.Package.Constant(x); constant {
		return false
	}
	b, ok := t.(*types.Basic) // a type of its own is a kind of something, and seldom a secret
	return ok && b.Kind() == types.String
}

// secret says whether two expressions are a secret and somebody's guess at it. For signatures one name is enough. Words
// that also name other things have to stand on both sides, or opposite a header.
func secret(x, y ast.Expr) bool {
	a, b := last(x), last(y)
	has := func(names, list []string) bool {
		return slices.ContainsFunc(names, func(w string) bool { return slices.Contains(list, w) })
	}
	for _, w := range append(slices.Clone(a), b...) {
		switch w { // of the same person, or of a program's text
		case "confirm", "confirmation", "repeat", "repeated", "again", "old", "new", "type", "kind", "name", "id", "hash", "path", "field", "label", "lit", "prefix", "url", "uri", "next", "page", "algorithm", "version":
			return false
		}
	}
	if has(a, strong) || has(b, strong) {
		return true
	}
	if slices.Equal(a, b) {
		return false // have.Secret and want.Secret: two records that are compared
	}
	return has(a, weak) && has(b, weak) || has(a, weak) && header(y) || has(b, weak) && header(x)
}

func header(x ast.Expr) bool {
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Get", "FormValue", "GetHeader", "Cookie", "PostFormValue"}, s.Sel.Name)
}

// last are the words of the name that says what an expression is.
func last(x ast.Expr) []string {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		return project.Words(x.Name)
	case *ast.SelectorExpr:
		return project.Words(x.Sel.Name)
	case *ast.CallExpr:
		if len(x.Args) == 1 {
			if id, ok := x.Fun.(*ast.Ident); ok && id.Name == "string" {
				return last(x.Args[0])
			}
			if s, ok := x.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "EncodeToString" {
				return last(x.Args[0])
			}
		}
		if s, ok := x.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Sum" {
			return last(s.X)
		}
	case *ast.SliceExpr:
		return last(x.X)
	}
	return nil
}

func report(p *golang.Pass, f *project.File, n, x, y ast.Node, not bool) {
	finding := p.At(f, n, "A secret is compared byte by byte, and how long that takes tells how much of a guess is right.")
	subtle, edits := golang.Import(f, "crypto/subtle")
	sign := "=="
	if not {
		sign = "!="
	}
	_, call := n.(*ast.CallExpr)
	conv := func(n ast.Node) string {
		if call {
			return f.Text(n)
		}
		return "[]byte(" + f.Text(n) + ")"
	}
	finding.Fix = &scan.Fix{
		Text:  "Compare with hmac.Equal or subtle.ConstantTimeCompare.",
		Edits: append(edits, golang.Replace(f, n, subtle+".ConstantTimeCompare("+conv(x)+", "+conv(y)+") "+sign+" 1")),
	}
	p.Report(finding)
}
