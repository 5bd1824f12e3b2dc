// Package flow follows values through an Elixir project: from what a stranger sends (parameters, headers, events, uploads)
// through assignments, patterns, pipes, functions and templates to the calls that checks call sinks. Each function is read once
// for parameters that may be anything; what it does with them is a summary, filled in where it is called.
//
// It proves in one direction only: a way that it shows exists in the source. Where it loses a value, it says so.
package flow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/elixir/template"
)

// Sink is a place where a value that a stranger chooses does harm.
type Sink struct {
	Call   string // the called function as Module.name; or one of the constructs below
	Arg    int    // which argument
	Option string // or which keyword among the arguments
	Guard  Guard  // what makes a value harmless here, besides Shape
	Needs  Guard  // only values with this mark count: Atom, for names of modules
	Name   string // tells a check's sinks apart

	// Of picks the value in place of Arg and Option; nil is no sink after all.
	Of func(*Call) *Value
	// Judge narrows a value to what matters of it. If nothing does, it says why.
	Judge func(*Value) (*Value, string)
}

// Constructs that are sinks without being calls.
const (
	AtomOf   = "%atom"    // :"a#{b}"
	Safe     = "%safe"    // {:safe, v}
	Dynamic  = "%dynamic" // m.f(): Args[0] is the module
	Hole     = "%hole"    // a hole in a template: Args[0], see Call.Hole
	Equality = "%equal"   // a == b
	Pattern  = "%regex"   // ~r/#{a}/
)

// Call is a call as a sink sees it.
type Call struct {
	Name  string
	Args  []*Value
	Nodes []*syntax.Node // of the arguments; the first may be the left side of a pipe
	Node  *syntax.Node
	File  *project.File
	Func  *project.Function
	Hole  *template.Hole
}

// Arg is the nth argument; nil where there is none.
func (c *Call) Arg(n int) *Value {
	if n < len(c.Args) {
		return c.Args[n]
	}
	return nil
}

// Option is a keyword among the arguments; nil where there is none.
func (c *Call) Option(key string) *Value {
	for i := len(c.Args) - 1; i >= 0; i-- {
		if v := c.Args[i].own(key); v != nil && c.Args[i].Kind == Mapping {
			return v
		}
	}
	return nil
}

// ContentType is what the connection of a response says of its body: a value, or nil where nobody said.
func (c *Call) ContentType() *Value { return c.Arg(0).own(contentType) }

// contentType is a field that no connection has: what put_resp_content_type was given.
const contentType = "%type"

// Class is how the question about a value at a sink was decided.
type Class uint8

// The classes, the most harmless first.
const (
	Fixed    Class = iota // constant
	Harmless              // sanitised, bounded, signed
	Operated              // from the operator's configuration or environment
	Open                  // not followed to its origin
	Tainted               // from a source
)

// Hit is a sink that is reached and how it was decided, the worst of all ways that lead there.
type Hit struct {
	Sink  *Sink
	File  *project.File
	Node  *syntax.Node
	Func  *project.Function
	Nodes []*syntax.Node // of the sink's call
	Class Class
	Value *Value
	Why   string // in words, for all but Tainted

	Source  *Source // for Tainted
	Steps   []scan.Step
	Sources int // how many sources reach it

	via   *trail
	clear Guard
	key   siteKey
}

// Long says whether a way has more steps than are told.
func (h *Hit) Long() bool { return h.via.len() >= longest }

// By says whether the value that was found bears a mark.
func (h *Hit) By(g Guard) bool { return h.clear&g != 0 }

type siteKey struct {
	sink  *Sink
	file  *project.File
	start int32
	end   int32
}

type pending struct {
	sink  *Sink
	call  *Call
	value *Value
}

type summary struct {
	ret   *Value
	pend  []pending
	seen  map[siteKey]int
	busy  bool
	steps int
}

