package syntax

import "fmt"

// The parser climbs precedences. Where it cannot go on it fails, which try and program catch; everything else is plain descent.
//
// The parameter bare says that an expression stands in a call without parentheses: a `do` then belongs to that call, not to
// the expression.

func (r *reader) cur() *token            { return &r.toks[r.pos] }
func (r *reader) is(k kind) bool         { return r.toks[r.pos].kind == k }
func (r *reader) isOp(o op) bool         { t := r.cur(); return t.kind == tOp && t.op == o }
func (r *reader) isKey() bool            { k := r.cur().kind; return k == tKey || k == tQuotedKey }
func (r *reader) textAt(t *token) string { return r.src[t.start:t.end] }

func (r *reader) fail(expected string) {
	r.missAt(r.cur(), expected)
	panic(failure{})
}

func (r *reader) missAt(t *token, expected string) {
	var found string
	switch t.kind {
	case tEOF:
		found = "the end of the file"
	case tEOL:
		found = "the end of the line"
	default:
		if found = r.textAt(t); len(found) > 40 {
			found = found[:40] + "…"
		}
		found = fmt.Sprintf("%q", found)
	}
	r.miss(int(t.start), expected, found)
}

func (r *reader) skipLines() {
	for r.is(tEOL) {
		r.pos++
	}
}

func (r *reader) skipSeparators() {
	for r.is(tEOL) || r.is(tSemi) {
		r.pos++
	}
}

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

// expr reads an expression of operators that bind at least as tightly as power.
func (r *reader) expr(power int, bare bool) *Node {
	if r.depth++; r.depth > r.opt.MaxDepth {
		r.depth--
		r.tooDeep()
	}
	if !r.step(int(r.cur().start), 1) || r.exhausted {
		panic(failure{})
	}
	n := r.operators(r.operand(bare), power, bare)
	r.depth--
	return n
}

// operators reads what follows an expression that has been read.
func (r *reader) operators(left *Node, power int, bare bool) *Node {
	for {
		t := r.cur()
		if t.kind != tOp || t.op == opAssoc {
			return left
		}
		info := &ops[t.op]
		p := int(info.power)
		if p == 0 || p < power {
			return left
		}
		r.pos++
		r.skipLines()
		if !info.right {
			p++
		}
		var right *Node
		if r.isKey() {
			right = r.keywords(bare)
		} else {
			right = r.expr(p, bare)
		}
		start, end := r.begin(left), r.end(right)
		switch {
		case t.op == opStep && left.Kind == Call && left.Name == ".." && len(left.Args) == 2:
			base := len(r.stack)
			r.stack = append(r.stack, left.Args[0], left.Args[1], right)
			left = r.make(Call, r.lineIndex(left), start, end, "..//", nil, r.take(base))
		case t.op == opNotIn:
			in := r.make(Call, t.line, start, end, "in", nil, r.two(left, right))
			left = r.make(Call, t.line, start, end, "not", nil, r.one(in))
		case t.op == opIn && negates(left):
			// not a in b means not(a in b).
			in := r.make(Call, t.line, r.begin(left.Args[0]), end, "in", nil, r.two(left.Args[0], right))
			left = r.make(Call, r.lineIndex(left), start, end, left.Name, nil, r.one(in))
		default:
			left = r.make(Call, t.line, start, end, info.text, nil, r.two(left, right))
		}
	}
}

func negates(n *Node) bool {
	return n.Kind == Call && len(n.Args) == 1 && (n.Name == "not" || n.Name == "!")
}

