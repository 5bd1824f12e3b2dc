package syntax

// Strings, sigils and quoted atoms, whose parts the lexer has found.

// quotedNode makes the node of a quote: one of plain text, or one of parts.
func (r *reader) quotedNode(t *token, plain, parts Kind) *Node {
	q := r.quotes[t.aux]
	var n *Node
	switch {
	case q.lo == q.hi:
		n = r.leaf(plain, t, "")
	case q.hi == q.lo+1 && r.parts[q.lo].hole == 0:
		n = r.leaf(plain, t, r.parts[q.lo].text)
	default:
		n = r.make(parts, t.line, t.start, t.end, "", nil, r.partNodes(t, q))
	}
	if q.heredoc {
		n.Flags |= Heredoc
	}
	r.pos = int(q.next)
	return n
}

func (r *reader) sigilNode(t *token) *Node {
	q := r.quotes[t.aux]
	parts := r.partNodes(t, q)
	if parts == nil {
		parts = r.one(r.make(String, t.line, q.modsAt-1, q.modsAt-1, "", nil, nil))
	}
	mods := r.make(Charlist, t.line, q.modsAt, t.end, r.src[q.modsAt:t.end], nil, nil)
	n := r.make(Sigil, t.line, t.start, t.end, r.src[t.start+1:q.nameEnd], mods, parts)
	if q.heredoc {
		n.Flags |= Heredoc
	}
	r.pos = int(q.next)
	return n
}

func (r *reader) partNodes(t *token, q quote) []*Node {
	base := len(r.stack)
	for _, p := range r.parts[q.lo:q.hi] {
		line := r.lineOf(int(p.start))
		if p.hole == 0 {
			r.push(r.make(String, line, p.start, p.end, p.text, nil, nil))
			continue
		}
		r.pos = int(p.hole)
		in := r.body(setOf(tHoleEnd), nil)
		if !r.is(tHoleEnd) {
			r.fail("} of #{}")
		}
		r.push(r.make(Hole, line, p.start, p.end, "", nil, r.one(in)))
	}
	return r.take(base)
}
