package flow

import (
	"bytes"
	"slices"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// reach answers whether anything can call a function that no call was followed to. It is asked of few functions, so that the
// code is searched for their names alone. It errs to the side of yes: any mention of the name that may mean the function
// counts, as an atom, by a module that is not known, in code that a macro writes, in a template.
type reach struct {
	p      *project.Project
	wanted map[string]bool // names of functions

	named   map[string]arities            // Module.name, as called or captured
	local   map[string]map[string]arities // names called without a module, and in which modules
	loose   map[string]arities            // names that may mean any module's function
	values  map[string]bool               // modules that are handed around
	applied map[string]bool               // modules of which any function may be applied
	anyFunc bool                          // any function of any module that is handed around may be
}

// arities is a set of numbers of arguments: bit n for n of them.
type arities uint64

const anyArity = ^arities(0)

// called is the arity of a call. Behind a pipe it has one argument more than is written, in a macro it may have.
func called(n *syntax.Node, at where) arities {
	one := arities(1) << min(len(n.Args), 60)
	switch {
	case at.quoted:
		return one | one<<1
	case at.piped:
		return one << 1
	}
	return one
}

// arity is with how many arguments a function can be called.
func arity(fn *project.Function) arities {
	most := 0
	for _, c := range fn.Clauses {
		defaults := 0
		for _, d := range c.Defaults {
			if d != nil {
				defaults++
			}
		}
		most = max(most, defaults)
	}
	var set arities
	for n := fn.Arity - most; n <= fn.Arity; n++ {
		set |= 1 << min(max(n, 0), 60)
	}
	return set
}

// searched looks for all mentions of some functions.
func searched(p *project.Project, fns []*project.Function) *reach {
	r := &reach{
		p: p, wanted: map[string]bool{}, named: map[string]arities{}, local: map[string]map[string]arities{}, loose: map[string]arities{},
		values: map[string]bool{}, applied: map[string]bool{},
	}
	for _, fn := range fns {
		r.wanted[fn.Name] = true
	}
	for _, f := range p.Files {
		if f.Test() && !f.Task() {
			continue
		}
		if f.Syntax == nil {
			for name := range r.wanted {
				if mentioned(f.Src, name) {
					r.loose[name] = anyArity
				}
			}
			continue
		}
		r.search(f.Syntax.Tree, where{file: f})
	}
	return r
}

// mentioned says whether a name stands in a template as a word of its own that is no tag.
func mentioned(src []byte, name string) bool {
	word := func(b byte) bool {
		return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
	}
	for at := 0; ; {
		i := bytes.Index(src[at:], []byte(name))
		if i < 0 {
			return false
		}
		i += at
		at = i + len(name)
		if i > 0 && (word(src[i-1]) || src[i-1] == '<' || src[i-1] == '/' && i > 1 && src[i-2] == '<') {
			continue
		}
		if at == len(src) || !word(src[at]) {
			return true
		}
	}
}

// where is what is around a mention.
type where struct {
	file   *project.File
	module *project.Module
	inside string // the function being defined
	quoted bool
	piped  bool // right of |>
}

func (r *reach) search(n *syntax.Node, at where) {
	if n == nil {
		return
	}
	switch {
	case syntax.Is(n, "defmodule", "defimpl", "defprotocol"):
		for _, m := range at.file.Modules {
			if m.Node == n {
				at.module, at.inside = m, ""
			}
		}
		r.all(n.Args[min(1, len(n.Args)):], at)
		return
	case syntax.Is(n, "@") && len(n.Args) == 1:
		switch n.Args[0].Name {
		case "spec", "type", "typep", "opaque", "callback", "macrocallback", "doc", "moduledoc":
			return
		}
	case syntax.Is(n, "alias", "import", "require", "use"):
		r.all(n.Args[min(1, len(n.Args)):], at)
		return
	case syntax.Is(n, "def", "defp", "defmacro", "defmacrop") && len(n.Args) > 0:
		head := n.Args[0]
		if syntax.Is(head, "when") {
			r.all(head.Args[1:], at)
			head = head.Args[0]
		}
		r.all(head.Args, at)
		at.inside = head.Name
		r.all(n.Args[1:], at)
		return
	case syntax.Is(n, "|>") && len(n.Args) == 2:
		r.search(n.Args[0], at)
		at.piped = true
		r.search(n.Args[1], at)
		return
	case syntax.Is(n, "quote"):
		at.quoted = true
	}
	r.mention(n, at)
	at.piped = false
	if n.Kind == syntax.Pair && n.Args[0].Kind == syntax.Atom { // a key names no function
		r.search(n.Args[1], at)
		return
	}
	if n.Kind != syntax.Remote || n.Fun == nil || n.Fun.Kind != syntax.Alias { // the module of a call is not handed around
		r.search(n.Fun, at)
	}
	r.all(n.Args, at)
}

func (r *reach) all(ns []*syntax.Node, at where) {
	for _, n := range ns {
		r.search(n, at)
	}
}

// mention notes what one node says of functions.
func (r *reach) mention(n *syntax.Node, at where) {
	switch n.Kind {
	case syntax.Alias:
		if at.module != nil {
			r.values[at.module.Named(n)] = true
		} else {
			r.values[n.Name] = true
		}
	case syntax.Atom:
		if r.wanted[n.Name] {
			r.loose[n.Name] = anyArity
		}
	case syntax.AtomParts:
		r.anyFunc = r.anyFunc || at.quoted
	case syntax.Call, syntax.Var:
		if n.Name == "apply" && len(n.Args) >= 2 {
			r.apply(n.Args, at)
		}
		with := called(n, at)
		if n.Kind == syntax.Var { // of &name/2, and of a call without parentheses
			with = anyArity
		}
		switch {
		case !r.wanted[n.Name]:
		case at.quoted || at.module == nil:
			r.loose[n.Name] |= with
		case at.inside != n.Name:
			if r.local[n.Name] == nil {
				r.local[n.Name] = map[string]arities{}
			}
			r.local[n.Name][at.module.Name] |= with
		}
	case syntax.Remote:
		of := ""
		if at.module != nil && (n.Fun == nil || n.Fun.Kind != syntax.Var || n.Fun.Name == "__MODULE__") {
			of = at.module.Named(n.Fun)
		}
		if n.Name == "apply" || of == ":rpc" || of == ":erpc" {
			r.apply(n.Args, at)
		}
		with := called(n, at)
		if len(n.Args) == 0 && n.Flags&syntax.CallParen == 0 { // of &Mod.name/2
			with = anyArity
		}
		switch {
		case !r.wanted[n.Name]:
		case of == "":
			if len(n.Args) > 0 || n.Flags&syntax.CallParen != 0 || at.quoted {
				r.loose[n.Name] |= with
			}
		default:
			r.named[of+"."+n.Name] |= with
		}
	case syntax.Sigil:
		if n.Name == "H" || n.Name == "E" || n.Name == "L" {
			text := at.file.Text(n)
			for name := range r.wanted {
				if mentioned([]byte(text), name) {
					r.loose[name] = anyArity
				}
			}
		}
	}
}

// apply notes a call of a function whose name is only known when it runs.
func (r *reach) apply(args []*syntax.Node, at where) {
	if len(args) == 2 && args[1].Kind != syntax.List { // of a pipe: |> apply(name, args)
		r.anyFunc = true
		return
	}
	if len(args) < 3 || args[len(args)-2].Kind == syntax.Atom {
		return
	}
	of := ""
	if at.module != nil {
		of = at.module.Named(args[len(args)-3])
	}
	if of == "" {
		r.anyFunc = true
		return
	}
	r.applied[of] = true
}

// calls says whether anything may call a function.
func (r *reach) calls(fn *project.Function) bool {
	of, with := fn.Module.Name, arity(fn)
	switch {
	case (r.loose[fn.Name]|r.named[of+"."+fn.Name])&with != 0 || r.applied[of] || r.anyFunc && r.values[of] && !fn.Private:
		return true
	case fn.File != fn.Module.File: // out of a __using__
		return true
	}
	for in, as := range r.local[fn.Name] {
		if as&with == 0 {
			continue
		}
		if in == of {
			return true
		}
		if m := r.p.Modules[in]; m != nil && (slices.Contains(m.Imports, of) || m.Using(of)) {
			return true
		}
	}
	return false
}
