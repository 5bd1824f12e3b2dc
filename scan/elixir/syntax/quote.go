package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// quote is what stands between the delimiters of a string, charlist, sigil or quoted atom.
type quote struct {
	lo, hi  int32 // its parts
	next    int32 // the token after those of its holes
	nameEnd int32 // of a sigil, whose name begins behind the ~
	modsAt  int32 // of a sigil
	heredoc bool
}

// part is a run of text, or a hole, of which the tokens follow those of the quote up to a tHoleEnd.
type part struct {
	start, end int32
	hole       int32 // index of its first token; 0 for text, since a quote's own token comes before
	text       string
}

// escapes says what a backslash means between the delimiters.
type escapes uint8

const (
	resolved escapes = iota // as in strings
	kept                    // as in sigils: only the delimiter's own is taken away
)

// text reads a string, a charlist, a keyword's key between quotes, or a name after a dot.
func (r *reader) text(add adder, delimiter byte) {
	start, t, dot := r.i, len(r.toks), r.afterDot()
	k := tString
	if delimiter == '\'' {
		k = tCharlist
	}
	add(k, start)
	if r.heredocAhead(delimiter) {
		r.heredoc(t, delimiter, true, resolved)
		return
	}
	r.i++
	r.quoted(t, delimiter, true, resolved)
	switch {
	case dot:
		flags := r.toks[t].flags
		quote := r.toks[t].aux
		r.toks = r.toks[:t] // a name has no holes; where there were some, they are lost and said to be
		if q := r.quotes[quote]; q.hi-q.lo > 1 || q.hi > q.lo && r.parts[q.lo].hole != 0 {
			r.miss(start, "a function's name without #{}", "one")
		}
		name := r.called(add, start)
		name.flags, name.aux = flags|quoted, quote
	case r.colonAhead(0):
		r.toks[t].kind = tQuotedKey
		r.i++
	}
}

func (r *reader) sigil(add adder) bool {
	start := r.i
	at := r.i + 1
	lower := classes[r.peek(1)]&cStart != 0 && r.peek(1) != '_'
	switch {
	case lower:
		at++
	case classes[r.peek(1)]&cUpper != 0:
		for at < len(r.src) && classes[r.src[at]]&(cUpper|cDigit) != 0 {
			at++
		}
	default:
		return false
	}
	if at >= len(r.src) || strings.IndexByte("/|\"'([{<", r.src[at]) < 0 {
		return false
	}
	t, nameEnd := len(r.toks), int32(at)
	add(tSigil, start)
	r.i = at
	delimiter := r.src[at]
	if (delimiter == '"' || delimiter == '\'') && r.heredocAhead(delimiter) {
		r.heredoc(t, delimiter, lower, kept)
	} else {
		r.i++
		r.quoted(t, closing(delimiter), lower, kept)
	}
	mods := r.i
	for r.i < len(r.src) && r.src[r.i] < utf8.RuneSelf && r.src[r.i] != '_' && classes[r.src[r.i]]&cWord != 0 {
		r.i++
	}
	q := &r.quotes[r.toks[t].aux]
	q.nameEnd, q.modsAt = nameEnd, int32(mods)
	r.toks[t].end = int32(r.i)
	return true
}

func closing(delimiter byte) byte {
	switch delimiter {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '<':
		return '>'
	}
	return delimiter
}

// quoted reads up to the closing delimiter; r.i is behind the opening one, and t is the index of the quote's token.
func (r *reader) quoted(t int, delimiter byte, holes bool, e escapes) {
	var (
		base     = len(r.pending)
		start    = r.i
		from     = r.i
		openLine = r.lineOf(int(r.toks[t].start))
		mark     = r.mark()
	)
	for {
		if r.i >= len(r.src) {
			r.cut(t, mark, base, start, openLine, fmt.Sprintf("%c to end it", delimiter))
			return
		}
		switch c := r.src[r.i]; {
		case c == delimiter:
			r.addText(from, r.i)
			r.i++
			r.finish(t, base, quote{}, func(p *part) { p.text = r.textOf(*p, e, delimiter, 1) })
			return
		case c == '\\':
			r.i += 2
		case c == '#' && holes && r.peek(1) == '{':
			r.addText(from, r.i)
			r.hole()
			from = r.i
		case c == '\n':
			r.i++
			if r.wary && r.resumes(openLine) {
				r.cut(t, mark, base, start, openLine, fmt.Sprintf("%c to end it", delimiter))
				return
			}
		default:
			r.i++
		}
	}
}

