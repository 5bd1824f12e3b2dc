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
