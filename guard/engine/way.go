package engine

import "math/bits"

// way is all that follows from a request's method and path alone.
type way struct {
	matched set   // patterns
	owed    owed  // what the plain rules of those patterns draw
	trap    int32 // the first that the path touches, or noTrap
	one     bool  // the rules draw from one group only, as nearly always
	group   uint8
	slots   uint8
}

// way is where the request stands once it is routed.
func (r *Request) way() *way {
	if r.known != nil {
		return r.known
	}
	return &r.walked
}

// owed is what a request draws: for each group of rules a byte, in which the slots are bits.
type owed [maxGroups / 8]uint64

// nothing is owed by a request that meets no rule.
var nothing owed

func (o *owed) add(group, slot uint8) { o[group>>3] |= 1 << (group&7<<3 + slot) }

// next takes the first group, and its slots, out of what is owed.
func (o *owed) next() (group, slots uint8, ok bool) {
	for w, word := range o {
		if word != 0 {
			i := bits.TrailingZeros64(word) >> 3
			o[w] = word &^ (0xFF << (i << 3))
			return uint8(w<<3 + i), uint8(word >> (i << 3)), true
		}
	}
	return 0, 0, false
}

// single gives the group that is drawn from, if it is one only.
func (o *owed) single() (group, slots uint8, ok bool) {
	for w, word := range o { // in place: a copy of words just written would wait for them
		if word == 0 {
			continue
		}
		i := bits.TrailingZeros64(word) >> 3
		if ok || word&^(0xFF<<(i<<3)) != 0 {
			return 0, 0, false
		}
		group, slots, ok = uint8(w<<3+i), uint8(word>>(i<<3)), true
	}
	return group, slots, ok
}

// crossings are found by a path's length and two of its bytes, then compared: a map costs 5 ns more. Paths that agree in
// all three share a place and are compared one after the other.
type crossings [256][]*crossing

func (cs *crossings) place(path string) *[]*crossing {
	n := len(path)
	return &cs[uint8(n)+31*path[n-1]+7*path[n/2]]
}

func (cs *crossings) find(path string) *crossing {
	if cs == nil || path == "" {
		return nil
	}
	for _, c := range *cs.place(path) {
		if c.path == path {
			return c
		}
	}
	return nil
}

// crossing is the ways of one path: of each method that makes a difference there, and of all others.
type crossing struct {
	path    string
	methods []string
	ways    []way
	other   way
}

// maxMethods bounds the table of ways; a policy that names more methods does without. HTTP has nine.
const maxMethods = 16

// learn walks each path that a pattern spells out, once for all requests to come: most of what a policy names it spells
// out, and those are the pages that are attacked.
func (p *Policy) learn() {
	if len(p.router.methods) > maxMethods {
		return
	}
	p.known = new(crossings)
	for _, path := range p.router.literals {
		c := &crossing{path: path}
		p.walk("", path, &c.other)
		for _, m := range p.router.methods {
			var w way
			if p.walk(m, path, &w); w != c.other {
				c.methods, c.ways = append(c.methods, m), append(c.ways, w)
			}
		}
		place := p.known.place(path)
		*place = append(*place, c)
	}
}

// find gives the way of a method and path, or nil where it has to be walked.
func (p *Policy) find(method, path string) *way {
	c := p.known.find(path)
	if c == nil {
		return nil
	}
	for i, m := range c.methods {
		if m == method {
			return &c.ways[i]
		}
	}
	return &c.other
}

// walk finds the way of a method and path step by step.
func (p *Policy) walk(method, path string, w *way) {
	w.trap = noTrap
	p.router.match(method, path, &w.matched)
	if len(p.traps) > 0 {
		w.trap = int32(p.lures.find(path, &w.matched))
	}
	for i := range (len(p.ruled) + 63) / 64 {
		for word := w.matched[i]; word != 0; word &= word - 1 {
			ruled := &p.ruled[i<<6|bits.TrailingZeros64(word)]
			for j := range ruled {
				w.owed[j] |= ruled[j]
			}
		}
	}
	w.group, w.slots, w.one = w.owed.single()
}
