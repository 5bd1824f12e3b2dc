package flow

import (
	"go/ast"
	"go/token"
	"maps"
	"strings"
)

// branch walks something in an environment of its own and gives that back, with whether the way ends there.
func (w *walker) branch(start env, walk func() bool) (env, bool) {
	before := w.env
	w.env = maps.Clone(start)
	ended := walk()
	after := w.env
	w.env = before
	return after, ended
}

// loop walks a body twice: what it left behind the first time meets its beginning. Loops within loops within loops are
// walked once, which finds everything but what goes round twice.
func (w *walker) loop(body func()) {
	w.loops++
	times := 2
	if w.loops > 2 {
		times = 1
	}
	for range times {
		after, _ := w.branch(w.env, func() bool { body(); return false })
		w.env.meet(after)
	}
	w.loops--
}

func (w *walker) cases(list []ast.Stmt, enter func(*ast.CaseClause)) bool {
	before := maps.Clone(w.env)
	var joined env
	open, fallback := false, false
	for _, c := range list {
		c, ok := c.(*ast.CaseClause)
		if !ok {
			continue
		}
		fallback = fallback || c.List == nil
		after, ended := w.branch(before, func() bool { enter(c); return w.block(c.Body) && !breaks(c.Body) })
		if ended {
			continue
		}
		if open = true; joined == nil {
			joined = after
		} else {
			joined.meet(after)
		}
	}
	if !fallback {
		if joined == nil {
			joined = before
		} else {
			joined.meet(before)
		}
		open = true
	}
	if joined != nil {
		w.env = joined
	}
	return !open
}

// breaks says whether a case ends with a break, which ends the switch and not the way.
func breaks(body []ast.Stmt) bool {
	found := false
	for _, s := range body {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt:
				return false
			case *ast.BranchStmt:
				found = found || n.Tok == token.BREAK || n.Tok == token.FALLTHROUGH
			}
			return true
		})
	}
	return found
}

func (w *walker) ifs(s *ast.IfStmt) bool {
	if s.Init != nil {
		w.stmt(s.Init)
	}
	w.eval(s.Cond)
	yes, yesEnds := w.branch(w.env, func() bool { w.prove(s.Cond, true); return w.block(s.Body.List) })
	no, noEnds := w.branch(w.env, func() bool {
		w.prove(s.Cond, false)
		if s.Else != nil {
			return w.stmt(s.Else)
		}
		return false
	})
	switch {
	case yesEnds && noEnds:
		return true
	case yesEnds:
		w.env = no
	case noEnds:
		w.env = yes
	default:
		w.env = yes
		w.env.meet(no)
	}
	return false
}

// never says whether a call does not come back.
func (w *walker) never(call *ast.CallExpr) bool {
	switch name := w.p.Callee(w.pkg, call); name {
	case "builtin.panic", "os.Exit", "runtime.Goexit":
		return true
	default:
		return strings.HasPrefix(name, "log.Fatal") || strings.HasPrefix(name, "log.Panic") || strings.HasPrefix(name, "(*log.Logger).Fatal") || strings.HasPrefix(name, "github.com/sirupsen/logrus.Fatal")
	}
}
