// Package servedroot finds file servers that serve too much.
package servedroot

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/servedroot", Title: "More than the public files is served", Severity: scan.Medium, CWE: []int{552, 548},
		Standards: []string{"OWASP A05:2021"}, Tags: []string{"files", "exposure"}, Doc: doc,
	},
	Run: run,
}

// served are functions that serve a folder, by the argument that names it.
var served = map[string]int{
	"net/http.Dir": 0, "(*github.com/gin-gonic/gin.RouterGroup).Static": 1, "(github.com/gin-gonic/gin.IRoutes).Static": 1, "(*github.com/labstack/echo.Echo).Static": 1,
}

func run(p *golang.Pass) {
	p.Calls(func(c *flow.Call, name string) {
		at, ok := served[name]
		if !ok || at >= len(c.Args) {
			return
		}
		folder, ok := c.Package.Constant(c.Args[at])
		if !ok {
			return
		}
		switch folder {
		case "/", "/etc", "/home", "/root", "/var", "C:\\":
			f := p.At(c.File, c.CallExpr, "All files of the machine are served.")
			f.Severity, f.Fix = scan.High, &scan.Fix{Text: "Serve a folder that holds nothing but public files."}
			p.Report(f)
		case ".", "./", "..", "../":
			f := p.At(c.File, c.CallExpr, "The folder that the program runs in is served, with whatever lies in it.")
			f.Fix = &scan.Fix{Text: "Serve a folder that holds nothing but public files."}
			p.Report(f)
		}
	})
}
