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
