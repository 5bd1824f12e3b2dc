package flow

import (
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// picked are the clauses of a function that a call with constants among its arguments can come to, each as a function of its
// own: do_call(:delete, id) is none of do_call(:fetch, url). It is nil where the constants decide nothing.
func (e *Engine) picked(fn *project.Function, args []*Value) (fns []*project.Function) {
	if len(fn.Clauses) < 2 || e.entries[fn] != nil || e.templates[fn] != nil || !decides(fn, args) {
		return nil
	}
	var which []int
	for i, c := range fn.Clauses {
		if c.Body == nil {
			continue // a head
		}
		fits, sure := fitting(c, args)
		if fits {
			which = append(which, i)
		}
		if sure {
			break
		}
	}
	if len(which) == 0 || len(which) > (len(fn.Clauses)+1)/2 {
		return nil // to read the clauses once more would say little
	}
	alone := e.alone[fn]
	if alone == nil {
		alone = make([]*project.Function, len(fn.Clauses))
		e.alone[fn] = alone
	}
	for _, i := range which {
		if alone[i] == nil {
			one := *fn
			one.Clauses = fn.Clauses[i : i+1]
			alone[i] = &one
		}
		fns = append(fns, alone[i])
	}
	return fns
}

// decides says whether a constant meets a literal among the clauses.
func decides(fn *project.Function, args []*Value) bool {
	for i, a := range args {
		if a == nil || a.Kind != Constant && !tagged(a) {
			continue
		}
		for _, c := range fn.Clauses {
			if i < len(c.Params) && (literal(c.Params[i]) || c.Params[i].Kind == syntax.Tuple) {
				return true
			}
		}
	}
	return false
}

// tagged says whether a value is a tuple that begins with an atom.
func tagged(v *Value) bool {
	return v.Kind == Tuple && len(v.Items) > 0 && v.Items[0].Kind == Constant && v.Items[0].Atom
}

// fitting says whether a clause can take the arguments, and whether it takes them for sure, so that none behind it is asked.
func fitting(c *project.Clause, args []*Value) (fits, sure bool) {
	sure = c.Guard == nil
	for i, p := range c.Params {
		if i >= len(args) || args[i] == nil {
			sure = sure && p.Kind == syntax.Var
			continue
		}
		yes, all := taken(p, args[i])
		if !yes {
			return false, false
		}
		sure = sure && all
	}
	return true, sure
}

// taken says whether a pattern can take a value, and whether it takes it for sure.
func taken(p *syntax.Node, v *Value) (yes, sure bool) {
	switch {
	case p.Kind == syntax.Var:
		return true, true
	case literal(p):
		if v.Kind == Constant {
			same := v.Text == p.Name && v.Atom == (p.Kind == syntax.Atom)
			return same, same
		}
		return v.Kind != Tuple && v.Kind != Mapping && v.Kind != List && v.Kind != Joined, false
	case p.Kind == syntax.Tuple || p.Kind == syntax.Pair:
		if v.Kind == Constant {
			return false, false
		}
		if !tagged(v) || len(p.Args) == 0 || p.Args[0].Kind != syntax.Atom {
			return true, false
		}
		return len(v.Items) == len(p.Args) && v.Items[0].Text == p.Args[0].Name, false
	}
	return true, false
}
