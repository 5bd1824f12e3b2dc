package syntax

// What follows an operand without an operator: calls, dots and access by [].

// calls makes the call of arguments that stand in parentheses, with a do block where one follows, and the calls of what it
// returns: unquote(f)(x).
func (r *reader) calls(base int, call func(args []*Node) *Node, start int32, bare bool) *Node {
	for {
		again := r.is(tOpenParen)
		if !again {
			r.doArgument(start, bare)
		}
		n := call(r.take(base))
		n.Flags |= CallParen
		if !again {
			return n
		}
		r.pos++
		r.arguments(tCloseParen)
		call = func(args []*Node) *Node {
			return r.make(Again, r.lineIndex(n), r.begin(n), r.behind(), "", n, args)
		}
	}
}

// postfix reads dots and brackets after an expression.
func (r *reader) postfix(n *Node, bare bool) *Node {
	for {
		t := r.cur()
		switch t.kind {
		case tDot:
			r.pos++
			n = r.dotted(n, t, bare)
		case tOpenSquare:
			r.pos++
			base := len(r.stack)
			r.push(n)
			r.arguments(tCloseSquare)
			if len(r.stack) != base+2 {
				r.fail("one key between [ and ]")
			}
			n = r.make(Access, t.line, r.begin(n), r.behind(), "", nil, r.take(base))
		default:
			return n
		}
	}
}

// dotted reads what follows a dot.
func (r *reader) dotted(left *Node, dot *token, bare bool) *Node {
	t := r.cur()
	base := len(r.stack)
	switch t.kind {
	case tOpenParen:
		r.pos++
		r.arguments(tCloseParen)
		return r.calls(base, func(args []*Node) *Node {
			return r.make(Invoke, dot.line, r.begin(left), r.behind(), "", left, args)
		}, r.begin(left), bare)
	case tOpenCurly:
		r.pos++
		r.arguments(tCloseCurly)
		return r.make(Remote, dot.line, r.begin(left), r.behind(), "{}", left, r.take(base))
	case tAlias:
		r.pos++
		return r.longer(left, dot, t)
	case tParenIdent, tIdent, tOpIdent, tBracketIdent:
		r.pos++
	default:
		r.fail("a name after the dot")
	}
	name := r.textAt(t)
	if t.flags&quoted != 0 {
		name = ""
		if q := r.quotes[t.aux]; q.hi > q.lo {
			name = r.parts[q.lo].text
		}
	}
	if t.kind == tParenIdent {
		r.pos++
		r.arguments(tCloseParen)
		return r.calls(base, func(args []*Node) *Node {
			return r.make(Remote, t.line, r.begin(left), r.behind(), name, left, args)
		}, r.begin(left), bare)
	}
	if t.kind == tOpIdent || t.kind == tIdent && r.startsArgument() {
		r.bareArguments()
	}
	r.doArgument(r.begin(left), bare)
	return r.make(Remote, t.line, r.begin(left), r.behind(), name, left, r.take(base))
}

// longer makes Foo.Bar of Foo.
func (r *reader) longer(left *Node, dot, t *token) *Node {
	if left.Kind != Alias {
		return r.make(Alias, dot.line, r.begin(left), t.end, r.textAt(t), left, nil)
	}
	name := left.Name + "." + r.textAt(t)
	if start := r.end(left) - int32(len(left.Name)); start >= 0 && r.src[start:t.end] == name {
		name = r.src[start:t.end] // without a copy
	}
	return r.make(Alias, r.lineIndex(left), r.begin(left), t.end, name, left.Fun, nil)
}
