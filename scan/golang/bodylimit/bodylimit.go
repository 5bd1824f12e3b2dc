// Package bodylimit finds bodies that are read without a bound.
package bodylimit

import (
	_ "embed"
	"go/ast"
	"slices"
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
		ID: "golang/bodylimit", Title: "A body is read however long it is", Severity: scan.Medium, CWE: []int{770, 400},
		Standards: []string{"OWASP API4:2023"}, Tags: []string{"availability"}, Doc: doc,
	},
	Run: run,
}

// readers are those that keep what they read, by the argument that they read from.
var readers = map[string]int{"io.ReadAll": 0, "io/ioutil.ReadAll": 0, "encoding/json.NewDecoder": 0, "encoding/xml.NewDecoder": 0, "(*bytes.Buffer).ReadFrom": 0}

// limits are those that bound a body, on their own or for all handlers behind them.
var limits = []string{"net/http.MaxBytesReader", "net/http.MaxBytesHandler", "io.LimitReader", "github.com/labstack/echo/middleware.BodyLimit", "github.com/gin-contrib/size.RequestSizeLimiter"}

func run(p *golang.Pass) {
	everywhere := false
	bounded := map[ast.Node]bool{}
	p.Calls(func(c *flow.Call, name string) {
		if !slices.Contains(limits, name) {
			return
		}
		bounded[c.Func] = true
		// In a function about handlers it stands before all of them; in one that is called with the request as well.
		if name == "net/http.MaxBytesHandler" || strings.Contains(name, "middleware") || strings.HasPrefix(name, "github.com/gin-contrib") || name == "net/http.MaxBytesReader" && golang.Middleware(c) {
			everywhere = true
		}
	})
	if everywhere {
		return
	}
	p.Calls(func(c *flow.Call, name string) {
		arg, ok := readers[name]
		if !ok || arg >= len(c.Args) || bounded[c.Func] {
			return
		}
		body, ok := ast.Unparen(c.Args[arg]).(*ast.SelectorExpr)
		if !ok || body.Sel.Name != "Body" || !golang.Incoming(c, body.X) {
			return
		}
		finding := p.At(c.File, c.CallExpr, "The body of a request is read however long it is.")
		finding.Fix = &scan.Fix{Text: "Read from http.MaxBytesReader, or put http.MaxBytesHandler before all handlers."}
		if name == "encoding/json.NewDecoder" || name == "encoding/xml.NewDecoder" {
			finding.Severity = scan.Low // it keeps what the type has room for, and texts
		}
		if w := golang.Writer(c); w != "" {
			http, edits := golang.Import(c.File, "net/http")
			finding.Fix.Edits = append(edits, golang.Replace(c.File, c.Args[arg], http+".MaxBytesReader("+w+", "+c.File.Text(c.Args[arg])+", 1<<20)"))
		}
		p.Report(finding)
	})
}