// heredocAhead tells whether three delimiters stand here with nothing but blanks after them.
func (r *reader) heredocAhead(delimiter byte) bool {
	if r.peek(0) != delimiter || r.peek(1) != delimiter || r.peek(2) != delimiter {
		return false
	}
	for at := r.i + 3; at < len(r.src); at++ {
		switch r.src[at] {
		case ' ', '\t', '\r':
		case '\n':
			return true
		default:
			return false
		}
	}
	return false
}

// heredoc reads up to a line that begins with three delimiters; how far that one is indented goes from all lines.
func (r *reader) heredoc(t int, delimiter byte, holes bool, e escapes) {
	var (
		base     = len(r.pending)
		openLine = r.lineOf(int(r.toks[t].start))
		mark     = r.mark()
		end      = strings.Repeat(string(delimiter), 3)
	)
	r.i = r.endOfLine() + 1
	start, from := r.i, r.i
	indent := 0
	for fresh := true; ; {
		if fresh {
			fresh = false
			at := r.i
			for at < len(r.src) && (r.src[at] == ' ' || r.src[at] == '\t') {
				at++
			}
			if strings.HasPrefix(r.src[min(at, len(r.src)):], end) {
				indent = at - r.i
				if r.i > from || len(r.pending) == base {
					r.pending = append(r.pending, part{start: int32(from), end: int32(r.i)})
				}
				r.i = at + 3
				break
			}
			if r.wary && r.resumes(openLine) {
				at := r.i
				r.cut(t, mark, base, start, openLine, end+" to end it")
				r.i = at - 1
				r.toks[t].end = int32(r.i)
				return
			}
		}
		if r.i >= len(r.src) {
			r.cut(t, mark, base, start, openLine, end+" to end it")
			return
		}
		switch c := r.src[r.i]; {
		case c == '\n':
			r.i++
			fresh = true
		case c == '\\' && r.peek(1) == '\n':
			r.i += 2
			fresh = true
		case c == '\\' && r.peek(1) == '\r' && r.peek(2) == '\n':
			r.i += 3
			fresh = true
		case c == '\\':
			r.i += 2
		case c == '#' && holes && r.peek(1) == '{':
			if r.i > from || len(r.pending) == base {
				r.pending = append(r.pending, part{start: int32(from), end: int32(r.i)})
			}
			r.hole()
			from = r.i
		default:
			r.i++
		}
	}
	r.finish(t, base, quote{heredoc: true}, func(p *part) {
		r.dedent(p, indent, int(p.start) == start)
		p.text = r.resolve(int(p.start), p.text, e, delimiter, 3)
	})
}

func (r *reader) addText(from, to int) {
	if to > from {
		r.pending = append(r.pending, part{start: int32(from), end: int32(to)})
	}
}

// hole reads the tokens of #{}, at which r.i stands.
func (r *reader) hole() {
	start := r.i
	if r.holes++; r.holes > r.opt.MaxDepth/8 {
		r.exhaust(start, fmt.Sprintf("at most %d strings inside strings", r.opt.MaxDepth/8))
	}
	r.i += 2
	tok := len(r.toks)
	r.run(true)
	r.holes--
	r.pending = append(r.pending, part{start: int32(start), end: int32(r.i), hole: int32(tok)})
}

// finish gives the parts read since base to the quote of token t.
func (r *reader) finish(t, base int, q quote, text func(*part)) {
	for i := base; i < len(r.pending); i++ {
		if p := &r.pending[i]; p.hole == 0 {
			text(p)
		}
	}
	q.lo = int32(len(r.parts))
	r.parts = append(r.parts, r.pending[base:]...)
	q.hi = int32(len(r.parts))
	q.next = int32(len(r.toks))
	r.pending = r.pending[:base]
	r.quotes = append(r.quotes, q)
	r.toks[t].aux = int32(len(r.quotes) - 1)
	r.toks[t].end = int32(r.i)
}

// lexed is how much has been read, to go back to.
type lexed struct{ toks, open, comments int }

func (r *reader) mark() lexed { return lexed{len(r.toks), len(r.open), len(r.comments)} }