// Engine is one reading of one project.
type Engine struct {
	p         *project.Project
	sinks     map[string][]*Sink
	summaries map[*project.Function]*summary
	entries   map[*project.Function][]*Value
	called    map[*project.Function]bool
	assigns   map[string]*Value // of LiveViews, by module
	views     map[string]map[string]*project.Function
	templates map[*project.Function]*template.File
	sigils    map[*syntax.Node]*template.File
	castable  map[string]bool // "field" that some changeset takes from parameters
	hits      map[siteKey]*Hit
	sourced   map[siteKey]map[*Source]bool
	constants map[*syntax.Node]*Value
	canonical map[string]string
	gaps      []scan.Gap
}

// Analyse follows the values of a project to sinks. Its hits come in the order of places. A fault of ours costs the module it
// is met in, and is told as a gap.
func Analyse(ctx context.Context, p *project.Project, sinks []*Sink) (hits []*Hit, gaps []scan.Gap, err error) {
	e := &Engine{
		p: p, sinks: map[string][]*Sink{}, summaries: map[*project.Function]*summary{}, entries: map[*project.Function][]*Value{},
		called: map[*project.Function]bool{}, assigns: map[string]*Value{}, views: map[string]map[string]*project.Function{},
		templates: map[*project.Function]*template.File{}, sigils: map[*syntax.Node]*template.File{}, castable: map[string]bool{},
		hits: map[siteKey]*Hit{}, sourced: map[siteKey]map[*Source]bool{}, constants: map[*syntax.Node]*Value{}, canonical: map[string]string{},
	}
	for _, s := range sinks {
		e.sinks[s.Call] = append(e.sinks[s.Call], s)
	}
	e.findCasts()
	e.findTemplates()
	e.findEntries()
	for _, m := range p.All() {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if m.File.Test() {
			continue
		}
		e.guarded(m.File, func() {
			for _, fn := range m.Functions {
				if !fn.Macro {
					e.summarise(fn)
				}
			}
			e.body(m)
		})
	}
	// What LiveViews assign is known now: their functions and templates are read once more with it.
	for _, m := range p.All() {
		if e.assigns[m.Name] == nil || m.File.Test() {
			continue
		}
		for _, fn := range m.Functions {
			if e.entries[fn] != nil {
				delete(e.summaries, fn)
			}
		}
		e.guarded(m.File, func() {
			for _, fn := range m.Functions {
				if e.entries[fn] != nil {
					e.summarise(fn)
				}
			}
		})
	}
	for _, name := range sortedKeys(e.views) {
		for _, tmpl := range sortedKeys(e.views[name]) {
			e.guarded(e.views[name][tmpl].File, func() { e.summarise(e.views[name][tmpl]) })
		}
	}
	e.leftOver()
	return e.sorted(), e.gaps, nil
}

// guarded keeps what goes wrong in the reading of one module to it.
func (e *Engine) guarded(f *project.File, do func()) {
	defer func() {
		if fault := recover(); fault != nil {
			e.gaps = append(e.gaps, scan.Gap{Where: f.Path, Why: fmt.Sprintf("a fault of ours stopped the following of values (please report it): %v", fault)})
		}
	}()
	do()
}

func (e *Engine) sorted() []*Hit {
	out := make([]*Hit, 0, len(e.hits))
	for _, h := range e.hits {
		h.Sources = len(e.sourced[h.key])
		if h.Class == Tainted {
			h.Steps = append(h.via.steps(), step(h.File, h.Node, "reaches the sink"))
		}
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b *Hit) int {
		if c := strings.Compare(a.File.Path, b.File.Path); c != 0 {
			return c
		}
		if a.Node.Start != b.Node.Start {
			return int(a.Node.Start - b.Node.Start)
		}
		if c := strings.Compare(a.Sink.Call, b.Sink.Call); c != 0 {
			return c
		}
		return strings.Compare(a.Sink.Name, b.Sink.Name)
	})
	return out
}

