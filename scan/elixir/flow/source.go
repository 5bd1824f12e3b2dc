package flow

import (
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// Level is who controls a source.
type Level uint8

// The levels, the most trusted first.
const (
	Param  Level = iota // whoever calls the function: decided at the callers
	Record              // what was stored: a second step for an attacker
	Job                 // the arguments of a background job
	Event               // the browser of one person, in events of a LiveView or channel
	Request
)

// Source is where a value comes from.
type Source struct {
	Kind  Level
	What  string // "parameters of the request"
	Place scan.Place
	Text  string

	Cast bool // of a Record: a changeset takes it from parameters

	n    int // of Param
	path []string
}

func (s *Source) same(o *Source) bool {
	return s == o || s.Kind == o.Kind && s.n == o.n && s.Place == o.Place && s.What == o.What && slices.Equal(s.path, o.path)
}

// trail is the way from a source, the last step first.
type trail struct {
	before *trail
	file   *project.File
	node   *syntax.Node
	note   string
	length int
}

// longest is how many steps of a way are told.
const longest = 14

func (t *trail) then(f *project.File, n *syntax.Node, note string) *trail {
	if t != nil {
		if t.length >= longest || t.file == f && t.node.Start == n.Start && t.note == note {
			return t
		}
		return &trail{t, f, n, note, t.length + 1}
	}
	return &trail{nil, f, n, note, 1}
}

// append puts another way behind this one.
func (t *trail) append(more *trail) *trail {
	switch {
	case more == nil || t != nil && t.length >= longest:
		return t
	case t == nil:
		return more
	}
	var room [longest]*trail
	steps := room[:0]
	for s := more; s != nil; s = s.before {
		steps = append(steps, s)
	}
	for i := len(steps) - 1; i >= 0; i-- {
		t = t.then(steps[i].file, steps[i].node, steps[i].note)
	}
	return t
}

func (t *trail) steps() []scan.Step {
	var steps []scan.Step
	for s := t; s != nil; s = s.before {
		steps = append(steps, step(s.file, s.node, s.note))
	}
	slices.Reverse(steps)
	return steps
}

// widest is how much of the source a step shows.
const widest = 120

func step(f *project.File, n *syntax.Node, note string) scan.Step {
	text := oneLine(f.Text(n))
	place := f.Place(n)
	place.Symbol = f.Symbol(n)
	return scan.Step{Place: place, Text: text, Note: note}
}

func oneLine(text string) string {
	out := make([]rune, 0, widest)
	blank := false
	for _, r := range text {
		if r == '\n' || r == '\t' || r == ' ' || r == '\r' {
			blank = true
			continue
		}
		if blank && len(out) > 0 {
			out = append(out, ' ')
		}
		blank = false
		if len(out) >= widest {
			return string(out) + "…"
		}
		out = append(out, r)
	}
	return string(out)
}

// stepped adds a step to the way of every taint of a value. It is told only where the value moves to another line.
func (v *Value) stepped(f *project.File, n *syntax.Node, note string) *Value {
	return v.steppedBelow(f, n, note, 0)
}

func (v *Value) steppedBelow(f *project.File, n *syntax.Node, note string, depth int) *Value {
	if v == nil || depth > 2 || v.Kind == Conn || v.Kind == Socket || v.Kind == Constant || v.Kind == Bounded {
		return v
	}
	out := *v
	changed := false
	if len(v.taints) > 0 {
		out.taints = slices.Clone(v.taints)
		for i := range out.taints {
			out.taints[i].via = out.taints[i].via.then(f, n, note)
		}
		changed = true
	}
	each := func(vs []*Value) []*Value {
		var copied []*Value
		for i, p := range vs {
			q := p.steppedBelow(f, n, note, depth+1)
			if q != p && copied == nil {
				copied = slices.Clone(vs)
				changed = true
			}
			if copied != nil {
				copied[i] = q
			}
		}
		if copied == nil {
			return vs
		}
		return copied
	}
	out.Parts, out.Items, out.fields = each(v.Parts), each(v.Items), each(v.fields)
	if e := v.elem.steppedBelow(f, n, note, depth+1); e != v.elem {
		out.elem, changed = e, true
	}
	if !changed {
		return v
	}
	return &out
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
