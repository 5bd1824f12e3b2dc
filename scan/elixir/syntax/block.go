package syntax

import "fmt"

// program reads the whole file.
func (r *reader) program() *Node {
	if r.opt.Arguments {
		return r.programArguments()
	}
	return r.body(setOf(tEOF), nil)
}

func (r *reader) programArguments() (tree *Node) {
	base := len(r.stack)
	defer func() {
		if e := recover(); e != nil {
			if _, mine := e.(failure); !mine {
				panic(e)
			}
			tree = r.sequence(r.take(base), 0, 0)
		}
	}()
	r.series(tEOF, false)
	r.pos--
	return r.sequence(r.take(base), 0, 0)
}

// body reads expressions, or clauses with arrows, up to one of the stops. What opened it is there for the wary reader; nil
// where no `end` is due.
func (r *reader) body(stops kinds, from *opening) *Node {
	c := clauses{barred: stops == setOf(tEOF) || stops == setOf(tHoleEnd)}
	return r.rest(&c, len(r.stack), r.cur(), stops|setOf(tEOF), from)
}

// rest is body after its first item: clauses and expressions read so far are in c and on the stack from base.
func (r *reader) rest(c *clauses, base int, start *token, stops kinds, from *opening) *Node {
	for {
		r.skipSeparators()
		if r.wary && r.bodyEnds(stops, from) || stops.has(r.cur().kind) {
			break
		}
		if r.wary {
			r.try(stops == setOf(tEOF), func() { r.item(c, base, stops) })
		} else {
			r.item(c, base, stops)
		}
	}
	if !c.any {
		return r.sequence(r.take(base), start.start, start.line)
	}
	c.close(r)
	args := r.take(base)
	n := r.make(List, r.lineIndex(args[0]), r.begin(args[0]), r.end(args[len(args)-1]), "", nil, args)
	n.Flags |= Bare
	return n
}

// endItem fails where something follows an item on its line.
func (r *reader) endItem(c *clauses, stops kinds) {
	if k := r.cur().kind; k != tEOL && k != tSemi && !c.empty && !stops.has(k) {
		r.fail("the end of the line")
	}
}

// bodyEnds tells the wary reader to leave a body although nothing stops it.
func (r *reader) bodyEnds(stops kinds, from *opening) bool {
	if r.exhausted {
		r.pos = len(r.toks) - 1
		return true
	}
	if from != nil {
		return r.leftOpen(*from)
	}
	for stops == setOf(tEOF) && !expressionStarts.has(r.cur().kind) && !r.is(tEOF) { // what closes here was never opened
		r.missAt(r.cur(), "an expression")
		r.pos++
		r.skipSeparators()
	}
	return false
}

// expressionStarts are what the wary reader goes on with at the top of a file.
var expressionStarts = argumentStarts | setOf(tOp)

// sequence makes a block of expressions. A single one stands for itself, except where Elixir wraps it.
func (r *reader) sequence(es []*Node, start, line int32) *Node {
	if len(es) == 1 {
		e := es[0]
		if !negates(e) && !(e.Kind == Call && e.Name == "unquote_splicing" && len(e.Args) == 1) {
			return e
		}
	}
	end := start
	if len(es) > 0 {
		start, end = r.begin(es[0]), r.end(es[len(es)-1])
		line = r.lineIndex(es[0])
	}
	return r.make(Block, line, start, end, "", nil, es)
}

// clauses collects the clauses of a body: the one being read has its head here and its expressions on the stack.
type clauses struct {
	barred     bool // no arrow belongs here
	any        bool
	empty      bool // the arrow has just been read
	head       *Node
	line       int32
	start, end int32
	base       int
}

