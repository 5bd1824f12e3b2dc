// Package flow follows what clients send through Go code: from a request to a place where it does harm, through
// assignments, calls within the project and methods behind its interfaces. It walks the syntax in the order in which it
// runs, so that what was replaced or proven on the way counts, and needs types only as far as they are known.
//
// What it does not follow: package variables, channels, values kept in a struct from one method to the next, and a
// function called through a variable.
package flow

import (
	"cmp"
	"context"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang/project"
)

// Spec says what must not reach where, for one check.
type Spec struct {
	Sinks  []Sink
	Clears []string // functions whose results are harmless here, whatever goes in
	Guards []string // functions that say yes only to what is harmless here
	Denies []string // functions that say yes to what is harmful here
	Ignore []string // sources that cannot do this harm
	Only   []string // fields that are sources for this check alone, and its only ones: archive/tar.Header.Name
	Host   bool     // a URL is harmless once its host was set to something of ours

	// Cleans says of a call whether its result is harmless, where that takes more than its name.
	Cleans func(name string, c *Call) bool

	// Proves says of a call in a condition whether its answer shows that what it was asked about is harmless.
	Proves func(name string, c *Call, yes bool) bool

	// Prefix says whether a text that begins in this way is harmless whatever follows. Parts that do not come from a
	// client and are not known appear as a NUL.
	Prefix func(text string) bool
}

// Sink is an argument of a function where harm is done.
type Sink struct {
	Func string
	Args []int // from 0; -1 is the receiver
	Rest bool  // the last of Args stands for all behind it too
	When func(p *Call) bool
	Note string // for people: "runs as SQL"
}

// Call is a call as a sink's condition sees it.
type Call struct {
	Project *project.Project
	Package *project.Package
	File    *project.File
	Func    ast.Node // the function around it, a declaration or a literal
	*ast.CallExpr
}

// Hit is a flow from a source to a sink.
type Hit struct {
	Kind   int
	Sink   Sink
	Call   *ast.CallExpr
	Arg    ast.Expr
	File   *project.File
	Func   ast.Node
	Source Source
	Steps  []scan.Step
}

// Source is where a client's words come in.
type Source struct {
	Name string // net/http.Request.URL
	Note string
	File *project.File
	Node ast.Node
}

// mark is one reason for a value to be suspect: a source, or a parameter of the function at hand.
type mark struct {
	source *Source
	slot          // without a source
	loose  bool   // something made of the parameter, whose fields are not the parameter's
	safe   uint64 // kinds for which it was made harmless
	trail  *trail
}

// slot is a parameter, or a field within it: 0 is the receiver. Of a result it is the index.
type slot struct {
	param int
	path  string
}

type trail struct {
	before *trail
	file   *project.File
	node   ast.Node
	note   string
	length int
}

// Flows worth reading are shorter; what is longer is cut at its middle stations.
const longestTrail = 14

func (t *trail) add(f *project.File, n ast.Node, note string) *trail {
	length := 1
	if t != nil {
		length = t.length + 1
	}
	if length > longestTrail {
		return t
	}
	return &trail{t, f, n, note, length}
}

// value is what is known of an expression: nothing is harmless. Marks are few: one for each source and parameter.
type value []mark

const mostMarks = 8

func join(a, b value) value {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := slices.Clone(a)
next:
	for _, m := range b {
		for i := range out {
			if same(out[i], m) {
				// The shorter way stays. What either way leaves harmful is harmful.
				both := out[i].safe & m.safe
				if m.safe != both && out[i].safe == both {
					continue next
				}
				if out[i].safe != both || m.trail.len() < out[i].trail.len() {
					out[i].trail = m.trail
				}
				out[i].safe = both
				continue next
			}
		}
		if len(out) < mostMarks {
			out = append(out, m)
		}
	}
	return out
}

func (t *trail) len() int {
	if t == nil {
		return 0
	}
	return t.length
}

func same(a, b mark) bool {
	if a.source == nil || b.source == nil {
		return a.source == b.source && a.slot == b.slot
	}
	return a.source.Node == b.source.Node
}

func (v value) cleared(kinds uint64) value {
	if len(v) == 0 || kinds == 0 {
		return v
	}
	out := slices.Clone(v)
	for i := range out {
		out[i].safe |= kinds
	}
	return out
}

