// Package routelimit finds routes where passwords can be tried without a limit.
package routelimit

import (
	_ "embed"
	"go/ast"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
	"palisade.dev/scan/golang/project"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/routelimit", Title: "Passwords can be tried without a limit", Severity: scan.Medium, CWE: []int{307, 770, 799},
		Standards: []string{"OWASP API4:2023", "OWASP API2:2023", "PCI DSS 4.0 8.3.4"}, Tags: []string{"limits", "authentication"}, Doc: doc,
	},
	Run: run,
}

// What limits, by the packages that do it.
var limiters = []string{
	"golang.org/x/time/rate", "github.com/didip/tollbooth", "github.com/ulule/limiter", "github.com/go-chi/httprate", "palisade.dev/guard", "github.com/sethvargo/go-limiter",
	"github.com/throttled/throttled", "github.com/gofiber/fiber/middleware/limiter", "github.com/juju/ratelimit", "go.uber.org/ratelimit", "github.com/go-redis/redis_rate",
	"github.com/sethvargo/go-limiter/httplimit", "github.com/sethvargo/go-limiter/memorystore", "github.com/ulule/limiter/drivers/middleware/stdlib", "github.com/ulule/limiter/drivers/middleware/gin",
	"github.com/JGLTechnologies/gin-rate-limit", "github.com/axiaoxin-com/ratelimiter", "github.com/didip/tollbooth/limiter",
}

var registers = []string{"HandleFunc", "Handle", "Post", "POST", "Put", "PUT", "Any", "All", "Method", "MethodFunc", "Add", "Path"}

var paths = late.Pattern(`(?i)(^|[/ _-])(log-?in|sign-?in|sign-?up|register|registration|password|forgot|reset|otp|2fa|mfa|totp|authenticate)($|[/_{:.-])`)

func run(p *golang.Pass) {
	if limited(p) {
		return
	}
	p.Calls(func(c *flow.Call, _ string) {
		s, ok := c.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(registers, s.Sel.Name) || len(c.Args) < 2 {
			return
		}
		at := 0
		if s.Sel.Name == "Method" || s.Sel.Name == "MethodFunc" || s.Sel.Name == "Add" {
			at = 1
		}
		route, ok := c.Package.Constant(c.Args[at])
		method, path, spaced := strings.Cut(route, " ")
		if !spaced {
			path = route
		}
		if !ok || !strings.HasPrefix(path, "/") && !strings.Contains(path, "/") || spaced && (method == "GET" || method == "HEAD") || !paths.MatchString(path) || get(c) {
			return
		}
		f := p.At(c.File, c.CallExpr, "Nothing limits how often "+path+" is asked, so passwords and accounts can be tried.")
		f.Confidence = scan.Tentative // a proxy before it may
		f.Key = route
		f.Fix = &scan.Fix{Text: "Put a limit by address and by account before this route, here or in a gateway."}
		p.Report(f)
	})
}

// get says whether a route was narrowed to GET behind its registration: r.HandleFunc(…).Methods("GET").
func get(c *flow.Call) bool {
	after := string(c.File.Source[c.File.Offset(c.End()):])
	rest, ok := strings.CutPrefix(after, ".Methods(")
	if !ok {
		return false
	}
	list, _, _ := strings.Cut(rest, ")")
	return !strings.Contains(list, "P") && !strings.Contains(list, "DELETE")
}

// limited says whether anything in the project limits anything.
func limited(p *golang.Pass) bool {
	if p.Project.Imports(limiters...) {
		return true
	}
	found := false
	p.Files(func(f *project.File) {
		if found {
			return
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				name := strings.ToLower(id.Name)
				found = found || strings.Contains(name, "ratelimit") || strings.Contains(name, "throttle") || strings.Contains(name, "bruteforce") || name == "limiter" || strings.Contains(name, "loginattempt") || strings.Contains(name, "failedlogin")
			}
			return !found
		})
	})
	return found
}