// close pushes the clause that was being read.
func (c *clauses) close(r *reader) {
	var body *Node
	end := c.end
	if len(r.stack) == c.base {
		body = r.make(Atom, c.line, end, end, "nil", nil, nil)
	} else {
		body = r.sequence(r.take(c.base), end, c.line)
		end = r.end(body)
	}
	r.push(r.make(Clause, c.line, c.start, end, "", nil, r.two(c.head, body)))
}

// item reads an expression of a body and pushes it, or reads the head of a clause and its arrow.
func (r *reader) item(c *clauses, base int, stops kinds) {
	start, heads := r.cur().start, len(r.stack)
	noArrow := c.barred || c.empty && r.toks[r.pos-1].kind != tSemi // a -> b -> c is not two clauses
	many := r.heads(c)
	if noArrow && r.isOp(opStab) {
		r.fail("the end of the line")
	}
	if !r.isOp(opStab) {
		if len(r.stack) != heads+1 || many {
			r.fail("->")
		}
		r.endItem(c, stops)
		return
	}
	if !c.any && heads != base {
		r.fail("a clause before this one")
	}
	r.arrow(c, start, heads, many)
}

// heads pushes what stands before an arrow, or before the end of an expression. Many says that the heads stand in parentheses
// of the clause's own.
func (r *reader) heads(c *clauses) (many bool) {
	c.empty = false
	start, heads := r.cur().start, len(r.stack)
	switch {
	case r.isOp(opStab):
	case r.opensHead():
		many = r.parenHead()
		switch {
		case r.isOp(opStab):
		case many: // fn (a, b) when guard ->
			when := r.cur()
			r.pos++
			r.skipLines()
			r.push(r.expr(0, false))
			args := r.take(heads)
			r.push(r.make(Call, when.line, start, r.end(args[len(args)-1]), "when", nil, args))
		default: // (a) when guard ->
			left := r.stack[heads]
			r.stack = r.stack[:heads]
			r.push(r.operators(left, 0, false))
			r.moreHeads()
		}
	case r.isKey():
		r.push(r.keywords(false))
	default:
		r.push(r.expr(0, false))
		r.moreHeads()
	}
	return many
}

// arrow ends the clause before, and begins one with the heads pushed.
func (r *reader) arrow(c *clauses, start int32, heads int, many bool) {
	if !many {
		r.unwrapWhen(heads)
	}
	args := r.take(heads)
	arrow := r.cur()
	end := start
	if len(args) > 0 {
		end = r.end(args[len(args)-1])
	}
	head := r.make(List, arrow.line, start, end, "", nil, args)
	head.Flags |= Bare
	if c.any {
		c.close(r)
	}
	*c = clauses{any: true, empty: true, head: head, line: arrow.line, start: start, end: arrow.end, base: len(r.stack)}
	r.pos++
	r.skipLines()
}

// moreHeads pushes the rest of what commas separate before an arrow.
func (r *reader) moreHeads() {
	for r.is(tComma) {
		r.pos++
		r.skipLines()
		if r.isKey() {
			r.push(r.keywords(false))
			return
		}
		r.push(r.expr(0, false))
	}
}

// opensHead tells whether the parentheses that open here hold the head of a clause: an arrow or a guard follows them.
func (r *reader) opensHead() bool {
	t := r.cur()
	if t.kind != tOpenParen || t.aux == 0 {
		return false
	}
	after := &r.toks[t.aux+1]
	return after.kind == tOp && (after.op == opStab || after.op == opWhen)
}

// parenHead pushes what stands in the parentheses of a clause's head. Many tells that they are the clause's own, round none,
// several or keywords: otherwise they are those of one expression.
func (r *reader) parenHead() (many bool) {
	open, base := r.cur(), len(r.stack)
	r.pos++
	r.skipSeparators()
	if r.is(tCloseParen) {
		r.pos++
		return true
	}
	var c clauses
	start, key := r.cur(), r.isKey()
	inner := r.heads(&c)
	if r.isOp(opStab) {
		r.arrow(&c, start.start, base, inner)
	} else if r.skipLinesBefore(tCloseParen); r.is(tCloseParen) && (key || len(r.stack) != base+1) {
		r.pos++
		return true
	}
	r.endItem(&c, setOf(tCloseParen))
	n := r.rest(&c, base, start, setOf(tCloseParen, tEOF), nil)
	r.closeParens(n, open)
	r.push(n)
	return false
}

