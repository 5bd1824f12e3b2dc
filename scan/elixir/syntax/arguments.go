package syntax

// What stands between brackets, or behind a name without them: arguments, elements, keywords and the fields of maps.

var argumentStarts = setOf(tIdent, tParenIdent, tBracketIdent, tOpIdent, tAlias, tAtom, tQuotedAtom, tKey, tQuotedKey, tInteger,
	tFloat, tChar, tString, tCharlist, tSigil, tCaptureArg, tConst, tFn, tOpenParen, tOpenSquare, tOpenCurly, tOpenBits, tOpenMap, tPercent)

// startsArgument tells whether the token after a name begins the first argument of a call without parentheses.
func (r *reader) startsArgument() bool {
	t := r.cur()
	switch {
	case t.kind == tString || t.kind == tCharlist:
		return true
	case t.flags&spaced == 0:
		return false
	case t.kind != tOp:
		return argumentStarts.has(t.kind)
	}
	switch t.op {
	case opBang, opCaret, opNot, opCapture, opAt, opTilde, opEllipsis:
		return true
	}
	return false
}

// bareArguments pushes the arguments of a call without parentheses.
func (r *reader) bareArguments() {
	for {
		if r.isKey() {
			r.push(r.keywords(true))
			return
		}
		r.push(r.expr(0, true))
		if !r.is(tComma) {
			return
		}
		r.pos++
		r.skipLines()
	}
}

// doArgument pushes a do block, where there is one and it belongs to the call that begins at start.
func (r *reader) doArgument(start int32, bare bool) {
	if !bare && r.is(tDo) {
		r.push(r.doBlock(start))
	}
}

// arguments pushes what stands in parentheses, of which the opening one has been read, and reads the closing one.
func (r *reader) arguments(closing kind) { r.series(closing, false) }

// elements is arguments for literals. The keywords at the end of a list are its own elements; in a tuple they are a list.
func (r *reader) elements(closing kind, flat bool) []*Node {
	base := len(r.stack)
	r.series(closing, flat)
	return r.take(base)
}

var closingText = map[kind]string{tCloseParen: ")", tCloseSquare: "]", tCloseCurly: "}", tCloseBits: ">>"}

func (r *reader) series(closing kind, flat bool) {
	r.skipLines()
	for !r.is(closing) {
		switch {
		case r.wary && r.definerAt(r.cur()):
			r.fail(closingText[closing])
		case r.isKey() && flat:
			r.pairs(false)
		case r.isKey():
			r.push(r.keywords(false))
		default:
			r.push(r.expr(0, false))
		}
		r.skipLines()
		if r.is(tComma) {
			r.pos++
			r.skipLines()
		} else if !r.is(closing) {
			r.fail(", or " + closingText[closing])
		}
	}
	r.pos++
}

// keywords reads key: value pairs without brackets.
func (r *reader) keywords(bare bool) *Node {
	base := len(r.stack)
	r.pairs(bare)
	args := r.take(base)
	n := r.make(List, r.lineIndex(args[0]), r.begin(args[0]), r.end(args[len(args)-1]), "", nil, args)
	n.Flags |= Bare
	return n
}

func (r *reader) pairs(bare bool) {
	for {
		key := r.key()
		r.skipLines()
		value := r.expr(0, bare)
		n := r.make(Pair, r.lineIndex(key), r.begin(key), r.end(value), "", nil, r.two(key, value))
		n.Flags |= Colon
		r.push(n)
		if !r.is(tComma) {
			return
		}
		comma := r.pos
		r.pos++
		r.skipLines()
		if !r.isKey() {
			r.pos = comma
			return
		}
	}
}

func (r *reader) key() *Node {
	t := r.cur()
	r.pos++
	if t.kind == tKey {
		return r.leaf(Atom, t, r.textAt(t))
	}
	return r.quotedNode(t, Atom, AtomParts)
}

// fields reads the inside of a map or struct and its closing brace.
func (r *reader) fields() []*Node {
	base := len(r.stack)
	r.skipLines()
	for fresh := true; !r.is(tCloseCurly); fresh = false {
		switch {
		case r.isKey():
			r.pairs(false)
		case fresh:
			old := r.expr(int(ops[opBar].power)+1, false)
			r.skipLines()
			if r.isOp(opBar) {
				r.push(r.update(old))
				return r.take(base)
			}
			r.association(r.operators(old, 0, false))
		default:
			r.association(r.expr(0, false))
		}
		r.fieldEnd()
	}
	r.pos++
	return r.take(base)
}

// update reads the | of %{old | …} and what follows it, the closing brace included.
func (r *reader) update(old *Node) *Node {
	bar, base := r.cur(), len(r.stack)
	r.pos++
	r.skipLines()
	start := r.cur().start
	for !r.is(tCloseCurly) {
		if r.isKey() {
			r.pairs(false)
		} else {
			r.association(r.expr(0, false))
		}
		r.fieldEnd()
	}
	pairs := r.take(base)
	end := start
	if len(pairs) > 0 {
		end = r.end(pairs[len(pairs)-1])
	}
	r.pos++
	list := r.make(List, bar.line, start, end, "", nil, pairs)
	list.Flags |= Bare
	return r.make(Call, bar.line, r.begin(old), end, "|", nil, r.two(old, list))
}

func (r *reader) fieldEnd() {
	r.skipLines()
	if r.is(tComma) {
		r.pos++
		r.skipLines()
	} else if !r.is(tCloseCurly) {
		r.fail(", or }")
	}
}

// association pushes key => value, or the key alone, as in %{unquote(fields)}.
func (r *reader) association(key *Node) {
	r.skipLines()
	if !r.isOp(opAssoc) {
		r.push(key)
		return
	}
	r.pos++
	r.skipLines()
	value := r.expr(0, false)
	r.push(r.make(Pair, r.lineIndex(key), r.begin(key), r.end(value), "", nil, r.two(key, value)))
}

// structName reads what stands between % and {.
func (r *reader) structName() *Node {
	t := r.cur()
	switch {
	case t.kind == tOp && ops[t.op].power == 0 || r.isOp(opPlus) || r.isOp(opMinus):
		r.pos++
		of := r.structName()
		return r.make(Call, t.line, t.start, r.end(of), ops[t.op].text, nil, r.one(of))
	case t.kind == tIdent || t.kind == tOpIdent:
		r.pos++
		return r.postfix(r.leaf(Var, t, r.textAt(t)), true)
	}
	return r.postfix(r.primary(true), true)
}