func (v value) through(f *project.File, n ast.Node, note string) value {
	if len(v) == 0 {
		return v
	}
	out := slices.Clone(v)
	for i := range out {
		out[i].trail = out[i].trail.add(f, n, note)
	}
	return out
}

// summary is what callers have to know of a function.
type summary struct {
	results []value
	parts   map[slot]value // of results, by field where that is known
	sinks   []reached
	writes  map[slot]value // what is written through a parameter
}

// reached says that a parameter goes into a sink.
type reached struct {
	slot
	kind  int
	sink  Sink
	call  *ast.CallExpr
	arg   ast.Expr
	file  *project.File
	fn    ast.Node
	safe  uint64
	trail *trail
}

const mostReached = 64

type engine struct {
	ctx       context.Context
	p         *project.Project
	specs     []Spec
	sinks     map[string][]int // kinds that have sinks of this name
	clears    map[string]uint64
	own       map[string]uint64 // kinds by the sources that are theirs alone
	host      uint64
	guards    map[string]uint64
	denies    map[string]uint64
	summaries map[*types.Func]*summary
	methods   map[string][]*types.Func // of the project, by name, for what an interface may hold
	impls     map[*types.Func][]*types.Func
	hits      map[hitKey]*Hit
	depth     int
}

type hitKey struct {
	call *ast.CallExpr
	kind int
}

// Run follows everything through a project, once for all kinds of harm. A kind is the index of its spec; there may be 64.
func Run(ctx context.Context, p *project.Project, specs []Spec) []Hit {
	e := &engine{
		ctx: ctx, p: p, specs: specs, sinks: map[string][]int{}, clears: map[string]uint64{}, own: map[string]uint64{}, guards: map[string]uint64{}, denies: map[string]uint64{},
		summaries: map[*types.Func]*summary{}, methods: map[string][]*types.Func{}, impls: map[*types.Func][]*types.Func{}, hits: map[hitKey]*Hit{},
	}
	for kind, s := range specs {
		for _, sink := range s.Sinks {
			if list := e.sinks[sink.Func]; !slices.Contains(list, kind) {
				e.sinks[sink.Func] = append(list, kind)
			}
		}
		for _, name := range s.Only {
			e.own[name] |= 1 << kind
		}
		if s.Host {
			e.host |= 1 << kind
		}
		for names, table := range map[*[]string]map[string]uint64{&s.Clears: e.clears, &s.Guards: e.guards, &s.Denies: e.denies} {
			for _, name := range *names {
				table[name] |= 1 << kind
			}
		}
	}
	var all []*project.Func
	for _, pkg := range p.Packages {
		for _, f := range pkg.Files {
			for _, d := range f.AST.Decls {
				if fd, ok := d.(*ast.FuncDecl); ok {
					if o, ok := pkg.Info.Defs[fd.Name].(*types.Func); ok && fd.Body != nil {
						all = append(all, &project.Func{Decl: fd, File: f, Obj: o})
						if fd.Recv != nil {
							e.methods[fd.Name.Name] = append(e.methods[fd.Name.Name], o)
						}
					}
				}
			}
		}
	}
	for _, f := range all {
		if ctx.Err() != nil {
			break
		}
		e.summary(f.Obj)
	}
	// Handlers also stand in package variables: var routes = []Route{{"/", func(w, r) {…}}}.
	for _, pkg := range p.Packages {
		for _, f := range pkg.Files {
			for _, d := range f.AST.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR && ctx.Err() == nil {
					w := &walker{engine: e, file: f, pkg: pkg, env: env{}, out: &summary{writes: map[slot]value{}, parts: map[slot]value{}}, fn: g}
					for _, s := range g.Specs {
						for _, x := range s.(*ast.ValueSpec).Values {
							w.eval(x)
						}
					}
				}
			}
		}
	}
	var hits []Hit
	for _, h := range e.hits {
		hits = append(hits, *h)
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Call.Pos(), b.Call.Pos()), cmp.Compare(a.Kind, b.Kind))
	})
	return hits
}

