package flow

import (
	"slices"
	"strings"

	"palisade.dev/scan/elixir/project"
)

type pending struct {
	sink  *Sink
	call  *Call
	value *Value
}

// leftOver decides what depends on the parameters of functions that no call was followed to.
func (e *Engine) leftOver() {
	var left []*project.Function
	for fn, s := range e.summaries {
		if !e.called[fn] && len(s.pend) > 0 {
			left = append(left, fn)
		}
	}
	// What is put into cells by whom nobody calls is not known, but that something is.
	for _, fn := range left {
		for _, p := range e.summaries[fn].pend {
			if p.sink.cell != 0 {
				e.cells[-1-p.sink.cell].open = true
			}
		}
	}
	for _, c := range e.cells {
		for store := range e.anyKey {
			c.open = c.open || strings.HasPrefix(c.sink.Name, store+" ")
		}
	}
	e.settle()
	r := searched(e.p, left)
	for _, fn := range left {
		class, why := e.uncalled(fn, r)
		for _, p := range e.summaries[fn].pend {
			if p.sink.cell == 0 {
				e.record(p.sink, p.call, class, p.value, why, nil)
			}
		}
	}
	for fn, s := range e.summaries {
		for _, p := range s.pend {
			key := siteKey{p.sink, p.call.File, p.call.Node.Start, p.call.Node.End}
			switch s := e.handlers[fn]; {
			case p.sink.cell != 0:
			case s != nil && s.vague:
				e.record(p.sink, p.call, Open, p.value, "some messages to "+s.m.Name+" were not followed", nil)
			case e.called[fn] && s == nil && !fn.Private && e.published(fn.File.App):
				e.record(p.sink, p.call, Lent, p.value, lent(fn), nil)
			case e.hits[key] == nil: // a place that no way up was found for is told all the same
				e.record(p.sink, p.call, Open, p.value, "its callers were not followed to the end", nil)
			}
		}
	}
	for key := range e.dropped {
		if h := e.hits[key]; h != nil && h.Class < Open {
			h.Class, h.Why = Open, "more leads there than is followed"
		}
	}
}

func lent(fn *project.Function) string {
	return "it is what the caller of this library gives to " + fn.String()
}

// uncalled is what is so of the parameters of a function that no call was followed to.
func (e *Engine) uncalled(fn *project.Function, r *reach) (Class, string) {
	parameter := "it depends on a parameter of " + fn.Short()
	if fn.Module.Node == nil || e.templates[fn] != nil {
		return Open, "it is an assign of a template, and who renders it was not found"
	}
	if e.handlers[fn] != nil {
		return Open, "it is part of a message to " + fn.Module.Name + " that was not seen to be sent"
	}
	by := e.callback(fn)
	switch {
	case by != "" && !fn.Private && slices.ContainsFunc(fn.Module.Behaviours, func(b string) bool { return compilers[b] }):
		return Harmless, sourceCode
	case by != "":
		return Open, parameter + ", which " + by + " asks for"
	case !fn.Private && e.published(fn.File.App):
		return Lent, lent(fn)
	case r.calls(fn):
		return Open, parameter + ", whose callers were not found"
	}
	return Unreached, "nothing in the project calls " + fn.String()
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
	waits, held, how := s.cell != 0 && v.holds(ofCaller, 0), v.holds(ofCell, 0), ""
	for _, t := range v.Taints() {
		switch {
		case !s.counts(t):
			how = t.how
		case t.Source.Kind == Param:
			waits = waits || t.Source.n >= 0
		case worst == nil || t.Source.Kind > worst.Source.Kind:
			worst = &t
		}
		if t.Source.Kind != Param && s.counts(t) {
			fr.e.count(s, p.call, t.Source)
		}
	}
	if v.param != nil && v.param.n >= 0 && len(v.taints) == 0 && v.Kind != Conn && v.Kind != Socket {
		waits = true
	}
	if waits && !fr.s.wait(p) {
		if s.cell != 0 {
			fr.e.cells[-1-s.cell].open = true
			return
		}
		key := siteKey{s, p.call.File, p.call.Node.Start, p.call.Node.End}
		fr.e.dropped[key] = true
		if fr.e.hits[key] == nil {
			fr.e.record(s, p.call, Open, v, "more leads there than is followed", nil)
		}
	}
	switch {
	case s.cell != 0 && waits:
		return
	case s.cell != 0:
		fr.e.put(s.cell, v)
		return
	case held && !waits:
		fr.later(p)
		if worst == nil {
			return
		}
	}
	if worst != nil {
		fr.e.record(s, p.call, Tainted, v, "", worst)
		return
	}
	if waits {
		return
	}
	class, why := openParts(v, s.Guard, 0)
	if class <= Harmless && how != "" {
		class, why = Harmless, how
	}
	fr.e.record(s, p.call, class, v, why, nil)
}

// waiting is a sink that what is in a cell decides about.
type waiting struct {
	fr *frame
	p  pending
}

// later keeps a sink until all has been read that may be in the cells.
func (fr *frame) later(p pending) {
	key := siteKey{p.sink, p.call.File, p.call.Node.Start, p.call.Node.End}
	if fr.e.laters[key]++; fr.e.laters[key] > mostPending {
		fr.e.dropped[key] = true
		return
	}
	in := *fr
	in.s = &summary{seen: map[siteKey]int{}}
	fr.e.stateful = append(fr.e.stateful, waiting{&in, p})
}

// openParts finds which part of a value decides about it, and why. What has taints is left to them.
func openParts(v *Value, g Guard, depth int) (Class, string) {
	switch {
	case v == nil || depth > deepest:
		return Open, lostTrack
	case v.IsConst():
		return Fixed, "it is constant"
	case v.Kind == Bounded:
		return Harmless, v.Why
	case v.Kind == Joined || v.Kind == List || v.Kind == Tuple || v.Kind == Mapping:
		class, why := Fixed, "it is constant"
		for i, p := range slices.Concat(v.Parts, v.Items, v.fields, []*Value{v.elem}) {
			if at := i - len(v.Parts) - len(v.Items); p == nil || at >= 0 && at < len(v.keys) && strings.HasPrefix(v.keys[at], "%") {
				continue
			}
			if c, w := openParts(p, g, depth+1); c > class {
				class, why = c, w
			}
		}
		switch {
		case class == Open || v.Why == "" && !v.partly:
			return class, why
		case v.Config && class < Operated:
			return Operated, byOperator
		case len(v.taints) > 0 && !v.partly:
			return max(class, Harmless), why
		}
	case v.safe&g != 0:
		return Harmless, "it was made harmless on its way"
	case v.Config:
		return Operated, byOperator
	case len(v.taints) > 0 && !v.partly:
		return Harmless, "it was made harmless on its way"
	}
	if v.Why != "" {
		return Open, "it is " + v.Why
	}
	return Open, lostTrack
}

// whatOf is what a value is, out of the words that say why it decides.
func whatOf(why string) string {
	return strings.TrimPrefix(strings.TrimPrefix(why, "it is "), lostTrack)
}

const (
	lostTrack  = "it was not followed to its origin"
	byOperator = "it comes from the configuration"
)

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

// wait hands a sink to the callers. It says whether there was room for it.
func (s *summary) wait(p pending) bool {
	key := siteKey{p.sink, p.call.File, p.call.Node.Start, p.call.Node.End}
	if s.seen[key] >= 6 || len(s.pend) >= mostPending {
		return false
	}
	s.seen[key]++
	s.pend = append(s.pend, p)
	return true
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
