package syntax

import "fmt"

// Nodes and the lists of them are made here and nowhere else, so that the bounds of a tree are kept.

// make makes a node. Start and end are offsets in the source, counted from where it begins.
func (r *reader) make(k Kind, line, start, end int32, name string, fun *Node, args []*Node) *Node {
	if r.nodes++; r.nodes > r.opt.MaxNodes {
		r.exhaust(int(start), fmt.Sprintf("at most %d nodes", r.opt.MaxNodes)) // which ends the next expression
	}
	var height uint16
	if fun != nil {
		height = fun.height
	}
	for _, a := range args {
		height = max(height, a.height)
	}
	if height++; int(height) > r.opt.MaxDepth && k != Block { // a block stands at the top, where nothing can fail
		r.tooDeep()
	}
	if len(r.slab) == cap(r.slab) {
		r.slab = make([]Node, 0, slabSize)
	}
	at := int32(r.opt.At.Offset)
	r.slab = append(r.slab, Node{
		Kind: k, height: height, Line: line + int32(r.opt.At.Line), Start: start + at, End: end + at, Name: name, Fun: fun, Args: args,
	})
	return &r.slab[len(r.slab)-1]
}

func (r *reader) tooDeep() {
	r.missAt(r.cur(), fmt.Sprintf("at most %d levels", r.opt.MaxDepth))
	panic(failure{})
}

func (r *reader) leaf(k Kind, t *token, name string) *Node {
	return r.make(k, t.line, t.start, t.end, name, nil, nil)
}

func (r *reader) lineIndex(n *Node) int32 { return n.Line - int32(r.opt.At.Line) }

// begin and end are a node's place in the source itself.
func (r *reader) begin(n *Node) int32 { return n.Start - int32(r.opt.At.Offset) }
func (r *reader) end(n *Node) int32   { return n.End - int32(r.opt.At.Offset) }

// behind is where the token before ended.
func (r *reader) behind() int32 { return r.toks[r.pos-1].end }

func (r *reader) push(n *Node) { r.stack = append(r.stack, n) }

// take makes a list of what was pushed since base.
func (r *reader) take(base int) []*Node {
	n := len(r.stack) - base
	if n == 0 {
		return nil
	}
	if len(r.links)+n > cap(r.links) {
		r.links = make([]*Node, 0, max(n, linkSize))
	}
	from := len(r.links)
	r.links = append(r.links, r.stack[base:]...)
	r.stack = r.stack[:base]
	return r.links[from:len(r.links):len(r.links)]
}

func (r *reader) two(a, b *Node) []*Node {
	base := len(r.stack)
	r.push(a)
	r.push(b)
	return r.take(base)
}

func (r *reader) one(a *Node) []*Node {
	base := len(r.stack)
	r.push(a)
	return r.take(base)
}