// skipLinesBefore skips the ends of lines where a token follows them.
func (r *reader) skipLinesBefore(k kind) {
	if r.is(tEOL) && r.toks[r.pos+1].kind == k {
		r.pos++
	}
}

// unwrapWhen puts a guard round all heads: a, b when c is when(a, b, c).
func (r *reader) unwrapWhen(heads int) {
	n := len(r.stack)
	if n == heads {
		return
	}
	last := r.stack[n-1]
	if last.Kind != Call || last.Name != "when" || len(last.Args) != 2 || n-1 == heads {
		return
	}
	r.stack = append(r.stack[:n-1], last.Args...)
	start := r.begin(r.stack[heads])
	args := r.take(heads)
	r.push(r.make(Call, r.lineIndex(last), start, r.end(last), "when", nil, args))
}

// parens reads an expression, several, or clauses in parentheses.
func (r *reader) parens() *Node {
	open := r.cur()
	r.pos++
	n := r.body(setOf(tCloseParen), nil)
	r.closeParens(n, open)
	return n
}

// closeParens reads the closing parenthesis and widens what stands in the parentheses to them.
func (r *reader) closeParens(n *Node, open *token) {
	if !r.is(tCloseParen) {
		r.fail(")")
	}
	r.pos++
	at := int32(r.opt.At.Offset)
	n.Flags |= Parens
	n.Start, n.End = open.start+at, r.behind()+at
}

func (r *reader) fn() *Node {
	t := r.cur()
	from := r.openingAt(t.start)
	r.pos++
	clauses := r.body(setOf(tEnd), &from)
	if clauses.Kind != List || len(clauses.Args) == 0 || clauses.Args[0].Kind != Clause {
		r.fail("-> of fn")
	}
	end := r.closeBlock(t, from)
	return r.make(Fn, t.line, t.start, end, "", nil, clauses.Args)
}

// closeBlock reads the `end` that is due, and is where the block ends.
func (r *reader) closeBlock(opener *token, from opening) int32 {
	if r.is(tEnd) && !(r.wary && r.outside(from)) {
		r.pos++
		return r.behind()
	}
	expected := fmt.Sprintf("end of the %s on line %d", r.textAt(opener), int(opener.line)+r.opt.At.Line)
	if !r.wary || r.exhausted {
		r.fail(expected)
	}
	r.missAt(r.cur(), expected)
	if k := r.toks[r.pos-1].kind; k == tEOL || k == tSemi {
		r.pos-- // the line ends here for whoever reads on
	}
	return r.behind()
}

// doBlock reads from `do` to `end`. The call that it belongs to begins at start.
func (r *reader) doBlock(start int32) *Node {
	do := r.cur()
	from := r.openingAt(start)
	base := len(r.stack)
	for key := do; ; {
		r.pos++
		at := r.behind()
		body := r.body(setOf(tEnd, tBlockWord), &from)
		if body.Kind == Block && len(body.Args) == 0 {
			body.Start, body.End = at+int32(r.opt.At.Offset), at+int32(r.opt.At.Offset)
		}
		name := r.leaf(Atom, key, r.textAt(key))
		r.push(r.make(Pair, key.line, key.start, r.end(body), "", nil, r.two(name, body)))
		if !r.is(tBlockWord) {
			break
		}
		if r.wary && r.outside(from) {
			break
		}
		key = r.cur()
	}
	end := r.closeBlock(do, from)
	n := r.make(List, do.line, do.start, end, "", nil, r.take(base))
	n.Flags |= Bare | DoBlock
	return n
}
