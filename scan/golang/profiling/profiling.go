// Package profiling finds profiles that are open to everybody.
package profiling

import (
	_ "embed"
	"go/ast"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/profiling", Title: "Profiles of the program are open to everybody", Severity: scan.Medium, CWE: []int{489, 200},
		Standards: []string{"OWASP A05:2021"}, Tags: []string{"exposure"}, Doc: doc,
	},
	Run: run,
}

func run(p *golang.Pass) {
	if !p.Project.Imports("net/http/pprof", "expvar") {
		return
	}
	var serving []*project.Package
	for _, pkg := range p.Project.Packages {
		if open(p, pkg) {
			serving = append(serving, pkg)
		}
	}
	for _, pkg := range p.Project.Packages {
		// A program serves what it and the packages beside it import; which of them a main package reaches is not asked.
		if !slices.ContainsFunc(serving, func(other *project.Package) bool { return other == pkg || !pkg.Main }) {
			continue
		}
		for _, f := range pkg.Files {
			for _, i := range f.AST.Imports {
				path := strings.Trim(i.Path.Value, "\"")
				if path != "net/http/pprof" && path != "expvar" {
					continue
				}
				finding := p.At(f, i, "The pages of "+path+" stand on the default mux, which answers the public.")
				if path == "expvar" {
					finding.Severity = scan.Low
				}
				finding.Fix = &scan.Fix{Text: "Serve a mux of your own to the public, and the default mux only on localhost."}
				p.Report(finding)
			}
		}
	}
}

// open says whether a package serves the default mux to more than its own machine.
func open(p *golang.Pass, pkg *project.Package) bool {
	found := false
	for _, f := range pkg.Files {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				switch name := p.Project.Callee(pkg, n); name {
				case "net/http.ListenAndServe", "net/http.ListenAndServeTLS":
					handler := n.Args[len(n.Args)-1]
					if id, ok := handler.(*ast.Ident); (ok && id.Name == "nil" || p.Project.Name(pkg, handler) == "net/http.DefaultServeMux") && !local(pkg, n.Args[0]) {
						found = true
					}
				}
			case *ast.CompositeLit:
				fields := project.Fields(n)
				if project.TypeName(pkg.Info.TypeOf(n)) == "net/http.Server" && fields["Handler"] == nil && fields["Addr"] != nil && !golang.Assigns(f.AST, "Handler") && !local(pkg, fields["Addr"].Value) {
					found = true
				}
			}
			return true
		})
	}
	return found
}

func local(pkg *project.Package, addr ast.Expr) bool {
	text, ok := pkg.Constant(addr)
	return ok && golang.Loopback(text)
}
