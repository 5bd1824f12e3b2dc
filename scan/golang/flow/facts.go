package flow

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"palisade.dev/scan/golang/project"
)

// fact says that an expression is harmless for some kinds.
type fact struct {
	x     ast.Expr
	kinds uint64
}

const all = ^uint64(0)

// prove takes from a condition what is known behind it.
func (w *walker) prove(cond ast.Expr, holds bool) {
	for _, f := range w.facts(cond, holds, 0) {
		w.accept(f)
	}
}

func (w *walker) accept(f fact) {
	// u.Host and u.Hostname() that are ours make u harmless where only its host matters.
	host := ast.Unparen(f.x)
	if call, ok := host.(*ast.CallExpr); ok {
		host = call.Fun
	}
	if sel, ok := host.(*ast.SelectorExpr); ok && w.host&f.kinds != 0 && (sel.Sel.Name == "Host" || sel.Sel.Name == "Hostname") && project.TypeName(w.pkg.Info.TypeOf(sel.X)) == "net/url.URL" {
		w.accept(fact{sel.X, w.host & f.kinds})
	}
	p, ok := w.place(f.x)
	if !ok {
		// strings.ToLower(x) == "a" says it of x.
		if call, isCall := ast.Unparen(f.x).(*ast.CallExpr); isCall {
			for _, a := range call.Args {
				w.accept(fact{a, f.kinds})
			}
		}
		return
	}
	v := w.eval(f.x)
	if len(v) > 0 {
		w.env.set(p, v.cleared(f.kinds))
	}
}

func (w *walker) facts(cond ast.Expr, holds bool, level int) []fact {
	if level > 50 {
		return nil
	}
	switch x := ast.Unparen(cond).(type) {
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			return w.facts(x.X, !holds, level+1)
		}
	case *ast.BinaryExpr:
		switch {
		case x.Op == token.LAND && holds, x.Op == token.LOR && !holds:
			return append(w.facts(x.X, holds, level+1), w.facts(x.Y, holds, level+1)...)
		case x.Op == token.LAND, x.Op == token.LOR: // one of both holds: what both prove
			var both []fact
			right := w.facts(x.Y, holds, level+1)
			for _, l := range w.facts(x.X, holds, level+1) {
				for _, r := range right {
					p, ok := w.place(l.x)
					if q, same := w.place(r.x); ok && same && p == q && l.kinds&r.kinds != 0 {
						both = append(both, fact{l.x, l.kinds & r.kinds})
					}
				}
			}
			return both
		case x.Op == token.EQL && holds, x.Op == token.NEQ && !holds:
			return w.equal(x)
		}
	case *ast.Ident:
		if o := w.pkg.Info.ObjectOf(x); o != nil && holds {
			return w.proofs[o]
		}
	case *ast.IndexExpr:
		if holds { // allowed[x]
			return []fact{{x.Index, all}}
		}
	case *ast.CallExpr:
		return w.asked(x, holds)
	}
	return nil
}

// equal: what is the same as something harmless is harmless. An error that is nil speaks for what was asked.
func (w *walker) equal(x *ast.BinaryExpr) []fact {
	for _, pair := range [][2]ast.Expr{{x.X, x.Y}, {x.Y, x.X}} {
		if id, ok := pair[1].(*ast.Ident); ok && id.Name == "nil" {
			if call, ok := ast.Unparen(pair[0]).(*ast.CallExpr); ok {
				return w.asked(call, true)
			}
			if id, ok := ast.Unparen(pair[0]).(*ast.Ident); ok {
				return w.proofs[w.pkg.Info.ObjectOf(id)]
			}
			return nil
		}
		if len(w.eval(pair[1])) == 0 && len(w.eval(pair[0])) > 0 {
			return []fact{{pair[0], all}}
		}
	}
	return nil
}

// asked takes the answer of a function that was asked about something.
func (w *walker) asked(call *ast.CallExpr, yes bool) []fact {
	name := w.p.Callee(w.pkg, call)
	kinds := w.guards[name]
	if !yes {
		kinds = w.denies[name]
	} else if kinds == 0 && (speaks(name) || provers[name]) {
		kinds = all
	}
	for kind, s := range w.specs {
		if s.Proves != nil && s.Proves(name, &Call{w.p, w.pkg, w.file, w.fn, call}, yes) {
			kinds |= 1 << kind
		}
	}
	if kinds == 0 {
		return nil
	}
	var facts []fact
	for _, a := range call.Args {
		if len(w.eval(a)) > 0 {
			facts = append(facts, fact{a, kinds})
		}
	}
	return facts
}

var provers = map[string]bool{
	"slices.Contains": true, "(*regexp.Regexp).MatchString": true, "(*regexp.Regexp).Match": true, "regexp.MatchString": true,
}

// speaks says whether a function's name promises that its yes makes what it was asked about harmless.
func speaks(name string) bool {
	if strings.Contains(name, "github.com/go-playground/validator") || strings.HasPrefix(name, "encoding/json") || strings.HasPrefix(name, "unicode/utf8") {
		return false // of a form, not of what it means
	}
	for _, word := range project.Words(name[strings.LastIndexByte(name, '.')+1:]) {
		switch word {
		case "valid", "validate", "validated", "allowed", "allow", "safe", "permitted", "trusted", "whitelisted", "allowlisted", "allowlist", "ensure", "verify", "known", "supported", "check":
			return true
		}
	}
	return false
}

// learn notes what a variable will prove: _, ok := allowed[x]; err := validate(x).
func (w *walker) learn(s *ast.AssignStmt) {
	if len(s.Rhs) != 1 {
		return
	}
	id, ok := s.Lhs[len(s.Lhs)-1].(*ast.Ident)
	if !ok {
		return
	}
	o := w.pkg.Info.ObjectOf(id)
	if o == nil {
		return
	}
	var facts []fact
	switch x := ast.Unparen(s.Rhs[0]).(type) {
	case *ast.IndexExpr:
		if len(s.Lhs) == 2 {
			facts = []fact{{x.Index, all}}
		}
	case *ast.CallExpr:
		facts = w.asked(x, true)
	case *ast.BinaryExpr, *ast.UnaryExpr:
		facts = w.facts(x, true, 0)
	}
	if w.proofs == nil {
		w.proofs = map[types.Object][]fact{}
	}
	w.proofs[o] = facts
}
