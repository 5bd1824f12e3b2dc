// Package jwt finds tokens that are not checked as they should be.
package jwt

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
		ID: "golang/jwt", Title: "A token is not checked as it should be", Severity: scan.High, CWE: []int{347},
		Standards: []string{"OWASP API2:2023", "OWASP A07:2021"}, Tags: []string{"authentication", "jwt"}, Doc: doc,
	},
	Run: run,
}

const lib = "github.com/golang-jwt/jwt."

func run(p *golang.Pass) {
	report := func(f *project.File, n ast.Node, severity scan.Severity, cwe int, message, fix string) {
		finding := p.At(f, n, message)
		finding.Severity, finding.CWE, finding.Fix = severity, []int{cwe}, &scan.Fix{Text: fix}
		p.Report(finding)
	}
	p.Calls(func(c *flow.Call, name string) {
		switch name {
		case "(*github.com/golang-jwt/jwt.Parser).ParseUnverified":
			report(c.File, c.CallExpr, scan.High, 347, "The token is read without its signature being checked.", "Use ParseWithClaims with the key; read unverified only to find which key that is.")
		case lib + "WithoutClaimsValidation":
			report(c.File, c.CallExpr, scan.Medium, 613, "Tokens are accepted after their end.", "Let the claims be validated.")
		case lib + "Parse", lib + "ParseWithClaims", "(*github.com/golang-jwt/jwt.Parser).Parse", "(*github.com/golang-jwt/jwt.Parser).ParseWithClaims":
			parse(p, c, name, report)
		case "(*github.com/golang-jwt/jwt.Token).SignedString":
			if len(c.Args) == 1 && literal(c.Package, c.Args[0]) {
				report(c.File, c.CallExpr, scan.High, 798, "The key that signs tokens stands in the source.", "Take the key from the environment or a file that is not in the repository, and change it.")
			}
		}
	})
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && (p.Project.Name(f.Package, s) == lib+"UnsafeAllowNoneSignatureType" || p.Project.Name(f.Package, s) == lib+"SigningMethodNone") {
				report(f, s, scan.Critical, 347, "Tokens without a signature are made or accepted.", "Sign tokens, and accept only the method with which you sign.")
			}
			return true
		})
	})
}

func parse(p *golang.Pass, c *flow.Call, name string, report func(*project.File, ast.Node, scan.Severity, int, string, string)) {
	at := 1
	if strings.HasSuffix(name, "WithClaims") {
		at = 2
	}
	if len(c.Args) <= at {
		return
	}
	key, ok := ast.Unparen(c.Args[at]).(*ast.FuncLit)
	if !ok {
		return // what it looks at is not seen here
	}
	looks, limited := false, strings.HasPrefix(name, "(*") // a parser may have been made with methods
	ast.Inspect(key, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			looks = looks || n.Sel.Name == "Method" || n.Sel.Name == "Alg"
		case *ast.ReturnStmt:
			if len(n.Results) == 2 && literal(c.Package, n.Results[0]) {
				report(c.File, n.Results[0], scan.High, 798, "The key that checks tokens stands in the source.", "Take the key from the environment or a file that is not in the repository, and change it.")
			}
		}
		return true
	})
	for _, a := range c.Args[at+1:] {
		if call, ok := a.(*ast.CallExpr); !ok || p.Project.Callee(c.Package, call) == lib+"WithValidMethods" {
			limited = true
		}
	}
	if !looks && !limited {
		report(c.File, c.CallExpr, scan.Low, 347, "The token chooses by which method it is checked.", "Give WithValidMethods with the one method that you use.")
	}
}

// literal says whether a key is a text of the source.
func literal(pkg *project.Package, x ast.Expr) bool {
	if call, ok := ast.Unparen(x).(*ast.CallExpr); ok && pkg.Conversion(call) && len(call.Args) == 1 {
		x = call.Args[0]
	}
	text, ok := pkg.Constant(x)
	return ok && text != "" && project.TypeName(pkg.Info.TypeOf(x)) == "" // a type of its own says that there is no key
}
