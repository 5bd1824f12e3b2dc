// Package ssrf finds servers that a client makes the program ask.
package ssrf

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
		ID: "golang/ssrf", Title: "A client says which server is asked", Severity: scan.High, CWE: []int{918},
		Standards: []string{"OWASP A10:2021", "OWASP API7:2023"}, Tags: []string{"ssrf"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks:  sinks(),
		Prefix: fixed,
		Host:   true,
	},
	Run: run,
}

func sinks() []flow.Sink {
	var list []flow.Sink
	add := func(arg int, prefix, names string) {
		for _, n := range strings.Fields(names) {
			list = append(list, flow.Sink{Func: prefix + n, Args: []int{arg}, Note: "is the address that is asked"})
		}
	}
	add(0, "net/http.", "Get Head Post PostForm")
	add(0, "(*net/http.Client).", "Get Head Post PostForm")
	add(1, "net/http.", "NewRequest")
	add(2, "net/http.", "NewRequestWithContext")
	add(1, "net.", "Dial DialTimeout")
	add(1, "crypto/tls.", "Dial")
	add(0, "net/http/httputil.", "NewSingleHostReverseProxy")
	add(0, "(*github.com/go-resty/resty.Request).", "Get Post Put Delete")
	add(0, "net/smtp.", "Dial SendMail")
	return list
}

// fixed says whether the host of an address is settled before what a client sent begins.
func fixed(text string) bool {
	if i := strings.Index(text, "://"); i >= 0 {
		return strings.ContainsAny(text[i+3:], "/?#")
	}
	return text[0] == 0 // an address of ours, from the configuration
}

// looks says whether the project looks at which addresses are private at all: then it knows of the matter, and what is
// reported is where to see that it does so here.
func looks(p *golang.Pass) bool {
	found := false
	p.Calls(func(_ *flow.Call, name string) {
		found = found || name == "(net.IP).IsPrivate" || name == "(net/netip.Addr).IsPrivate" || name == "(net.IP).IsLoopback" || name == "(net/netip.Addr).IsLoopback"
	})
	return found
}

// sent says whether a package sends the requests that it makes; some only show or match them.
func sent(p *golang.Pass, pkg *project.Package) bool {
	found := false
	for _, f := range pkg.Files {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				name := p.Project.Callee(pkg, call)
				found = found || strings.HasSuffix(name, ".Do") || strings.HasSuffix(name, ".RoundTrip") || strings.HasSuffix(name, ".Fetch")
			}
			return !found
		})
	}
	return found
}

func run(p *golang.Pass) {
	aware := len(p.Hits) > 0 && looks(p)
	for _, h := range p.Hits {
		if strings.HasPrefix(h.Sink.Func, "net/http.NewRequest") && !sent(p, h.File.Package) {
			continue
		}
		f := p.Of(h, "The client chooses which server the program asks.")
		f.Fix = &scan.Fix{Text: "Compare the host of the parsed address with a list of those that are meant, or refuse private addresses in net.Dialer.Control."}
		if aware {
			f.Severity, f.Confidence = scan.Medium, scan.Tentative
			f.Message = "The client chooses which server the program asks. The project looks at private addresses; see that it does so on this way, when the connection is made."
		}
		if h.Source.Name == "net/http.Request.Host" {
			f.Confidence = scan.Firm
		}
		p.Report(f)
	}
}
