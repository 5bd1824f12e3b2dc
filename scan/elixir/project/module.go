package project

import (
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan/elixir/syntax"
)

// Module is a module, protocol or implementation.
type Module struct {
	Name       string
	File       *File
	Node       *syntax.Node
	Outer      *Module
	Uses       []Use // its own and, behind each, those that the used module's __using__ brings
	Imports    []string
	Requires   []string
	Behaviours []string
	Attributes map[string][]*syntax.Node // values given to @name, in order
	Functions  []*Function               // in the order of their first clauses
	Schema     *Schema
	Calls      []Statement // other calls in the module's body: plug, pipeline, embed_templates …

	aliases map[string]string // short name to whole name
	funcs   map[string]*Function
	using   []*syntax.Node // quotes of __using__
	lexical []lexical
}

// Use is a `use`.
type Use struct {
	Module string
	Args   []*syntax.Node // behind the module
	Node   *syntax.Node
	File   *File // where the use is written: that of __using__ for what it brings
}

// Statement is a call in a module's body, or one that a __using__ writes there.
type Statement struct {
	*syntax.Node
	File *File
}

// Function is all clauses of one name and number of parameters.
type Function struct {
	Module  *Module
	File    *File // of the source: for a function out of a __using__ not that of the module
	Name    string
	Arity   int
	Private bool
	Macro   bool
	Clauses []*Clause
}

// Clause is one head and body.
type Clause struct {
	Node     *syntax.Node // the def
	Params   []*syntax.Node
	Defaults []*syntax.Node // beside Params; nil where there is none
	Guard    *syntax.Node
	Body     *syntax.Node // nil for a head alone
}

// String is Module.name/arity.
func (f *Function) String() string { return f.Module.Name + "." + f.Short() }

// Short is name/arity.
func (f *Function) Short() string { return f.Name + "/" + strconv.Itoa(f.Arity) }

// Schema is an Ecto schema.
type Schema struct {
	Source string // the table; empty for an embedded one
	Node   *syntax.Node
	Fields []Field
}

// Field is one field of a schema; associations and embeds too, with their kind.
type Field struct {
	Kind string // field, belongs_to, has_many, embeds_one …
	Name string
	Type *syntax.Node // nil when left out, which means a string
	Node *syntax.Node
}

// lexical is an alias, import, require or use, in the order of the source.
type lexical struct {
	node *syntax.Node
	file *File
}

// Func finds a function by its name and the number of arguments it is called with, defaults included.
func (m *Module) Func(name string, arity int) *Function { return m.funcs[name+"/"+strconv.Itoa(arity)] }

// ByKey finds a function by name/arity as [Function.Short] writes them.
func (m *Module) ByKey(key string) *Function { return m.funcs[key] }

// Using says whether a module uses another, by itself or by what it uses.
func (m *Module) Using(module string) bool {
	return slices.ContainsFunc(m.Uses, func(u Use) bool { return u.Module == module })
}

// Imported says whether a module imports another.
func (m *Module) Imported(module string) bool { return slices.Contains(m.Imports, module) }

// Resolve gives an alias its whole name, as written in this module.
func (m *Module) Resolve(name string) string {
	first, rest, dotted := strings.Cut(name, ".")
	if first == "__MODULE__" {
		first = m.Name
	} else if first == "Elixir" && dotted {
		return rest
	} else if whole, ok := m.aliases[first]; ok {
		first = whole
	}
	if dotted {
		return first + "." + rest
	}
	return first
}

// Named is the module that a node names: an alias, __MODULE__, an attribute that holds one, or an Erlang module with its colon.
func (m *Module) Named(n *syntax.Node) string {
	if n == nil {
		return ""
	}
	switch n.Kind {
	case syntax.Alias:
		if name := syntax.AliasName(n); name != "" {
			return m.Resolve(name)
		}
	case syntax.Atom:
		if name, ok := strings.CutPrefix(n.Name, "Elixir."); ok {
			return name
		}
		return ":" + n.Name
	case syntax.Var:
		if n.Name == "__MODULE__" {
			return m.Name
		}
	case syntax.Call:
		if v := m.Attribute(n); v != nil && (v.Kind == syntax.Alias || v.Kind == syntax.Atom) {
			return m.Named(v)
		}
	}
	return ""
}

// Attribute is the value of @name, if the node reads an attribute that is given a value once.
func (m *Module) Attribute(n *syntax.Node) *syntax.Node {
	if !syntax.Is(n, "@") || len(n.Args) != 1 || n.Args[0].Kind != syntax.Var {
		return nil
	}
	for ; m != nil; m = m.Outer {
		if values := m.Attributes[n.Args[0].Name]; len(values) > 0 {
			return values[len(values)-1]
		}
	}
	return nil
}

// Value looks through attributes: the node itself, or what the attribute it reads was given.
func (m *Module) Value(n *syntax.Node) *syntax.Node {
	for range 5 {
		v := m.Attribute(n)
		if v == nil {
			return n
		}
		n = v
	}
	return n
}

// collect finds the modules of a file.
func collect(f *File) {
	for _, n := range syntax.Body(f.Syntax.Tree) {
		collectIn(f, nil, n)
	}
}