// leftOver decides what depends on the parameters of functions that nobody in the project calls.
func (e *Engine) leftOver() {
	for fn, s := range e.summaries {
		if e.called[fn] {
			continue
		}
		for _, p := range s.pend {
			why := "it depends on a parameter of " + fn.Short() + ", which nothing in the project calls"
			e.record(p.sink, p.call, Open, p.value, why, nil)
		}
	}
	// A place that no way up was found for is told all the same.
	for _, s := range e.summaries {
		for _, p := range s.pend {
			if e.hits[siteKey{p.sink, p.call.File, p.call.Node.Start, p.call.Node.End}] == nil {
				e.record(p.sink, p.call, Open, p.value, "its callers were not followed to the end", nil)
			}
		}
	}
}

// summarise reads a function. While it is being read, as in a recursion, its summary is empty.
func (e *Engine) summarise(fn *project.Function) *summary {
	if s := e.summaries[fn]; s != nil {
		return s
	}
	s := &summary{busy: true, seen: map[siteKey]int{}}
	e.summaries[fn] = s
	fr := &frame{e: e, fn: fn, m: fn.Module, f: fn.File, s: s}
	args := e.arguments(fn)
	if t := e.templates[fn]; t != nil {
		s.ret = fr.template(t, args[0], nil)
	}
	for _, c := range fn.Clauses {
		v := fr.clause(c, args)
		s.ret = join(s.ret, v)
	}
	if s.ret == nil {
		s.ret = unknown("")
	}
	if e.entries[fn] != nil {
		e.keepAssigns(fn, s.ret)
	}
	s.busy = false
	return s
}

// arguments are what a function is read with: what a framework calls it with, or parameters that may be anything.
func (e *Engine) arguments(fn *project.Function) []*Value {
	given := e.entries[fn]
	args := make([]*Value, max(fn.Arity, 1))
	for i := range args {
		if i < len(given) && given[i] != nil {
			args[i] = given[i]
			continue
		}
		args[i] = &Value{param: &param{n: i}, taints: []Taint{{Source: &Source{Kind: Param, n: i, What: "a parameter"}}}}
	}
	return args
}

// clause reads one clause of a function with given arguments.
func (fr *frame) clause(c *project.Clause, args []*Value) *Value {
	env := &env{}
	for i, p := range c.Params {
		var arg *Value
		if i < len(args) {
			arg = args[i]
		}
		arg = shaped(fr, p, arg)
		fr.bind(p, arg, env, false)
	}
	if c.Guard != nil {
		fr.assume(c.Guard, true, env)
	}
	if len(c.Node.Args) > 0 {
		fr.compiled(c.Node.Args[0], true)
	}
	if c.Body == nil {
		return fr.delegate(c, args)
	}
	v := fr.eval(c.Body, env)
	for _, key := range []string{"rescue", "catch", "else", "after"} {
		if b := syntax.Keyword(c.Node, key); b != nil {
			v = join(v, fr.clauses(b, unknown(""), nil, env))
		}
	}
	return v
}

// compiled looks at code that runs when other code is compiled: the names of functions made in a loop, and what a macro
// writes. Atoms in it are the program's own; what else it writes is not followed.
func (fr *frame) compiled(n *syntax.Node, then bool) {
	syntax.Walk(n, func(n *syntax.Node) bool {
		switch {
		case !then && syntax.Is(n, "unquote", "unquote_splicing"):
			for _, a := range n.Args {
				fr.compiled(a, true)
			}
			return false
		case n.Kind == syntax.AtomParts:
			fr.emit(&Call{Args: []*Value{bounded("it is made when the code is compiled")}, Nodes: []*syntax.Node{n}, Node: n}, AtomOf)
		case n.Kind == syntax.Remote && (len(n.Args) > 0 || n.Flags&syntax.CallParen != 0):
			if of := fr.m.Named(n.Fun); of != "" {
				if name := fr.e.modelled(of) + "." + n.Name; len(fr.e.sinks[name]) > 0 {
					args := make([]*Value, max(len(n.Args), 1)) // behind a pipe there may be none
					for i := range args {
						if args[i] = unknown("in code that a macro writes"); then {
							args[i] = bounded("it is made when the code is compiled")
						}
					}
					fr.emit(&Call{Args: args, Nodes: n.Args, Node: n}, name)
				}
			}
		}
		return true
	})
}

