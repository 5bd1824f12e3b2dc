package flow

import (
	"go/ast"
	"slices"

	"palisade.dev/scan/golang/project"
)

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
