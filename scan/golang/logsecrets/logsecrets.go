// Package logsecrets finds secrets that are logged.
package logsecrets

import (
	_ "embed"
	"go/ast"
	"go/types"
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
		ID: "golang/logsecrets", Title: "A secret is written to the log", Severity: scan.Medium, CWE: []int{532},
		Standards: []string{"OWASP A09:2021", "PCI DSS 4.0 3.3"}, Tags: []string{"exposure", "log"}, Doc: doc,
	},
	Run: run,
}

var secrets = []string{"password", "passwd", "secret", "apikey", "passphrase", "authorization"}

func run(p *golang.Pass) {
	p.Calls(func(c *flow.Call, name string) {
		if !logs(name) {
			return
		}
		for _, a := range c.Args {
			if _, constant := c.Package.Constant(a); constant || !text(c.Package.Info.TypeOf(a)) {
				continue
			}
			words := last(a)
			if !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(secrets, w) }) && !pair(words, "api", "key") && !pair(words, "private", "key") && !pair(words, "access", "token") && !pair(words, "session", "token") {
				continue
			}
			// passwordHash, passwordFile and secretName are not what they are about.
			if slices.ContainsFunc(words, func(w string) bool {
				return slices.Contains([]string{"hash", "file", "path", "name", "id", "len", "length", "policy", "type", "url", "redacted", "masked", "hint", "error", "err", "count", "version", "prefix", "field", "env", "ref"}, w)
			}) {
				continue
			}
			f := p.At(c.File, a, "A secret is written to the log.")
			f.Fix = &scan.Fix{Text: "Leave it out; where the log has to tell one from another, write the first bytes of a keyed hash."}
			p.Report(f)
		}
	})
}

func pair(words []string, first, second string) bool {
	i := slices.Index(words, first)
	return i >= 0 && i+1 < len(words) && words[i+1] == second
}

func logs(name string) bool {
	for _, prefix := range []string{"log.Print", "log.Fatal", "log.Panic", "(*log.Logger).Print", "log/slog.", "(*log/slog.Logger).", "github.com/sirupsen/logrus.", "(*github.com/sirupsen/logrus.", "go.uber.org/zap.String", "(*go.uber.org/zap.SugaredLogger)."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func text(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	if ok {
		return b.Info()&types.IsString != 0
	}
	s, ok := t.Underlying().(*types.Slice)
	return ok && types.Identical(s.Elem(), types.Typ[types.Byte])
}

// last are the words of the name that says what an expression is.
func last(x ast.Expr) []string {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		return project.Words(x.Name)
	case *ast.SelectorExpr:
		return project.Words(x.Sel.Name)
	case *ast.CallExpr:
		if id, ok := x.Fun.(*ast.Ident); ok && id.Name == "string" && len(x.Args) == 1 {
			return last(x.Args[0])
		}
		if s, ok := x.Fun.(*ast.SelectorExpr); ok && len(x.Args) == 1 && slices.Contains([]string{"FormValue", "PostFormValue", "Get"}, s.Sel.Name) {
			if lit, ok := x.Args[0].(*ast.BasicLit); ok {
				return project.Words(strings.Trim(lit.Value, "\"`"))
			}
		}
	}
	return nil
}
