package syntax

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (r *reader) lex() {
	if strings.HasPrefix(r.src, "\ufeff") {
		r.i = len("\ufeff")
	}
	r.run(false)
}

// run reads tokens up to the end of the source, or to the } that ends a hole of a string.
func (r *reader) run(hole bool) {
	var (
		curlies  int
		opened   = len(r.open)
		openLine = r.lineOf(r.i)
		space    bool
		fresh    = !hole // nothing but white space on this line yet
	)
	// add is called with r.i at the end of the token.
	add := func(k kind, start int) *token {
		t := token{kind: k, start: int32(start), end: int32(r.i), line: r.lineOf(start)}
		if space {
			t.flags |= spaced
		}
		if fresh {
			t.flags |= first
		}
		space, fresh = false, false
		r.toks = append(r.toks, t)
		return &r.toks[len(r.toks)-1]
	}
	for {
		if most := 3*r.opt.MaxNodes + 1000; len(r.toks) > most {
			r.exhaust(r.i, fmt.Sprintf("at most %d tokens", most))
		}
		if r.i >= len(r.src) || r.exhausted {
			if hole {
				r.miss(r.i, "} of #{}", "the end of the file")
				add(tHoleEnd, r.i)
				return
			}
			add(tEOF, min(r.i, len(r.src)))
			return
		}
		start := r.i
		c := r.src[r.i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\f':
			r.i++
			space = true

		case c == '\n':
			r.i++
			space, fresh = true, true
			if r.last() != tEOL && r.last() != tSemi {
				r.toks = append(r.toks, token{kind: tEOL, start: int32(start), end: int32(r.i), line: r.lineOf(start)})
			}
			if r.wary && hole && r.resumes(openLine) {
				r.miss(start, "} of #{}", "the end of the line")
				add(tHoleEnd, start)
				return
			}
			if r.at("<<<<<<< ") || r.at("=======\n") || r.at(">>>>>>> ") {
				r.miss(r.i, "no marks of an unfinished merge", r.src[r.i:r.i+7])
				r.i = r.endOfLine()
			}

		case c == ';':
			r.i++
			switch r.last() {
			case tEOL:
				r.toks[len(r.toks)-1].kind = tSemi
				space = false
			case tSemi:
			default:
				add(tSemi, start)
			}

		case c == '#':
			r.i = r.endOfLine()
			r.comment(start)

		case classes[c]&cStart != 0:
			r.word(add)

		case classes[c]&cUpper != 0:
			r.alias(add)

		case classes[c]&cDigit != 0:
			r.number(add)

		case c == '"' || c == '\'':
			r.text(add, c)

		case c == ':' && r.peek(1) != ':' || c == ':' && r.peek(2) == ':':
			r.atom(add)

		case c == '?' && r.i+1 < len(r.src):
			r.i++
			if r.src[r.i] == '\\' {
				r.i++
			}
			_, n := utf8.DecodeRuneInString(r.src[r.i:])
			r.i += n
			add(tChar, start)

		case c == '~' && r.sigil(add):

		case c == '(' || c == '[' || c == '{':
			if c == '{' && r.oddKey(add) {
				break
			}
			r.i++
			if c == '{' {
				curlies++
			}
			add(openers[c], start)
			r.open = append(r.open, int32(len(r.toks)-1))

		case c == ')' || c == ']' || c == '}':
			r.i++
			if c == '}' {
				if curlies == 0 && hole {
					r.i = start
					add(tHoleEnd, start).end++
					r.i++
					r.open = r.open[:opened]
					return
				}
				curlies--
			}
			add(closers[c], start)
			if n := len(r.open); n > opened {
				o := &r.toks[r.open[n-1]]
				if o.kind == tOpenParen && c == ')' {
					o.aux = int32(len(r.toks) - 1)
				}
				r.open = r.open[:n-1]
			}

		case c == ',':
			r.i++
			add(tComma, start)

		case c == '\\' && (r.peek(1) == '\n' || r.peek(1) == '\r' && r.peek(2) == '\n'):
			r.i = r.endOfLine() + 1
			space = true

		case c == '%':
			if r.oddKey(add) {
				break
			}
			r.i++
			if r.peek(0) == '{' {
				r.i++
				curlies++
				add(tOpenMap, start)
				r.open = append(r.open, int32(len(r.toks)-1))
			} else {
				add(tPercent, start)
			}

		case c < utf8.RuneSelf:
			r.operator(add)

		default:
			if c, _ := utf8.DecodeRuneInString(r.src[r.i:]); startsName(c) {
				r.word(add)
			} else if unicode.IsUpper(c) || unicode.IsTitle(c) {
				r.alias(add)
			} else {
				r.unexpected(start)
			}
		}
	}
}

var (
	openers = map[byte]kind{'(': tOpenParen, '[': tOpenSquare, '{': tOpenCurly}
	closers = map[byte]kind{')': tCloseParen, ']': tCloseSquare, '}': tCloseCurly}
)