// summary gives that of a function, walking it first if need be. One that calls itself is taken as harmless within.
func (e *engine) summary(o *types.Func) *summary {
	o = o.Origin()
	if s := e.summaries[o]; s != nil {
		return s
	}
	out := &summary{writes: map[slot]value{}, parts: map[slot]value{}}
	f := e.p.Func(o)
	if f == nil || e.depth > 400 {
		return out
	}
	e.summaries[o] = out
	e.depth++
	defer func() { e.depth-- }()
	w := &walker{engine: e, file: f.File, pkg: f.File.Package, env: env{}, out: out, fn: f.Decl, params: map[types.Object]int{}}
	sig := o.Signature()
	n := 0
	bind := func(fields *ast.FieldList) {
		if fields == nil {
			return
		}
		for _, field := range fields.List {
			if len(field.Names) == 0 {
				n++
			}
			for _, name := range field.Names {
				if p := w.pkg.Info.Defs[name]; p != nil {
					w.params[p] = n
					w.entry(p, n, name)
				}
				n++
			}
		}
	}
	if bind(f.Decl.Recv); f.Decl.Recv == nil {
		n = 1 // 0 is the receiver's place
	}
	bind(f.Decl.Type.Params)
	out.results = make([]value, sig.Results().Len())
	w.signature = sig
	w.named(f.Decl.Type.Results)
	w.block(f.Decl.Body.List)
	w.leave()
	return out
}

// reach takes a value that arrives at a sink: a source is a hit, a parameter is the callers' to know.
func (w *walker) reach(v value, r reached) {
	for _, m := range v {
		safe := m.safe | r.safe
		if safe&(1<<r.kind) != 0 {
			continue
		}
		if m.source == nil {
			if len(w.out.sinks) < mostReached && w.params != nil && !slices.ContainsFunc(w.out.sinks, func(o reached) bool {
				return o.slot == m.slot && o.kind == r.kind && o.call == r.call
			}) {
				r := r
				r.slot, r.safe, r.trail = m.slot, safe, onto(m.trail, r.trail)
				w.out.sinks = append(w.out.sinks, r)
			}
			continue
		}
		if slices.Contains(w.specs[r.kind].Ignore, m.source.Name) || !w.counts(m.source.Name, r.kind) {
			continue
		}
		key := hitKey{r.call, r.kind}
		steps := onto(m.trail, r.trail)
		if old := w.hits[key]; old != nil && len(old.Steps) <= steps.len()+2 {
			continue
		}
		w.hits[key] = &Hit{Kind: r.kind, Sink: r.sink, Call: r.call, Arg: r.arg, File: r.file, Func: r.fn, Source: *m.source, Steps: m.source.steps(steps, r)}
	}
}

// counts says whether a source is one of those that a kind of harm comes from.
func (e *engine) counts(source string, kind int) bool {
	if own := e.own[source]; own != 0 {
		return own&(1<<kind) != 0
	}
	return len(e.specs[kind].Only) == 0
}

// cleans are the kinds for which the result of a call is harmless.
func (w *walker) cleans(name string, call *ast.CallExpr) uint64 {
	kinds := w.clears[name]
	for kind, s := range w.specs {
		if s.Cleans != nil && s.Cleans(name, &Call{w.p, w.pkg, w.file, w.fn, call}) {
			kinds |= 1 << kind
		}
	}
	return kinds
}

// onto puts a way behind another.
func onto(first, then *trail) *trail {
	var list []*trail
	for t := then; t != nil; t = t.before {
		list = append(list, t)
	}
	for _, t := range slices.Backward(list) {
		first = first.add(t.file, t.node, t.note)
	}
	return first
}

func (s *Source) steps(t *trail, r reached) []scan.Step {
	var list []scan.Step
	for ; t != nil; t = t.before {
		list = append(list, step(t.file, t.node, t.note))
	}
	list = append(list, step(s.File, s.Node, s.Note))
	slices.Reverse(list)
	return append(list, step(r.file, r.call, r.sink.Note))
}

// A step shows a line, as a finding's own lines are shown beside it.
const longestStep = 120

func step(f *project.File, n ast.Node, note string) scan.Step {
	text := strings.Join(strings.Fields(f.Text(n)), " ")
	if len(text) > longestStep {
		text = strings.ToValidUTF8(text[:longestStep], "") + "…"
	}
	return scan.Step{Place: f.Place(n), Text: text, Note: note}
}
