// Package errorleak finds errors that are told to clients.
package errorleak

import (
	_ "embed"
	"go/ast"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/errorleak", Title: "A failure tells clients of the inside", Severity: scan.Low, CWE: []int{209},
		Standards: []string{"OWASP A05:2021"}, Tags: []string{"exposure"}, Doc: doc,
	},
	Run: run,
}

// answers are functions that answer, with where the status and the text are.
var answers = map[string][2]int{
	"net/http.Error": {2, 1}, "(*github.com/gin-gonic/gin.Context).String": {0, 1}, "(*github.com/gin-gonic/gin.Context).JSON": {0, 1},
	"(*github.com/gin-gonic/gin.Context).AbortWithStatusJSON": {0, 1}, "(github.com/labstack/echo.Context).JSON": {0, 1}, "(github.com/labstack/echo.Context).String": {0, 1},
	"github.com/labstack/echo.NewHTTPError": {0, 1},
}

func run(p *golang.Pass) {
	p.Calls(func(c *flow.Call, name string) {
		at, ok := answers[name]
		if !ok || len(c.Args) <= max(at[0], at[1]) {
			return
		}
		status, ok := c.Package.Constant(c.Args[at[0]])
		if !ok || !strings.HasPrefix(status, "5") {
			return
		}
		leaks := false
		ast.Inspect(c.Args[at[1]], func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && p.Project.Callee(c.Package, call) == "(error).Error" {
				leaks = true
			}
			return true
		})
		if !leaks {
			return
		}
		f := p.At(c.File, c.CallExpr, "The error of a failure goes to the client as it is.")
		f.Fix = &scan.Fix{Text: "Log the error, and tell the client in words of your own."}
		if name == "net/http.Error" {
			http, edits := golang.Import(c.File, "net/http")
			f.Fix.Edits = append(edits, golang.Replace(c.File, c.Args[1], http+".StatusText("+c.File.Text(c.Args[2])+")"))
		}
		p.Report(f)
	})
}