type adder = func(k kind, start int) *token

func (r *reader) unexpected(start int) {
	c, n := utf8.DecodeRuneInString(r.src[start:])
	r.i = start + n
	r.miss(start, "an expression", quoteRune(c, r.src[start]))
}

func (r *reader) comment(start int) {
	p := r.file.Place(start + r.opt.At.Offset)
	r.comments = append(r.comments, Comment{p, strings.TrimSuffix(r.src[start:r.i], "\r")})
}

func (r *reader) endOfLine() int {
	if n := strings.IndexByte(r.src[r.i:], '\n'); n >= 0 {
		return r.i + n
	}
	return len(r.src)
}

func (r *reader) peek(n int) byte {
	if r.i+n < len(r.src) {
		return r.src[r.i+n]
	}
	return 0
}

func (r *reader) at(text string) bool { return strings.HasPrefix(r.src[r.i:], text) }

// last is the kind of the token before; at the very start that of a separator.
func (r *reader) last() kind {
	if len(r.toks) == 0 {
		return tSemi
	}
	return r.toks[len(r.toks)-1].kind
}

func (r *reader) afterDot() bool { return r.last() == tDot }

// joinLines drops the line's end before a token that continues the line.
func (r *reader) joinLines() {
	if n := len(r.toks); n > 0 && r.toks[n-1].kind == tEOL {
		r.toks = r.toks[:n-1]
	}
}

// colonAhead tells whether n bytes on there is a colon that makes a keyword's key of what stands before it.
func (r *reader) colonAhead(n int) bool {
	if r.peek(n) != ':' {
		return false
	}
	at := r.i + n + 1
	return at >= len(r.src) || r.src[at] == '\n' || classes[r.src[at]]&cBlank != 0
}

// pastBlanks is the first byte from at that is neither space nor tab.
func (r *reader) pastBlanks(at int) byte {
	for ; at < len(r.src); at++ {
		if c := r.src[at]; c != ' ' && c != '\t' {
			return c
		}
	}
	return 0
}

// name moves to the end of a name, and past the ? or ! that may end it.
func (r *reader) name() {
	for r.i < len(r.src) {
		if c := r.src[r.i]; c < utf8.RuneSelf {
			if classes[c]&cWord == 0 {
				break
			}
			r.i++
			continue
		}
		c, n := utf8.DecodeRuneInString(r.src[r.i:])
		if !inName(c) {
			break
		}
		r.i += n
	}
	if c := r.peek(0); c == '?' || c == '!' {
		r.i++
	}
}

func (r *reader) word(add adder) {
	start := r.i
	r.name()
	if r.afterDot() {
		r.called(add, start)
		return
	}
	if r.colonAhead(0) {
		add(tKey, start)
		r.i++
		return
	}
	switch r.src[start:r.i] {
	case "do":
		r.joinLines()
		add(tDo, start)
	case "end":
		add(tEnd, start)
	case "fn":
		add(tFn, start)
	case "after", "else", "rescue", "catch":
		add(tBlockWord, start)
	case "true", "false", "nil":
		add(tConst, start)
	case "and", "or", "in", "when", "not":
		o := wordOps[r.src[start:r.i]]
		if r.pastBlanks(r.i) == '/' { // &and/2
			add(tIdent, start)
			return
		}
		if n := len(r.toks); o == opIn && n > 0 && r.toks[n-1].kind == tOp && r.toks[n-1].op == opNot {
			not := r.toks[n-1]
			r.toks = r.toks[:n-1]
			r.joinLines()
			t := add(tOp, int(not.start))
			t.op, t.flags = opNotIn, not.flags
			return
		}
		if o != opNot {
			r.joinLines()
		}
		add(tOp, start).op = o
	default:
		r.called(add, start)
	}
}

// called adds a name of a variable or function, told apart by what follows it.
func (r *reader) called(add adder, start int) *token {
	k := tIdent
	switch r.peek(0) {
	case '(':
		k = tParenIdent
	case '[':
		k = tBracketIdent
	case ' ', '\t':
		at := r.i
		for at < len(r.src) && (r.src[at] == ' ' || r.src[at] == '\t') {
			at++
		}
		// foo -1 is a call of foo, and foo - 1 is not.
		if at+1 < len(r.src) && (r.src[at] == '-' || r.src[at] == '+') && !strings.ContainsRune(" \t\r\n([<{%+-/>:", rune(r.src[at+1])) {
			k = tOpIdent
		}
	}
	return add(k, start)
}

func (r *reader) alias(add adder) {
	start := r.i
	r.name()
	if !r.afterDot() && r.colonAhead(0) {
		add(tKey, start)
		r.i++
		return
	}
	add(tAlias, start)
}

