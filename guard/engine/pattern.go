package engine

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// maxPatterns bounds the distinct route patterns of one policy. 512 is a bitset of one cache line; the largest site
// file we know has about sixty.
const maxPatterns = 512

// set is which patterns a request matched.
type set [maxPatterns / 64]uint64

func (s *set) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s *set) has(i int) bool { return s[i>>6]>>(i&63)&1 == 1 }

func (s *set) overlaps(o *set) bool {
	for i := range s {
		if s[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// each calls f with every member in ascending order until it returns false.
func (s *set) each(f func(int) bool) {
	for w, word := range s {
		for word != 0 {
			if !f(w<<6 | bits.TrailingZeros64(word)) {
				return
			}
			word &= word - 1
		}
	}
}

// Pattern is a route as people write it: methods and a path template. In a path `*` is one segment, `**` (last) is
// the rest, also none; a star inside a segment stands for any run of characters: `/api/v*/login`.
type Pattern struct {
	Text    string
	methods []string // empty: any
	path    string   // "" means every path
}

// ParsePattern reads "POST /users/log_in", "GET,HEAD /api/**", "/login" (any method) or "*".
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{Text: text}
	bad := func(why string) (Pattern, error) {
		return Pattern{}, fmt.Errorf("route %q: %s; want something like \"POST /users/log_in\", \"/api/**\" or \"*\"", text, why)
	}
	if len(text) > 1024 {
		return Pattern{}, fmt.Errorf("route pattern of %d bytes: at most 1024", len(text))
	}
	f := strings.Fields(text)
	switch len(f) {
	case 1:
		p.path = f[0]
	case 2:
		p.path = f[1]
		if f[0] != "*" {
			p.methods = strings.Split(f[0], ",")
			for _, m := range p.methods {
				if m == "" || strings.ToUpper(m) != m || strings.ContainsAny(m, "/*") {
					return bad("methods are upper-case words parted by commas")
				}
			}
		}
	default:
		return bad("it has " + fmt.Sprint(len(f)) + " words")
	}
	if p.path == "*" {
		p.path = ""
		return p, nil
	}
	if !strings.HasPrefix(p.path, "/") {
		return bad("a path begins with /")
	}
	if strings.ContainsAny(p.path, "?#") {
		return bad("a path holds no query")
	}
	segments := strings.Split(p.path[1:], "/")
	for i, s := range segments {
		if strings.Contains(s, "**") && (s != "**" || i != len(segments)-1) {
			return bad("** stands alone, as the last segment")
		}
	}
	if len(p.path) > 1 {
		p.path = strings.TrimSuffix(p.path, "/")
	}
	return p, nil
}

// specific is how many characters of the pattern are literal: the most specific match names the route.
func (p Pattern) specific() int {
	n := len(p.path) - 3*strings.Count(p.path, "*")
	if len(p.methods) > 0 {
		n++
	}
	return n
}

// router finds all patterns that a request matches, in one walk.
type router struct {
	root     node
	patterns []Pattern
	every    []leaf   // patterns of every path
	literals []string // paths without a star, as a request shows them
	methods  []string // those that some pattern names
	fold     bool
}

type node struct {
	few     []child // literal segments, while they are few: comparing a handful is faster than hashing one
	literal map[string]*node
	globs   []glob
	star    *node
	end     []leaf
	rest    []leaf
}

type child struct {
	text string
	node *node
}

const fewChildren = 6

// next gives the node of a literal segment, or nil.
func (n *node) next(segment string) *node {
	for i := range n.few {
		if n.few[i].text == segment {
			return n.few[i].node
		}
	}
	if n.literal == nil {
		return nil
	}
	return n.literal[segment]
}

// grow gives the node of a literal segment, a new one where there is none.
func (n *node) grow(segment string) *node {
	next := n.next(segment)
	if next != nil {
		return next
	}
	next = &node{}
	switch {
	case n.literal != nil:
		n.literal[segment] = next
	case len(n.few) < fewChildren:
		n.few = append(n.few, child{segment, next})
	default:
		n.literal = map[string]*node{segment: next}
		for _, c := range n.few {
			n.literal[c.text] = c.node
		}
		n.few = nil
	}
	return next
}

type glob struct {
	text string
	node *node
}

type leaf struct {
	methods []string
	id      int
}

// addNamed makes one number for several patterns.
func (r *router) addNamed(name string, patterns []Pattern) (int, error) {
	if r.named(name) >= 0 {
		return 0, fmt.Errorf("the name %s is taken by another route", name)
	}
	if strings.ContainsAny(name, " /*,") || len(name) > 64 {
		return 0, fmt.Errorf("name %q: want a word", name)
	}
	id := len(r.patterns)
	if id == maxPatterns {
		return 0, fmt.Errorf("a policy holds at most %d route patterns", maxPatterns)
	}
	r.patterns = append(r.patterns, Pattern{Text: name})
	for _, p := range patterns {
		r.insert(p, id)
	}
	return id, nil
}

func (r *router) named(name string) int {
	for i := range r.patterns {
		if r.patterns[i].Text == name {
			return i
		}
	}
	return -1
}

// add gives the pattern its number, the same for the same text.
func (r *router) add(p Pattern) (int, error) {
	for i, known := range r.patterns {
		if known.Text == p.Text {
			return i, nil
		}
	}
	id := len(r.patterns)
	if id == maxPatterns {
		return 0, fmt.Errorf("route %q is the %dth pattern: a policy holds at most %d", p.Text, id+1, maxPatterns)
	}
	r.patterns = append(r.patterns, p)
	r.insert(p, id)
	return id, nil
}

func (r *router) insert(p Pattern, id int) {
	l := leaf{p.methods, id}
	for _, m := range p.methods {
		r.methods = with(r.methods, m)
		if m == "GET" {
			r.methods = with(r.methods, "HEAD")
		}
	}
	if p.path == "" {
		r.every = append(r.every, l)
		return
	}
	n := &r.root
	path := p.path
	if r.fold {
		path = strings.ToLower(path)
	}
	if !strings.Contains(path, "*") {
		r.literals = with(r.literals, path)
	}
	for s := range strings.SplitSeq(path[1:], "/") {
		switch {
		case s == "**":
			n.rest = append(n.rest, l)
			return
		case s == "*":
			if n.star == nil {
				n.star = &node{}
			}
			n = n.star
		case strings.Contains(s, "*"):
			n = n.glob(s)
		default:
			n = n.grow(s)
		}
	}
	n.end = append(n.end, l)
}

// with adds a word to a set of few.
func with(words []string, w string) []string {
	if slices.Contains(words, w) {
		return words
	}
	return append(words, w)
}

func (n *node) glob(text string) *node {
	for _, g := range n.globs {
		if g.text == text {
			return g.node
		}
	}
	next := &node{}
	n.globs = append(n.globs, glob{text, next})
	return next
}

// match adds to found every pattern that method and path (normalised, beginning with /) match.
func (r *router) match(method, path string, found *set) {
	take(r.every, method, found)
	if len(path) == 0 || path[0] != '/' {
		return
	}
	r.root.match(method, path[1:], true, found)
}

func take(leaves []leaf, method string, found *set) {
next:
	for i := range leaves {
		l := &leaves[i]
		if len(l.methods) == 0 {
			found.add(l.id)
			continue
		}
		for _, m := range l.methods {
			// A HEAD is answered by the handler of GET, so what guards GET guards HEAD.
			if m == method || m == "GET" && method == "HEAD" {
				found.add(l.id)
				continue next
			}
		}
	}
}

// match walks the rest of a path. The walk branches only where patterns do, so its cost is bounded by their number.
func (n *node) match(method, rest string, more bool, found *set) {
	for {
		take(n.rest, method, found)
		if !more {
			take(n.end, method, found)
			return
		}
		segment, tail, again := rest, "", false
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			segment, tail, again = rest[:i], rest[i+1:], true
		}
		for i := range n.globs {
			if Glob(n.globs[i].text, segment) {
				n.globs[i].node.match(method, tail, again, found)
			}
		}
		if n.star != nil && segment != "" {
			n.star.match(method, tail, again, found)
		}
		if n = n.next(segment); n == nil {
			return
		}
		rest, more = tail, again
	}
}

// Glob reports whether s matches a text in which each star stands for any run of characters. It takes time in
// proportion to the product of both lengths at worst, and allocates nothing.
func Glob(text, s string) bool {
	t, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case t < len(text) && text[t] == '*':
			star, mark = t, i
			t++
		case t < len(text) && text[t] == s[i]:
			t++
			i++
		case star >= 0:
			mark++
			t, i = star+1, mark
		default:
			return false
		}
	}
	for t < len(text) && text[t] == '*' {
		t++
	}
	return t == len(text)
}
