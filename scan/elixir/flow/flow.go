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

	cell int // of what is no sink, but keeps its value
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
	Fixed     Class = iota // constant
	Harmless               // sanitised, bounded, signed
	Unreached              // nothing in the project calls the function
	Lent                   // what the caller of a library passes
	Operated               // from the operator's configuration or environment
	Open                   // not followed to its origin
	Tainted                // from a source
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
	dispatch  *dispatch
	libraries map[*project.App]bool
	cells     []*cell
	cellOf    map[string]int
	reads     map[string]*Value // what paths into cells name, once all has been read
	anyKey    map[string]bool   // stores into which something was put under a key that is not known
	servers   map[string]*server
	handlers  map[*project.Function]*server  // the callbacks of servers and the clauses of them
	given     map[*project.Function][]*Value // what clauses are read with
	stateful  []waiting
	alone     map[*project.Function][]*project.Function // each clause as a function
	laters    map[siteKey]int
	dropped   map[siteKey]bool // places to which more leads than is followed
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
		dispatch: findDispatch(p), libraries: map[*project.App]bool{}, cellOf: map[string]int{}, anyKey: map[string]bool{},
		servers: map[string]*server{}, handlers: map[*project.Function]*server{}, given: map[*project.Function][]*Value{}, laters: map[siteKey]int{}, alone: map[*project.Function][]*project.Function{}, dropped: map[siteKey]bool{},
	}
	for _, s := range sinks {
		e.sinks[s.Call] = append(e.sinks[s.Call], s)
	}
	e.findCasts()
	e.findTemplates()
	e.findEntries()
	e.findServers()
	for _, m := range p.All() {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if m.File.Test() && !m.File.Task() {
			continue
		}
		e.guarded(m.File, func() {
			for _, fn := range m.Functions {
				if e.handlers[fn] == nil {
					e.summarise(fn)
				}
			}
			if s := e.servers[m.Name]; s != nil && s.m == m {
				for _, key := range sortedKeys(s.clauses) {
					for _, h := range s.clauses[key] {
						e.summarise(h.fn)
					}
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

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