// delegate follows a defdelegate.
func (fr *frame) delegate(c *project.Clause, args []*Value) *Value {
	to := syntax.Keyword(c.Node, "to")
	if c.Node.Name != "defdelegate" || to == nil {
		return nil
	}
	name := fr.fn.Name
	if as := syntax.Keyword(c.Node, "as"); as != nil && as.Kind == syntax.Atom {
		name = as.Name
	}
	args = args[:min(len(args), len(c.Params))]
	return fr.apply(&Call{Name: fr.m.Named(to) + "." + name, Args: args, Node: c.Node, Nodes: c.Params}, fr.m.Named(to), name)
}

// shaped gives an argument the shape that a parameter's name or pattern tells: a connection or a socket.
func shaped(fr *frame, p *syntax.Node, v *Value) *Value {
	if v == nil || v.Kind == Conn || v.Kind == Socket {
		return v
	}
	kind := Unknown
	syntaxNames(p, func(n *syntax.Node) {
		switch {
		case n.Kind == syntax.Var && n.Name == "conn":
			kind = Conn
		case n.Kind == syntax.Var && n.Name == "socket":
			kind = Socket
		case n.Kind == syntax.Struct && n.Fun != nil && fr.m.Named(n.Fun) == "Plug.Conn":
			kind = Conn
		case n.Kind == syntax.Struct && n.Fun != nil && strings.HasSuffix(fr.m.Named(n.Fun), "Socket"):
			kind = Socket
		}
	})
	if kind == Unknown || v.param == nil {
		return v
	}
	out := *v
	out.Kind = kind
	out.taints = nil // nobody chooses a connection, only what is in it
	return &out
}

// syntaxNames visits what a pattern as a whole may be called: the variable itself, or both sides of =.
func syntaxNames(p *syntax.Node, visit func(*syntax.Node)) {
	if syntax.Is(p, "=") {
		for _, a := range p.Args {
			syntaxNames(a, visit)
		}
		return
	}
	visit(p)
}

// emit asks about a value at all sinks of a call.
func (fr *frame) emit(c *Call, names ...string) {
	for _, name := range names {
		for _, s := range fr.e.sinks[name] {
			var v *Value
			switch {
			case s.Of != nil:
				v = s.Of(c)
			case s.Option != "":
				v = c.Option(s.Option)
			default:
				v = c.Arg(s.Arg)
			}
			if v == nil {
				continue
			}
			c.Name, c.File, c.Func = name, fr.f, fr.fn
			fr.decide(pending{s, c, v})
		}
	}
}

// decide asks about a value at a sink: what is known is recorded, what depends on parameters waits for the callers.
func (fr *frame) decide(p pending) {
	v, s := p.value, p.sink
	if s.Judge != nil {
		var why string
		if v, why = s.Judge(v); v == nil {
			fr.e.record(s, p.call, Harmless, p.value, why, nil)
			return
		}
	}
	var worst *Taint
	waits, how := false, ""
	for _, t := range v.Taints() {
		switch {
		case !s.counts(t):
			how = t.how
		case t.Source.Kind == Param:
			waits = true
		case worst == nil || t.Source.Kind > worst.Source.Kind:
			worst = &t
		}
		if t.Source.Kind != Param && s.counts(t) {
			fr.e.count(s, p.call, t.Source)
		}
	}
	if v.param != nil && len(v.taints) == 0 && v.Kind != Conn && v.Kind != Socket {
		waits = true
	}
	if waits {
		fr.s.wait(p)
	}
	switch {
	case worst != nil:
		fr.e.record(s, p.call, Tainted, v, "", worst)
	case waits:
	case how != "":
		fr.e.record(s, p.call, Harmless, v, how, nil)
	case v.IsConst():
		fr.e.record(s, p.call, Fixed, v, "it is constant", nil)
	case v.Kind == Bounded:
		fr.e.record(s, p.call, Harmless, v, v.Why, nil)
	default:
		class, why := openParts(v, 0)
		fr.e.record(s, p.call, class, v, why, nil)
	}
}

