// Package cookies finds cookies that lack what protects them.
package cookies

import (
	_ "embed"
	"go/ast"
	"slices"
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
		ID: "golang/cookies", Title: "A cookie lacks what protects it", Severity: scan.Medium, CWE: []int{1004, 614, 1275},
		Standards: []string{"OWASP A05:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"session", "cookie"}, Doc: doc,
	},
	Run: run,
}

// Words in the name of a cookie that says who somebody is, or lets somebody in.
var identity = []string{"session", "sess", "sid", "token", "auth", "jwt", "login", "remember", "access", "refresh", "user"}

func run(p *golang.Pass) {
	sent := map[*ast.CompositeLit]bool{} // as a client: the server has said what protects them
	p.Calls(func(c *flow.Call, name string) {
		if name == "(*net/http.Request).AddCookie" {
			ast.Inspect(c.CallExpr, func(n ast.Node) bool {
				if lit, ok := n.(*ast.CompositeLit); ok {
					sent[lit] = true
				}
				return true
			})
		}
		if name == "(*github.com/gin-gonic/gin.Context).SetCookie" && len(c.Args) == 7 {
			gin(p, c)
		}
	})
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, fn ast.Node) {
		only := "HttpOnly"
		switch name {
		case "net/http.Cookie", "github.com/gorilla/sessions.Options":
		case "github.com/gofiber/fiber.Cookie":
			only = "HTTPOnly"
		default:
			return
		}
		fields := project.Fields(lit)
		if sent[lit] || len(fields) == 0 || gone(f, fields) {
			return
		}
		var lacks []string
		var edits []scan.Edit
		for _, field := range []string{only, "Secure", "SameSite"} {
			v := fields[field]
			if v == nil {
				if golang.Assigns(fn, field) {
					continue
				}
				text := field + ": true"
				if field == "SameSite" {
					text = field + ": " + site(f, name)
				}
				edits = append(edits, golang.Element(f, lit, text))
			} else if text, ok := f.Package.Constant(v.Value); !ok || text != "false" {
				continue
			} else {
				edits = append(edits, golang.Replace(f, v.Value, "true"))
			}
			lacks = append(lacks, field)
		}
		if len(lacks) == 0 {
			return
		}
		finding := p.At(f, lit, "The cookie is set without "+strings.Join(lacks, ", ")+".")
		finding.Key = "cookie " + f.Text(lit)
		about, known := cookieName(f, fields, name)
		switch {
		case !about && known:
			finding.Severity = scan.Low
		case !known:
			finding.Confidence = scan.Tentative
		}
		finding.Fix = &scan.Fix{Text: "Set HttpOnly, Secure and SameSite; a name that begins with __Host- makes browsers insist on it.", Edits: merge(edits)}
		p.Report(finding)
	})
}

// merge joins what is put at the same place.
func merge(edits []scan.Edit) []scan.Edit {
	var out []scan.Edit
	for _, e := range edits {
		if n := len(out); n > 0 && out[n-1].Start == e.Start && e.Start == e.End {
			out[n-1].New += e.New
			continue
		}
		out = append(out, e)
	}
	return out
}

func site(f *project.File, name string) string {
	if name == "github.com/gofiber/fiber.Cookie" {
		return `"Lax"`
	}
	pkg, _ := golang.Import(f, "net/http")
	return pkg + ".SameSiteLaxMode"
}

// gone says whether the cookie is one that takes another away.
func gone(f *project.File, fields map[string]*ast.KeyValueExpr) bool {
	if v := fields["MaxAge"]; v != nil {
		if text, ok := f.Package.Constant(v.Value); ok && strings.HasPrefix(text, "-") {
			return true
		}
	}
	if v := fields["Value"]; v != nil {
		text, ok := f.Package.Constant(v.Value)
		return ok && text == ""
	}
	return false
}

// cookieName says whether the name is that of a cookie that says who somebody is, and whether the name is known.
func cookieName(f *project.File, fields map[string]*ast.KeyValueExpr, name string) (about, known bool) {
	if name == "github.com/gorilla/sessions.Options" {
		return true, true
	}
	v := fields["Name"]
	if v == nil {
		return false, false
	}
	text, known := f.Package.Constant(v.Value)
	if !known {
		text = f.Text(v.Value)
	}
	return slices.ContainsFunc(project.Words(text), func(w string) bool {
		return slices.ContainsFunc(identity, func(i string) bool { return strings.Contains(w, i) })
	}), known
}

func gin(p *golang.Pass, c *flow.Call) {
	var lacks []string
	var edits []scan.Edit
	for i, field := range map[int]string{5: "Secure", 6: "HttpOnly"} {
		if text, ok := c.Package.Constant(c.Args[i]); ok && text == "false" {
			lacks = append(lacks, field)
			edits = append(edits, golang.Replace(c.File, c.Args[i], "true"))
		}
	}
	if age, ok := c.Package.Constant(c.Args[2]); len(lacks) == 0 || ok && strings.HasPrefix(age, "-") {
		return
	}
	slices.Sort(lacks)
	slices.SortFunc(edits, func(a, b scan.Edit) int { return a.Start - b.Start })
	finding := p.At(c.File, c.CallExpr, "The cookie is set without "+strings.Join(lacks, ", ")+".")
	finding.Fix = &scan.Fix{Text: "Set Secure and HttpOnly, and call SetSameSite before.", Edits: edits}
	p.Report(finding)
}
