// Package texttemplate finds pages made by templates that escape nothing.
package texttemplate

import (
	_ "embed"
	"go/ast"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/texttemplate", Title: "A page is made by a template that escapes nothing", Severity: scan.Medium, CWE: []int{79, 116},
		Standards: []string{"OWASP A03:2021"}, Tags: []string{"xss", "templates"}, Doc: doc,
	},
	Run: run,
}

func run(p *golang.Pass) {
	p.Calls(func(c *flow.Call, name string) {
		if name != "(*text/template.Template).Execute" && name != "(*text/template.Template).ExecuteTemplate" || len(c.Args) == 0 {
			return
		}
		if project.TypeName(c.Package.Info.TypeOf(c.Args[0])) != "net/http.ResponseWriter" || plain(c) {
			return
		}
		f := p.At(c.File, c.CallExpr, "The page is made by text/template, which escapes nothing of what it is given.")
		f.Fix = &scan.Fix{Text: "Use html/template: its functions have the same names."}
		if i := imported(c.File); i != nil {
			f.Fix.Edits = []scan.Edit{golang.Replace(c.File, i.Path, `"html/template"`)}
		}
		p.Report(f)
	})
}

// imported is the import of text/template in a file that does not have the other as well.
func imported(f *project.File) (text *ast.ImportSpec) {
	for _, i := range f.AST.Imports {
		switch strings.Trim(i.Path.Value, "\"`") {
		case "text/template":
			text = i
		case "html/template":
			return nil
		}
	}
	return text
}

// plain says whether the function around a call says that what it sends is no HTML.
func plain(c *flow.Call) (found bool) {
	if c.Func == nil {
		return false
	}
	ast.Inspect(c.Func, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 2 {
			return true
		}
		if name := c.Project.Callee(c.Package, call); name != "(net/http.Header).Set" && name != "(net/http.Header).Add" {
			return true
		}
		if key, _ := c.Package.Constant(call.Args[0]); strings.EqualFold(key, "Content-Type") {
			kind, known := c.Package.Constant(call.Args[1])
			found = known && !strings.Contains(kind, "html")
		}
		return true
	})
	return found
}
