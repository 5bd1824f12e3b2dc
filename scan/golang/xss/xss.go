// Package xss finds what reaches pages without being escaped.
package xss

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
		ID: "golang/xss", Title: "What a client sent becomes HTML", Severity: scan.High, CWE: []int{79},
		Standards: []string{"OWASP A03:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"xss"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks: sinks(),
		Clears: []string{
			"html.EscapeString", "html/template.HTMLEscapeString", "html/template.HTMLEscaper", "html/template.JSEscapeString", "text/template.HTMLEscapeString", "net/url.QueryEscape", "net/url.PathEscape",
			"encoding/json.Marshal", "encoding/json.MarshalIndent", "(*github.com/microcosm-cc/bluemonday.Policy).Sanitize", "(*github.com/microcosm-cc/bluemonday.Policy).SanitizeBytes",
			"(*encoding/base64.Encoding).EncodeToString", "strconv.Quote", "(net/url.Values).Encode",
		},
		Ignore: []string{"net/http.Request.Host"},
	},
	Run: run,
}

const written = "is written to the page"

func sinks() []flow.Sink {
	list := []flow.Sink{
		{Func: "(net/http.ResponseWriter).Write", Args: []int{0}, When: html, Note: written},
		{Func: "io.WriteString", Args: []int{1}, When: toPage, Note: written},
		{Func: "(*text/template.Template).Execute", Args: []int{1}, When: toPage, Note: "fills a template that escapes nothing"},
		{Func: "(*text/template.Template).ExecuteTemplate", Args: []int{2}, When: toPage, Note: "fills a template that escapes nothing"},
		{Func: "(github.com/labstack/echo.Context).HTML", Args: []int{1}, Note: written},
		{Func: "(github.com/labstack/echo.Context).HTMLBlob", Args: []int{1}, Note: written},
		{Func: "(*github.com/gin-gonic/gin.Context).Data", Args: []int{2}, When: data, Note: written},
	}
	for _, n := range []string{"Fprint", "Fprintf", "Fprintln"} {
		list = append(list, flow.Sink{Func: "fmt." + n, Args: []int{1}, Rest: true, When: toPage, Note: written})
	}
	for _, n := range []string{"HTML", "JS", "JSStr", "CSS", "HTMLAttr", "URL", "Srcset"} {
		list = append(list, flow.Sink{Func: "html/template." + n, Args: []int{0}, Note: "is declared to need no escaping"})
	}
	return list
}

func data(c *flow.Call) bool {
	kind, ok := c.Package.Constant(c.Args[1])
	return ok && strings.Contains(kind, "html")
}

// toPage says whether the first argument is a response, and one that may be HTML.
func toPage(c *flow.Call) bool {
	return len(c.Args) > 0 && project.TypeName(c.Package.Info.TypeOf(c.Args[0])) == "net/http.ResponseWriter" && html(c)
}

// html says whether the function around a call leaves the kind of the response to be guessed, or says that it is HTML.
func html(c *flow.Call) bool {
	if c.Func == nil {
		return false
	}
	set, page, other := false, false, false
	ast.Inspect(c.Func, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := c.Project.Callee(c.Package, call)
		if name == "(net/http.Header).Set" || name == "(net/http.Header).Add" {
			if key, _ := c.Package.Constant(call.Args[0]); strings.EqualFold(key, "Content-Type") {
				set = true
				kind, known := c.Package.Constant(call.Args[1])
				page = page || known && strings.Contains(kind, "html")
				other = other || known && !strings.Contains(kind, "html")
			}
		}
		return true
	})
	if set {
		return page && !other // one way gives a page and another does not: which is taken is not seen here
	}
	if !handles(c) {
		return false // a helper, which others have told what it writes
	}
	// Guessed. What begins with a text of ours that is no markup is not taken for HTML.
	if name := c.Project.Callee(c.Package, c.CallExpr); strings.HasPrefix(name, "fmt.Fprint") && len(c.Args) > 1 {
		if text, ok := c.Package.Constant(c.Args[1]); ok {
			if strings.HasPrefix(strings.TrimSpace(text), "%") && name == "fmt.Fprintf" {
				return true
			}
			return strings.Contains(text, "<") || strings.TrimSpace(text) == ""
		}
	}
	return true
}

// handles says whether the function around a call is given the request, so that it is where a response is made.
func handles(c *flow.Call) bool {
	var params *ast.FieldList
	switch fn := c.Func.(type) {
	case *ast.FuncDecl:
		params = fn.Type.Params
	case *ast.FuncLit:
		params = fn.Type.Params
	}
	for _, f := range params.List {
		if project.TypeName(c.Package.Info.TypeOf(f.Type)) == "net/http.Request" {
			return true
		}
	}
	return false
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		f := p.Of(h, "What the client sends becomes a part of a page without being escaped.")
		f.Fix = &scan.Fix{Text: "Give values to a template of html/template, or escape them with html.EscapeString; what is no page gets a Content-Type that says so."}
		if h.Sink.Func == "(net/http.ResponseWriter).Write" || h.Source.Name == "net/http.Request.Header" || h.Source.Name == "net/http.Request.Body" {
			f.Severity, f.Confidence = scan.Medium, scan.Firm // an attacker has to make a victim's browser send it
		}
		p.Report(f)
	}
}
