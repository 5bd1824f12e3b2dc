package flow

import (
	"go/types"
	"slices"
	"strings"
)

// place is a variable, or a field within it: {order, "Customer.Name"}. Elements of slices and maps are the whole.
type place struct {
	root types.Object
	path string
}

// env is what is suspect at a point of the walk. What is not in it is harmless; an empty value stands for a part that was
// made harmless while the whole is not.
type env map[place]value

func (e env) get(p place) value {
	for q := p; ; {
		if v, ok := e[q]; ok {
			return v.field(strings.TrimPrefix(strings.TrimPrefix(p.path, q.path), "."))
		}
		if q.path == "" {
			break
		}
		q.path = parent(q.path)
	}
	return nil
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return ""
}

// Fields of fields of fields are told apart no further.
const deepestPath = 3

// field is what is known of a field of a value: that of a parameter is the callers' to say.
func (v value) field(path string) value {
	if path == "" || !slices.ContainsFunc(v, func(m mark) bool { return m.source == nil && !m.loose }) {
		return v
	}
	out := slices.Clone(v)
	for i, m := range out {
		if m.source == nil && !m.loose {
			out[i].path = strings.TrimPrefix(m.path+"."+path, ".")
			if strings.Count(out[i].path, ".") >= deepestPath {
				out[i].path, out[i].loose = m.path, true
			}
		}
	}
	return out
}

// made says of a value that it was made of what went in.
func (v value) made() value {
	if !slices.ContainsFunc(v, func(m mark) bool { return m.source == nil && !m.loose }) {
		return v
	}
	out := slices.Clone(v)
	for i := range out {
		out[i].loose = out[i].source == nil
	}
	return out
}

// whole is what is known of a place and of everything in it.
func (e env) whole(p place) value {
	v := e.get(p)
	var parts []place
	for q := range e {
		if q.root == p.root && q.path != p.path && (p.path == "" || strings.HasPrefix(q.path, p.path+".")) {
			parts = append(parts, q)
		}
	}
	slices.SortFunc(parts, func(a, b place) int { return strings.Compare(a.path, b.path) })
	for _, q := range parts {
		v = join(v, e[q])
	}
	return v
}

func (e env) set(p place, v value) {
	for q := range e {
		if q.root == p.root && (p.path == "" || strings.HasPrefix(q.path, p.path+".")) {
			delete(e, q)
		}
	}
	if len(v) == 0 && (p.path == "" || len(e.get(p)) == 0) {
		delete(e, p)
		return
	}
	e[p] = v
}

// meet joins what is known at the ends of two ways.
func (e env) meet(other env) {
	for p, v := range other {
		if mine, ok := e[p]; ok {
			e[p] = join(mine, v)
		} else {
			e[p] = join(e.get(p), v)
		}
	}
	for p, v := range e {
		if _, ok := other[p]; !ok && p.path != "" {
			e[p] = join(v, other.get(p))
		}
	}
}

func (p place) in(field string) place {
	if field == "" {
		return p
	}
	if p.path == "" {
		return place{p.root, field}
	}
	return place{p.root, p.path + "." + field}
}

// knows says whether anything was noted of a place, or of what it is a part of.
func (e env) knows(p place) bool {
	for q := range e {
		if q.root == p.root && (q.path == "" || p.path == "" || q.path == p.path || strings.HasPrefix(p.path, q.path+".") || strings.HasPrefix(q.path, p.path+".")) {
			return true
		}
	}
	return false
}
