// Package requestcontext finds work that goes on when nobody waits for it.
package requestcontext

import (
	_ "embed"
	"go/ast"

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
		ID: "golang/requestcontext", Title: "Work goes on when nobody waits for it", Severity: scan.Low, CWE: []int{400, 772},
		Standards: []string{"OWASP API4:2023"}, Tags: []string{"availability"}, Doc: doc,
	},
	Run: run,
}

// calls wait for somebody else, by what they are called with a context.
var calls = map[string]string{
	"net/http.NewRequest": "NewRequestWithContext", "os/exec.Command": "CommandContext",
	"(*database/sql.DB).Query": "QueryContext", "(*database/sql.DB).QueryRow": "QueryRowContext", "(*database/sql.DB).Exec": "ExecContext",
	"(*database/sql.Tx).Query": "QueryContext", "(*database/sql.Tx).QueryRow": "QueryRowContext", "(*database/sql.Tx).Exec": "ExecContext",
}

func run(p *golang.Pass) {
	p.Calls(func(c *flow.Call, name string) {
		better := calls[name]
		if better == "" || len(c.Args) == 0 {
			return
		}
		request := parameter(c)
		if request == "" {
			return
		}
		s, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr)
		if !ok {
			return
		}
		f := p.At(c.File, c.CallExpr, "This goes on to its end when the client is gone and nobody waits for it; a few clients that come and go keep everything busy.")
		f.Fix = &scan.Fix{Text: "Give it the request's context: " + better + "."}
		f.Fix.Edits = []scan.Edit{golang.Replace(c.File, s.Sel, better), golang.Insert(c.File, c.File.Offset(c.Lparen)+1, request+".Context(), ")}
		p.Report(f)
	})
}

// parameter is what the function around a call, as one that answers requests, calls its request.
func parameter(c *flow.Call) string {
	var list *ast.FieldList
	switch fn := c.Func.(type) {
	case *ast.FuncDecl:
		list = fn.Type.Params
	case *ast.FuncLit:
		list = fn.Type.Params
	}
	if list == nil || golang.Writer(c) == "" {
		return ""
	}
	for _, f := range list.List {
		if project.TypeName(c.Package.Info.TypeOf(f.Type)) == "net/http.Request" && len(f.Names) == 1 && f.Names[0].Name != "_" {
			return f.Names[0].Name
		}
	}
	return ""
}