// operand reads what stands between binary operators.
func (r *reader) operand(bare bool) *Node {
	t := r.cur()
	if t.kind != tOp {
		return r.postfix(r.primary(bare), bare)
	}
	switch t.op {
	case opPlus, opMinus, opBang, opCaret, opNot, opTilde:
		return r.unary(unaryPower, bare)
	case opCapture:
		return r.unary(capturePower, bare)
	case opAt:
		r.pos++
		r.skipLines()
		var of *Node
		if r.is(tOp) {
			of = r.operand(bare)
		} else {
			of = r.primary(bare)
		}
		return r.postfix(r.make(Call, t.line, t.start, r.end(of), "@", nil, r.one(of)), bare)
	case opEllipsis:
		r.pos++
		return r.leaf(Var, t, "...")
	case opRange:
		r.pos++
		return r.leaf(Call, t, "..")
	case opStep: // &//2 captures division: the first / is a name, the second divides
		r.pos++
		div := r.make(Var, t.line, t.start, t.start+1, "/", nil, nil)
		arity := r.expr(unaryPower, bare)
		return r.make(Call, t.line, t.start, r.end(arity), "/", nil, r.two(div, arity))
	}
	r.fail("an expression")
	return nil
}

func (r *reader) unary(power int, bare bool) *Node {
	t := r.cur()
	r.pos++
	r.skipLines()
	of := r.expr(power, bare)
	return r.make(Call, t.line, t.start, r.end(of), ops[t.op].text, nil, r.one(of))
}

func (r *reader) primary(bare bool) *Node {
	t := r.cur()
	switch t.kind {
	case tIdent, tOpIdent, tBracketIdent, tParenIdent:
		r.pos++
		return r.local(t, bare)
	case tAlias:
		r.pos++
		return r.leaf(Alias, t, r.textAt(t))
	case tAtom:
		r.pos++
		return r.leaf(Atom, t, r.src[t.start+1:t.end])
	case tConst:
		r.pos++
		return r.leaf(Atom, t, r.textAt(t))
	case tQuotedAtom:
		r.pos++
		return r.quotedNode(t, Atom, AtomParts)
	case tInteger, tChar:
		r.pos++
		return r.leaf(Integer, t, r.textAt(t))
	case tFloat:
		r.pos++
		return r.leaf(Float, t, r.textAt(t))
	case tCaptureArg:
		r.pos++
		n := r.make(Integer, t.line, t.start+1, t.end, r.src[t.start+1:t.end], nil, nil)
		return r.make(Call, t.line, t.start, t.end, "&", nil, r.one(n))
	case tString:
		r.pos++
		return r.quotedNode(t, String, StringParts)
	case tCharlist:
		r.pos++
		return r.quotedNode(t, Charlist, CharlistParts)
	case tSigil:
		r.pos++
		return r.sigilNode(t)
	case tFn:
		return r.fn()
	case tOpenParen:
		return r.parens()
	case tOpenSquare:
		r.pos++
		args := r.elements(tCloseSquare, true)
		return r.make(List, t.line, t.start, r.behind(), "", nil, args)
	case tOpenCurly:
		r.pos++
		args := r.elements(tCloseCurly, false)
		return r.make(Tuple, t.line, t.start, r.behind(), "", nil, args)
	case tOpenBits:
		r.pos++
		args := r.elements(tCloseBits, false)
		return r.make(Bitstring, t.line, t.start, r.behind(), "", nil, args)
	case tOpenMap:
		r.pos++
		args := r.fields()
		return r.make(Map, t.line, t.start, r.behind(), "", nil, args)
	case tPercent:
		r.pos++
		base := r.structName()
		r.skipLines()
		if !r.is(tOpenCurly) {
			r.fail("{ of a struct")
		}
		r.pos++
		args := r.fields()
		return r.make(Struct, t.line, t.start, r.behind(), "", base, args)
	}
	r.fail("an expression")
	return nil
}

// local reads a variable, or a call of a function without a module. The name has been read.
func (r *reader) local(t *token, bare bool) *Node {
	name := r.textAt(t)
	base := len(r.stack)
	if t.kind == tParenIdent {
		r.pos++
		r.arguments(tCloseParen)
		return r.calls(base, func(args []*Node) *Node {
			return r.make(Call, t.line, t.start, r.behind(), name, nil, args)
		}, t.start, bare)
	}
	if t.kind == tOpIdent || t.kind == tIdent && r.startsArgument() {
		r.bareArguments()
	} else if bare || !r.is(tDo) {
		return r.leaf(Var, t, name)
	}
	r.doArgument(t.start, bare)
	return r.make(Call, t.line, t.start, r.behind(), name, nil, r.take(base))
}

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
