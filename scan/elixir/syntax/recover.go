package syntax

import "strings"

// The wary reader. Formatted code tells by its indentation what brackets and quotes tell by counting, so that where the
// counting is wrong the indentation says where: a function begins at the depth of the one before it, and an `end` stands under
// the line that it ends.

// definers are the words that begin a definition, at which reading may always go on.
var definers = map[string]bool{
	"def": true, "defp": true, "defmacro": true, "defmacrop": true, "defmodule": true, "defimpl": true, "defprotocol": true,
	"defguard": true, "defguardp": true, "defdelegate": true, "defstruct": true, "defexception": true,
}

// attributes count too inside of strings, where @ and a word may otherwise be anything.
var attributes = []string{"@doc ", "@spec ", "@impl ", "@type ", "@moduledoc "}

// resumes tells whether the line at r.i begins with code that cannot belong to a string opened on another line.
func (r *reader) resumes(openLine int32) bool {
	at := r.i
	for at < len(r.src) && (r.src[at] == ' ' || r.src[at] == '\t') {
		at++
	}
	if at-r.i > r.indentOf(openLine) {
		return false
	}
	rest := r.src[at:]
	for _, a := range attributes {
		if strings.HasPrefix(rest, a) {
			return true
		}
	}
	n := 0
	for n < len(rest) && classes[rest[n]]&cWord != 0 {
		n++
	}
	if definers[rest[:n]] {
		return strings.HasPrefix(rest[n:], " ")
	}
	return rest[:n] == "end" && (n == len(rest) || strings.IndexByte("\n\r),", rest[n]) >= 0)
}

// opening is where something was opened that an `end` closes.
type opening struct {
	indent int // of its line
	column int // its own
}

func (r *reader) openingAt(start int32) opening {
	if !r.wary {
		return opening{}
	}
	line := r.lineOf(int(start))
	return opening{r.indentOf(line), int(start - r.file.lines[line])}
}

// outside tells whether a token begins its line further out than the block that is being read.
func (r *reader) outside(o opening) bool {
	t := r.cur()
	return t.flags&first != 0 && r.indentOf(t.line) < o.indent
}

// leftOpen tells, before an expression, whether the block around it ended without an `end`: a definition or a word of another
// block stands further out than what opened it, or a bracket closes. Stray ends it steps over.
func (r *reader) leftOpen(o opening) bool {
	for {
		t := r.cur()
		if brackets.has(t.kind) {
			return true
		}
		if t.flags&first == 0 {
			return false
		}
		column := r.indentOf(t.line)
		switch {
		case r.definerAt(t) && column <= o.indent, (t.kind == tEnd || t.kind == tBlockWord) && column < o.indent:
			return true
		case t.kind == tEnd && column > o.indent && column != o.column:
			r.missAt(t, "no end here")
			r.pos++
			r.skipSeparators()
		default:
			return false
		}
	}
}

var brackets = setOf(tCloseParen, tCloseSquare, tCloseCurly, tCloseBits)

func (r *reader) definerAt(t *token) bool {
	return t.flags&first != 0 && (t.kind == tIdent || t.kind == tParenIdent) && definers[r.src[t.start:t.end]]
}

// try reads one expression. Where that fails, it is dropped, and reading goes on at the next line that does not belong to it.
// An expression that did not begin its line takes with it the one around it, unless it stands at the top.
func (r *reader) try(top bool, read func()) {
	if !top && r.cur().flags&first == 0 {
		read()
		return
	}
	begin, stack, depth := r.pos, len(r.stack), r.depth
	defer func() {
		if e := recover(); e != nil {
			if _, mine := e.(failure); !mine {
				panic(e)
			}
			r.stack, r.depth = r.stack[:stack], depth
			r.resume(begin)
		}
	}()
	read()
}

// resume moves on to where reading can go on after the expression that began at a token.
func (r *reader) resume(begin int) {
	if r.exhausted {
		r.pos = len(r.toks) - 1
		return
	}
	indent := r.indentOf(r.toks[begin].line)
	for r.pos = max(r.pos, begin+1); r.pos < len(r.toks)-1; r.pos++ {
		t := r.cur()
		if !r.step(int(t.start), 1) {
			r.pos = len(r.toks) - 1
			return
		}
		if t.flags&first == 0 {
			continue
		}
		column := r.indentOf(t.line)
		if column < indent || r.definerAt(t) || column == indent && !continues.has(t.kind) {
			return
		}
	}
}

// continues are the tokens that begin a line only to go on with the one before.
var continues = setOf(tCloseParen, tCloseSquare, tCloseCurly, tCloseBits, tComma, tDot, tOp, tDo)