func (r *reader) number(add adder) {
	start := r.i
	digits := func(class uint8) {
		for classes[r.peek(0)]&class != 0 || r.peek(0) == '_' && classes[r.peek(1)]&class != 0 {
			r.i++
		}
	}
	if r.src[r.i] == '0' && strings.IndexByte("xbo", r.peek(1)) >= 0 && classes[r.peek(2)]&cHex != 0 {
		r.i += 2
		digits(cHex)
		add(tInteger, start)
		return
	}
	digits(cDigit)
	if r.peek(0) != '.' || classes[r.peek(1)]&cDigit == 0 {
		add(tInteger, start)
		return
	}
	r.i++
	digits(cDigit)
	if c := r.peek(0); c == 'e' || c == 'E' {
		sign := 0
		if s := r.peek(1); s == '+' || s == '-' {
			sign = 1
		}
		if classes[r.peek(1+sign)]&cDigit != 0 {
			r.i += 1 + sign
			digits(cDigit)
		}
	}
	add(tFloat, start)
}

func (r *reader) atom(add adder) {
	start := r.i
	r.i++
	c, _ := utf8.DecodeRuneInString(r.src[r.i:])
	switch {
	case c == '"' || c == '\'':
		t := len(r.toks)
		add(tQuotedAtom, start)
		r.i++
		r.quoted(t, byte(c), true, resolved)
		return
	case c == '_' || unicode.IsLetter(c):
		for r.name(); r.peek(0) == '@'; r.name() { // :foo@bar
			r.i++
		}
		add(tAtom, start)
		return
	}
	for _, name := range oddNames {
		// A dot before another is the range operator's.
		if r.at(name) && !(name == "." && r.peek(1) == '.') {
			r.i += len(name)
			add(tAtom, start)
			return
		}
	}
	if o := r.longestOp(); o != 0 && o != opAssoc && o != opStep {
		r.i += len(ops[o].text)
		add(tAtom, start)
		return
	}
	r.miss(start, "the name of an atom", quoteRune(c, r.peek(0)))
}

// oddKey adds a key such as {}: or %{}:.
func (r *reader) oddKey(add adder) bool {
	if r.afterDot() {
		return false
	}
	for _, name := range oddNames {
		if r.at(name) && r.colonAhead(len(name)) {
			start := r.i
			r.i += len(name)
			add(tKey, start)
			r.i++
			return true
		}
	}
	return false
}

func (r *reader) longestOp() op {
	if c := r.peek(0); c < utf8.RuneSelf {
		for _, o := range opsByByte[c] {
			if strings.HasPrefix(r.src[r.i:], ops[o].text) {
				return o
			}
		}
	}
	return 0
}

func (r *reader) operator(add adder) {
	start := r.i
	if (r.at("<<") || r.at(".")) && r.oddKey(add) {
		return
	}
	dot := r.afterDot()
	o := r.longestOp()
	text := ops[o].text
	switch {
	case len(text) < 3 && r.at("<<"):
		r.i += 2
		add(tOpenBits, start)
		return
	case len(text) < 3 && r.at(">>"):
		r.i += 2
		add(tCloseBits, start)
		return
	case o == 0 && r.src[start] == '.':
		r.dot(add)
		return
	case o == 0:
		r.unexpected(start)
		return
	case !dot && r.at("..//") && r.pastBlanks(r.i+4) == '/': // &..///3
		r.i += 4
		add(tIdent, start)
		return
	case !dot && o != opAssoc && o != opStep && r.colonAhead(len(text)):
		r.i += len(text)
		add(tKey, start)
		r.i++
		return
	case o == opCapture && classes[r.peek(1)]&cDigit != 0:
		for r.i++; classes[r.peek(0)]&cDigit != 0; {
			r.i++
		}
		add(tCaptureArg, start)
		return
	}
	r.i += len(text)
	switch {
	case dot:
		r.called(add, start)
	case o != opStep && o != opAssoc && r.pastBlanks(r.i) == '/' && !(o == opCapture && r.slashes()):
		add(tIdent, start) // the + of &+/2
	default:
		if o != opAssoc && ops[o].power == 0 && o != opStab || o == opPlus || o == opMinus {
			add(tOp, start).op = o // a line may begin with it
			return
		}
		r.joinLines()
		add(tOp, start).op = o
	}
}

// slashes tells whether what follows is the // of &//2, which captures division.
func (r *reader) slashes() bool {
	rest := strings.TrimLeft(r.src[r.i:min(len(r.src), r.i+64)], " \t")
	return strings.HasPrefix(rest, "//") || strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(rest, "/"), " \t"), "/")
}

// dot adds a dot and reads on to what it belongs to, over line ends and comments.
func (r *reader) dot(add adder) {
	r.joinLines()
	start := r.i
	r.i++
	add(tDot, start)
	for r.i < len(r.src) {
		switch c := r.src[r.i]; {
		case c == '\n' || classes[c]&cBlank != 0:
			r.i++
		case c == '#':
			at := r.i
			r.i = r.endOfLine()
			r.comment(at)
		default:
			return
		}
	}
}
