package syntax

import "sync"

// desk is what a reader works on and hands to the next one. Tokens and the like are needed while one file is read; of nodes
// and of the links between them, which stay with the tree, it is the room that is left. An application has a thousand files:
// room made anew for each took more memory than all their trees.
type desk struct {
	toks    []token
	open    []int32 // brackets not yet closed, as indices of tokens
	quotes  []quote
	parts   []part
	pending []part  // parts of quotes still being read
	stack   []*Node // operands of nodes still being read

	slab  []Node
	links []*Node
}

const (
	slabSize  = 1024
	linkSize  = 2048
	mostKept  = 1 << 16 // tokens of a desk that is handed on: those of a file of 200 kB
	firstDesk = 1 << 12
)

var desks = sync.Pool{New: func() any { return &desk{toks: make([]token, 0, firstDesk)} }}

// leave clears the desk for the next reader. Nothing of it but nodes and links is in the tree.
func (d *desk) leave() {
	if cap(d.toks) > mostKept {
		return
	}
	d.toks, d.open, d.quotes = d.toks[:0], d.open[:0], d.quotes[:0]
	d.parts, d.pending, d.stack = d.parts[:0], d.pending[:0], d.stack[:0]
	d.slab, d.links = d.slab[len(d.slab):], d.links[len(d.links):]
	desks.Put(d)
}