// openParts finds which part of a value was not followed to its origin, and why.
func openParts(v *Value, depth int) (Class, string) {
	if v == nil || depth > deepest {
		return Open, "it was not followed to its origin"
	}
	if v.Kind == Joined || v.Kind == List || v.Kind == Tuple || v.Kind == Mapping {
		class, why := Fixed, "it is constant"
		for _, p := range slices.Concat(v.Parts, v.Items, v.fields, []*Value{v.elem}) {
			if p == nil || p.IsConst() {
				continue
			}
			if p.Kind == Bounded {
				if class < Harmless {
					class, why = Harmless, p.Why
				}
				continue
			}
			if c, w := openParts(p, depth+1); c > class {
				class, why = c, w
			}
		}
		if class > Fixed || v.Why == "" {
			return class, why
		}
	}
	if v.Config {
		return Operated, "it comes from the configuration"
	}
	if v.Why != "" {
		return Open, "it is " + v.Why
	}
	return Open, "it was not followed to its origin"
}

// counts says whether a taint does harm at a sink.
func (s *Sink) counts(t Taint) bool {
	if s.Needs != 0 {
		// What a caller gives may have become an atom there.
		return t.clear&Shape == 0 && (t.clear&s.Needs != 0 || t.Source.Kind == Param)
	}
	return t.clear&(s.Guard|Shape|Atom) == 0
}

// mostPending bounds how many ways to sinks a function hands to its callers.
const mostPending = 48

func (s *summary) wait(p pending) {
	key := siteKey{p.sink, p.call.File, p.call.Node.Start, p.call.Node.End}
	if s.seen[key] >= 4 || len(s.pend) >= mostPending {
		return
	}
	s.seen[key]++
	s.pend = append(s.pend, p)
}

func (e *Engine) count(s *Sink, c *Call, src *Source) {
	key := siteKey{s, c.File, c.Node.Start, c.Node.End}
	set := e.sourced[key]
	if set == nil {
		set = map[*Source]bool{}
		e.sourced[key] = set
	}
	if len(set) < 100 {
		set[src] = true
	}
}

// record keeps the worst answer for a place; of equals the first, which is that of the first file in the tree.
func (e *Engine) record(s *Sink, c *Call, class Class, v *Value, why string, t *Taint) {
	if c.File.Test() {
		return
	}
	key := siteKey{s, c.File, c.Node.Start, c.Node.End}
	old := e.hits[key]
	if old != nil {
		switch {
		case old.Class > class:
			return
		case old.Class == class && class != Tainted:
			if why < old.Why && why != "" { // any order of reading gives the same answer
				old.Why = why
			}
			return
		case old.Class == class && (t.Source.Kind < old.Source.Kind || t.Source.Kind == old.Source.Kind && (t.via.len() > old.via.len() || t.via.len() == old.via.len() && !before(t.Source.Place, old.Source.Place))):
			return
		}
	}
	h := &Hit{Sink: s, File: c.File, Node: c.Node, Func: c.Func, Nodes: c.Nodes, Class: class, Value: v, Why: why, key: key}
	if t != nil {
		h.Source, h.via, h.clear = t.Source, t.via, t.clear
	}
	e.hits[key] = h
}

func (t *trail) len() int {
	if t == nil {
		return 0
	}
	return t.length
}

func before(a, b scan.Place) bool {
	if a.File != b.File {
		return a.File < b.File
	}
	return a.Start.Offset < b.Start.Offset
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