// cut ends a quote that nothing ended at the end of the line on which it began.
func (r *reader) cut(t int, m lexed, base, start int, openLine int32, expected string) {
	r.miss(int(r.toks[t].start), expected, "no more of it")
	r.step(start, r.i-start)
	r.toks, r.open, r.comments = r.toks[:m.toks], r.open[:m.open], r.comments[:m.comments]
	r.pending = r.pending[:base]
	r.i = len(r.src)
	if next := int(openLine) + 1; next < len(r.file.lines) {
		r.i = int(r.file.lines[next]) - 1
	}
	r.addText(start, r.i)
	r.finish(t, base, quote{}, func(p *part) { p.text = r.src[p.start:p.end] })
}

func (r *reader) textOf(p part, e escapes, delimiter byte, times int) string {
	return r.resolve(int(p.start), r.src[p.start:p.end], e, delimiter, times)
}

// dedent takes an indentation off the lines of a part. A line that is indented less loses what it has.
func (r *reader) dedent(p *part, indent int, fresh bool) {
	s := r.src[p.start:p.end]
	if p.text = s; indent == 0 {
		return
	}
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		if fresh {
			n := 0
			for n < indent && n < len(s) && (s[n] == ' ' || s[n] == '\t') {
				n++
			}
			s = s[n:]
		}
		line, rest, more := strings.Cut(s, "\n")
		b.WriteString(line)
		if !more {
			break
		}
		b.WriteByte('\n')
		s, fresh = rest, true
	}
	p.text = b.String()
}

// resolve makes of a source text what it stands for. The delimiter, times over, is what a backslash keeps from ending a sigil.
func (r *reader) resolve(at int, s string, e escapes, delimiter byte, times int) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	if e == kept {
		return unescapeDelimiter(s, strings.Repeat(string(delimiter), times))
	}
	return unescape(s, func(wrong string) { r.note(at, `\xHH, \uHHHH or \u{H}`, fmt.Sprintf("%q", wrong)) })
}

// unescape resolves the escapes of a string. Wrong ones stay as they are.
func unescape(s string, tell func(wrong string)) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case '\n':
		case '\r':
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			} else {
				b = append(b, c)
			}
		case 'x', 'u':
			var n int
			if b, n = appendHex(b, c, s[i+1:]); n == 0 {
				tell(s[i-1 : min(len(s), i+5)])
				b = append(b, '\\', c)
			}
			i += n
		default:
			b = append(b, escaped(c))
		}
	}
	return string(b)
}

func unescapeDelimiter(s, delimiter string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if strings.HasPrefix(s[i+1:], delimiter) {
				b.WriteString(delimiter)
				i += len(delimiter)
				continue
			}
			b.WriteByte(s[i])
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func escaped(c byte) byte {
	switch c {
	case '0':
		return 0
	case 'a':
		return 7
	case 'b':
		return 8
	case 'd':
		return 127
	case 'e':
		return 27
	case 'f':
		return 12
	case 'n':
		return 10
	case 'r':
		return 13
	case 's':
		return 32
	case 't':
		return 9
	case 'v':
		return 11
	}
	return c
}

// appendHex adds what \x or \u and the digits after it stand for, and tells how many bytes those were; 0 where they are wrong.
func appendHex(b []byte, kind byte, s string) ([]byte, int) {
	digits, most := s, 2
	if kind == 'u' {
		most = 4
	}
	braces := strings.HasPrefix(s, "{")
	if braces {
		digits, most = s[1:], 6
	}
	n, v := 0, rune(0)
	for n < most && n < len(digits) && classes[digits[n]]&cHex != 0 {
		v = v<<4 | hexDigit(digits[n])
		n++
	}
	if n == 0 || kind == 'u' && !braces && n < 4 || braces && (n == len(digits) || digits[n] != '}') {
		return b, 0
	}
	if braces {
		n += 2
	}
	if kind == 'x' && !braces {
		return append(b, byte(v)), n
	}
	if !utf8.ValidRune(v) {
		return b, 0
	}
	return utf8.AppendRune(b, v), n
}

func hexDigit(c byte) rune {
	switch {
	case c <= '9':
		return rune(c - '0')
	case c >= 'a':
		return rune(c-'a') + 10
	}
	return rune(c-'A') + 10
}

func quoteRune(c rune, b byte) string {
	if c == utf8.RuneError {
		return fmt.Sprintf("byte 0x%02x", b)
	}
	return fmt.Sprintf("%q", c)
}
