// Package servemux finds patterns of http.ServeMux that match nothing.
package servemux

import (
	_ "embed"
	"net/http"
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
		ID: "golang/servemux", Title: "A pattern does not match what it seems to", Severity: scan.Low, CWE: []int{670, 1286},
		Standards: []string{"OWASP A04:2021"}, Tags: []string{"routing"}, Doc: doc,
	},
	Run: run,
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace}

func run(p *golang.Pass) {
	p.Calls(func(c *flow.Call, name string) {
		switch name {
		case "net/http.Handle", "net/http.HandleFunc", "(*net/http.ServeMux).Handle", "(*net/http.ServeMux).HandleFunc":
		default:
			return
		}
		if len(c.Args) == 0 {
			return
		}
		pattern, ok := c.Package.Constant(c.Args[0])
		message, better := wrong(pattern)
		if !ok || message == "" {
			return
		}
		f := p.At(c.File, c.Args[0], message)
		f.Key = pattern
		f.Fix = &scan.Fix{Text: "Write " + better + "."}
		if c.File.Text(c.Args[0]) == `"`+pattern+`"` {
			f.Fix.Edits = []scan.Edit{golang.Replace(c.File, c.Args[0], `"`+better+`"`)}
		}
		p.Report(f)
	})
}

// wrong says what is amiss with a pattern, and how it was meant.
func wrong(pattern string) (message, better string) {
	method, rest, spaced := strings.Cut(pattern, " ")
	upper := strings.ToUpper(method)
	switch {
	case spaced && method != upper && slices.Contains(methods, upper):
		return "Methods are compared as they are written, and no client sends " + method + ": what this route was to take goes to another, or to none.", upper + " " + strings.TrimLeft(rest, " ")
	case spaced:
		return "", ""
	}
	host, path, found := strings.Cut(pattern, "/")
	if found && slices.Contains(methods, strings.TrimSuffix(strings.ToUpper(host), ":")) {
		return "Without a space behind it " + host + " is the name of a host, which no client asks for: the route matches nothing.", strings.TrimSuffix(strings.ToUpper(host), ":") + " /" + path
	}
	return "", ""
}
