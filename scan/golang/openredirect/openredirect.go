// Package openredirect finds redirects to where a client says.
package openredirect

import (
	_ "embed"
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
		ID: "golang/openredirect", Title: "A client says where browsers are sent", Severity: scan.Medium, CWE: []int{601},
		Standards: []string{"OWASP A01:2021"}, Tags: []string{"redirect"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks:  sinks(),
		Prefix: fixed,
		Proves: proves,
		Host:   true,
		Clears: []string{"net/url.QueryEscape", "net/url.PathEscape"},
		// What a page elsewhere cannot make a victim's browser send.
		Ignore: []string{"net/http.Request.Host", "net/http.Request.Header", "(*net/http.Request).Referer", "(*net/http.Request).Cookie", "net/http.Request.RequestURI", "(*github.com/gin-gonic/gin.Context).GetHeader", "(*github.com/gin-gonic/gin.Context).Cookie"},
	},
	Run: run,
}

func sinks() []flow.Sink {
	note := "is where the browser goes"
	return []flow.Sink{
		{Func: "net/http.Redirect", Args: []int{2}, Note: note},
		{Func: "net/http.RedirectHandler", Args: []int{0}, Note: note},
		{Func: "(*github.com/gin-gonic/gin.Context).Redirect", Args: []int{1}, Note: note},
		{Func: "(github.com/labstack/echo.Context).Redirect", Args: []int{1}, Note: note},
		{Func: "(*github.com/gofiber/fiber.Ctx).Redirect", Args: []int{0}, Note: note},
		{Func: "(net/http.Header).Set", Args: []int{1}, When: location, Note: note},
		{Func: "(*github.com/gin-gonic/gin.Context).Header", Args: []int{1}, When: location, Note: note},
	}
}

func location(c *flow.Call) bool {
	name, _ := c.Package.Constant(c.Args[0])
	return strings.EqualFold(name, "Location")
}

// fixed says whether a text that begins so stays on the site, or goes to one that was meant.
func fixed(text string) bool {
	if i := strings.Index(text, "://"); i >= 0 {
		return strings.ContainsAny(text[i+3:], "/?#")
	}
	switch text[0] {
	case 0, '?', '#', '.':
		return true
	case '/':
		return len(text) > 1 && text[1] != '/' && text[1] != '\\'
	}
	return strings.ContainsAny(text, "/?")
}

func proves(name string, c *flow.Call, yes bool) bool {
	if name != "strings.HasPrefix" || len(c.Args) != 2 {
		return name == "(*net/url.URL).IsAbs" && !yes
	}
	text, ok := c.Package.Constant(c.Args[1])
	if !yes {
		return strings.HasPrefix(text, "//")
	}
	return !ok || text != "" && fixed(text)
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		after := string(h.Source.File.Source[h.Source.File.Offset(h.Source.Node.End()):])
		if h.Source.Name == "net/http.Request.URL" && !strings.HasPrefix(after, ".Query") && !strings.HasPrefix(after, ".RawQuery") {
			continue // the address that was asked for, with or without a slash at its end; routers clean it
		}
		f := p.Of(h, "The client chooses where browsers are sent; a link to this site can lead to another.")
		f.Fix = &scan.Fix{Text: "Accept only a path on this site: no host, no scheme, one slash at the beginning and no backslash."}
		p.Report(f)
	}
}