func collectIn(f *File, m *Module, n *syntax.Node) {
	if n == nil {
		return
	}
	switch {
	case n.Kind == syntax.Block:
		for _, a := range n.Args {
			collectIn(f, m, a)
		}
	case syntax.Is(n, "defmodule", "defprotocol", "defimpl"):
		collectModule(f, m, n)
	case m == nil:
		// Scripts: what stands outside of modules is not a module's, but modules may stand inside if or the like.
		for _, a := range blocks(n) {
			collectIn(f, nil, a)
		}
	case syntax.Is(n, "alias", "import", "require", "use"):
		m.lexical = append(m.lexical, lexical{n, f})
	case syntax.Is(n, "def", "defp", "defmacro", "defmacrop", "defdelegate", "defguard", "defguardp"):
		m.define(f, n)
	case syntax.Is(n, "@") && len(n.Args) == 1 && n.Args[0].Kind == syntax.Call && len(n.Args[0].Args) == 1:
		m.attribute(n.Args[0].Name, n.Args[0].Args[0])
	case syntax.Is(n, "schema", "embedded_schema", "typed_schema", "typed_embedded_schema"):
		m.Calls = append(m.Calls, Statement{n, f})
		m.Schema = readSchema(n)
	case syntax.Is(n, "quote"):
	default:
		if n.Kind == syntax.Call || n.Kind == syntax.Remote {
			m.Calls = append(m.Calls, Statement{n, f})
		}
		if syntax.Is(n, "if", "unless", "for", "case", "cond", "with", "describe") {
			for _, a := range blocks(n) {
				collectIn(f, m, a)
			}
		}
	}
}

// blocks are the do, else … of a call, and the bodies of clauses in them.
func blocks(n *syntax.Node) (bodies []*syntax.Node) {
	if n.Kind != syntax.Call && n.Kind != syntax.Remote {
		return nil
	}
	for _, a := range n.Args {
		if a.Kind != syntax.List || a.Flags&syntax.Bare == 0 {
			continue
		}
		for _, p := range a.Args {
			if p.Kind != syntax.Pair {
				continue
			}
			v := p.Args[1]
			if v.Kind == syntax.List && v.Flags&syntax.Bare != 0 {
				for _, c := range v.Args {
					if c.Kind == syntax.Clause {
						bodies = append(bodies, c.Args[1])
					}
				}
				continue
			}
			bodies = append(bodies, v)
		}
	}
	return bodies
}

func collectModule(f *File, outer *Module, n *syntax.Node) {
	if len(n.Args) == 0 || n.Args[0].Kind != syntax.Alias && n.Args[0].Kind != syntax.Atom {
		return
	}
	name := n.Args[0].Name
	if outer != nil && n.Args[0].Kind == syntax.Alias && syntax.AliasName(n.Args[0]) != "" && n.Name != "defimpl" {
		name = outer.Name + "." + strings.TrimPrefix(syntax.AliasName(n.Args[0]), "__MODULE__.")
	}
	m := &Module{Name: name, File: f, Node: n, Outer: outer, Attributes: map[string][]*syntax.Node{}, aliases: map[string]string{}, funcs: map[string]*Function{}}
	if n.Name == "defimpl" {
		whom := syntax.Keyword(n, "for")
		switch {
		case whom != nil && whom.Kind == syntax.Alias:
			m.Name += "." + whom.Name
		case outer != nil:
			m.Name += "." + outer.Name
		}
	}
	f.Modules = append(f.Modules, m)
	for _, b := range syntax.Body(syntax.Do(n)) {
		collectIn(f, m, b)
	}
}

func (m *Module) attribute(name string, value *syntax.Node) {
	if name == "behaviour" && value.Kind == syntax.Alias {
		m.Behaviours = append(m.Behaviours, value.Name)
	}
	m.Attributes[name] = append(m.Attributes[name], value)
}

// define adds a clause.
func (m *Module) define(f *File, n *syntax.Node) {
	if len(n.Args) == 0 {
		return
	}
	head, c := n.Args[0], &Clause{Node: n, Body: syntax.Do(n)}
	if syntax.Is(head, "when") && len(head.Args) == 2 {
		head, c.Guard = head.Args[0], head.Args[1]
	}
	name := head.Name
	if head.Kind == syntax.Again && head.Fun != nil { // def unquote(name)(conn)
		name = head.Fun.Name
	} else if head.Kind != syntax.Call && head.Kind != syntax.Var {
		return
	}
	defaults := 0
	for _, p := range head.Args {
		var d *syntax.Node
		if syntax.Is(p, `\\`) && len(p.Args) == 2 {
			p, d = p.Args[0], p.Args[1]
			defaults++
		}
		c.Params, c.Defaults = append(c.Params, p), append(c.Defaults, d)
	}
	if n.Name == "defmacro" && head.Name == "__using__" {
		m.using = append(m.using, c.Body)
	}
	key := name + "/" + strconv.Itoa(len(c.Params))
	fn := m.funcs[key]
	if fn == nil || fn.Arity != len(c.Params) {
		fn = &Function{
			Module: m, File: f, Name: name, Arity: len(c.Params), Private: strings.HasSuffix(n.Name, "p"),
			Macro: strings.HasPrefix(n.Name, "defmacro") || strings.HasPrefix(n.Name, "defguard"),
		}
		m.Functions = append(m.Functions, fn)
		m.funcs[key] = fn
	}
	fn.Clauses = append(fn.Clauses, c)
	for i := 1; i <= defaults; i++ {
		shorter := name + "/" + strconv.Itoa(len(c.Params)-i)
		if m.funcs[shorter] == nil {
			m.funcs[shorter] = fn
		}
	}
}

func readSchema(n *syntax.Node) *Schema {
	s := &Schema{Node: n}
	if args := syntax.Args(n); len(args) > 0 {
		s.Source, _ = syntax.Text(args[0])
	}
	for _, b := range syntax.Body(syntax.Do(n)) {
		args := syntax.Args(b)
		if b.Kind != syntax.Call || len(args) == 0 || args[0].Kind != syntax.Atom {
			continue
		}
		f := Field{Kind: b.Name, Name: args[0].Name, Node: b}
		if len(args) > 1 {
			f.Type = args[1]
		}
		s.Fields = append(s.Fields, f)
	}
	return s
}
