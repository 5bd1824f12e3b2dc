package engine

import "math/bits"

// way is all that follows from a request's method and path alone.
type way struct {
	matched set  // patterns
	owed    owed // what the plain rules of those patterns draw
	trap    int  // the first that the path touches, or noTrap
}

// owed is what a request draws: for each group of rules a byte, in which the slots are bits.
type owed [maxGroups / 8]uint64

// nothing is owed by a request that meets no rule.
var nothing owed

func (o *owed) add(group, slot uint8) { o[group>>3] |= 1 << (group&7<<3 + slot) }

// next takes the first group, and its slots, out of what is owed.
func (o *owed) next() (group int, slots uint8, ok bool) {
	for w, word := range o {
		if word != 0 {
			i := bits.TrailingZeros64(word) >> 3
			o[w] = word &^ (0xFF << (i << 3))
			return w<<3 + i, uint8(word >> (i << 3)), true
		}
	}
	return 0, 0, false
}

// crossing is the ways of one path: of each method that makes a difference there, and of all others.
type crossing struct {
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
	p.known = make(map[string]*crossing, len(p.router.literals))
	for _, path := range p.router.literals {
		c := new(crossing)
		p.walk("", path, &c.other)
		for _, m := range p.router.methods {
			var w way
			if p.walk(m, path, &w); w != c.other {
				c.methods, c.ways = append(c.methods, m), append(c.ways, w)
			}
		}
		p.known[path] = c
	}
}

// find gives the way of a method and path: a known one, or walked.
func (p *Policy) find(method, path string, w *way) {
	c, ok := p.known[path]
	if !ok {
		p.walk(method, path, w)
		return
	}
	for i, m := range c.methods {
		if m == method {
			*w = c.ways[i]
			return
		}
	}
	*w = c.other
}

// walk finds the way of a method and path step by step.
func (p *Policy) walk(method, path string, w *way) {
	w.trap = noTrap
	p.router.match(method, path, &w.matched)
	if len(p.traps) > 0 {
		w.trap = p.lures.find(path, &w.matched)
	}
	for i := range (len(p.ruled) + 63) / 64 {
		for word := w.matched[i]; word != 0; word &= word - 1 {
			ruled := &p.ruled[i<<6|bits.TrailingZeros64(word)]
			for j := range ruled {
				w.owed[j] |= ruled[j]
			}
		}
	}
}
