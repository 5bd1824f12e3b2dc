// Package loginjection finds lines of a log that a client can write.
package loginjection

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
		ID: "golang/loginjection", Title: "A client can write lines of the log", Severity: scan.Low, CWE: []int{117, 93},
		Standards: []string{"OWASP A09:2021"}, Tags: []string{"log"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks: sinks(),
		Clears: []string{
			"strconv.Quote", "strconv.QuoteToASCII", "net/url.QueryEscape", "net/url.PathEscape", "(*net/url.URL).EscapedPath", "(*net/url.URL).String", "(*net/url.URL).RequestURI", "(net/url.Values).Encode",
			"encoding/json.Marshal", "html.EscapeString", "(*encoding/base64.Encoding).EncodeToString", "encoding/hex.EncodeToString", "strings.Fields", "path.Base", "path/filepath.Base",
		},
		// What the server has taken apart by lines has no line breaks in it; of an address they are escaped.
		Ignore: []string{"net/http.Request.Header", "net/http.Request.Host", "net/http.Request.RequestURI", "net/http.Request.Trailer"},
		Cleans: breaks,
	},
	Run: run,
}

// sinks are logs of plain text. log/slog and its like quote what they write.
func sinks() (list []flow.Sink) {
	const note = "is written to the log as it is"
	for _, of := range []string{"log.", "(*log.Logger)."} {
		for _, n := range []string{"Print", "Println", "Fatal", "Fatalln", "Panic", "Panicln"} {
			list = append(list, flow.Sink{Func: of + n, Args: []int{0}, Rest: true, Note: note})
		}
		for _, n := range []string{"Printf", "Fatalf", "Panicf"} {
			list = append(list, flow.Sink{Func: of + n, Args: []int{1}, Rest: true, When: unquoted, Note: note})
		}
	}
	return list
}

// unquoted says whether a format puts any text as it is.
func unquoted(c *flow.Call) bool {
	if len(c.Args) == 0 {
		return false
	}
	format, ok := c.Package.Constant(c.Args[0])
	return !ok || strings.Contains(format, "%s") || strings.Contains(format, "%v") || strings.Contains(format, "%+v")
}

// breaks says whether a call takes line breaks out.
func breaks(name string, c *flow.Call) bool {
	switch name {
	case "strings.ReplaceAll", "strings.Replace":
		old, _ := c.Package.Constant(c.Args[1])
		return strings.ContainsAny(old, "\r\n")
	case "(*strings.Replacer).Replace":
		return true
	case "fmt.Sprintf":
		format, ok := c.Package.Constant(c.Args[0])
		return ok && strings.Contains(format, "%q") && !strings.Contains(format, "%s") && !strings.Contains(format, "%v")
	}
	return false
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		f := p.Of(h, "What the client sends is written to the log as it is: with a line break in it, it makes a line of its own.")
		f.Fix = &scan.Fix{Text: "Write it with %q, or with log/slog, which quotes."}
		if format := quoted(h); format != nil {
			f.Fix.Edits = []scan.Edit{*format}
		}
		p.Report(f)
	}
}

// quoted is the edit of a format with one place in it.
func quoted(h flow.Hit) *scan.Edit {
	lit, ok := h.Call.Args[0].(*ast.BasicLit)
	if !ok || !strings.HasSuffix(h.Sink.Func, "f") || len(h.Call.Args) != 2 || strings.Count(lit.Value, "%") != 1 {
		return nil
	}
	for _, verb := range []string{"%s", "%v"} {
		if at := strings.Index(lit.Value, verb); at >= 0 {
			edit := golang.Replace(h.File, lit, lit.Value[:at]+"%q"+lit.Value[at+2:])
			return &edit
		}
	}
	return nil
}
