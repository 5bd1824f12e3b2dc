package syntax

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// reader is one reading of one file: the text becomes tokens (lex.go, quote.go), the tokens become nodes (parse.go, block.go).
type reader struct {
	*desk
	opt  Option
	file *File
	src  string
	wary bool // reading again, see recover.go

	i     int // next byte
	line  int32
	holes int // how deep in #{}

	pos   int // next token
	depth int
	nodes int
	steps int

	tree      *Node
	comments  []Comment
	faults    []Fault
	lost      bool // something is not in the tree
	exhausted bool // a limit on the whole file was met: only the end is left to read
}

func newReader(f *File, src string, opt Option, wary bool) *reader {
	return &reader{desk: desks.Get().(*desk), opt: opt, file: f, src: src, wary: wary}
}

// abandon ends the strict reading at its first fault; failure ends one expression of the wary one, in try.
type (
	abandon struct{}
	failure struct{}
)

// read reports whether all of the file went into the tree.
func (r *reader) read() (whole bool) {
	defer func() {
		if e := recover(); e != nil {
			if _, ok := e.(abandon); !ok {
				panic(e)
			}
			whole = false
		}
	}()
	r.checkEncoding()
	r.lex()
	r.tree = r.program()
	return !r.lost
}

func (r *reader) deliver() {
	f := r.file
	if r.tree != nil {
		f.Tree = r.tree
	}
	f.Comments, f.Partial = r.comments, r.lost
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return a.Line - b.Line })
	f.Faults = slices.CompactFunc(r.faults, func(a, b Fault) bool { return a.Line == b.Line })
}

// checkEncoding notes bytes that are not UTF-8, which Elixir would not read at all. We do: the text keeps its bytes.
func (r *reader) checkEncoding() {
	if utf8.ValidString(r.src) {
		return
	}
	for i := 0; i < len(r.src); {
		c, n := utf8.DecodeRuneInString(r.src[i:])
		if c == utf8.RuneError && n == 1 {
			r.note(i, "UTF-8", fmt.Sprintf("byte 0x%02x", r.src[i]))
			return
		}
		i += n
	}
}

// note records a fault that takes nothing out of the tree.
func (r *reader) note(at int, expected, found string) {
	if len(r.faults) < maxFaults {
		p := r.file.Place(at + r.opt.At.Offset)
		r.faults = append(r.faults, Fault{p.Line, p.Column, expected, found})
	}
}

// maxFaults is how many faults are told: beyond it a person starts at the top anyway.
const maxFaults = 100

// miss records a fault that takes something out of the tree.
func (r *reader) miss(at int, expected, found string) {
	r.lost = true
	r.note(at, expected, found)
	if !r.wary {
		panic(abandon{})
	}
}

// exhaust records that a limit was met and leaves nothing to read but the end.
func (r *reader) exhaust(at int, limit string) {
	if !r.exhausted {
		r.exhausted = true
		r.miss(at, limit, "more")
	}
}

// step pays for work that a file can cause to be done again and again.
func (r *reader) step(at, n int) bool {
	if r.steps += n; r.steps > r.opt.MaxSteps {
		r.exhaust(at, fmt.Sprintf("a source that is read in %d steps", r.opt.MaxSteps))
		return false
	}
	return true
}

// lineOf is the index of the line that a byte is on. Bytes are asked for in order, so that it takes no time.
func (r *reader) lineOf(at int) int32 {
	lines := r.file.lines
	for int(r.line)+1 < len(lines) && int(lines[r.line+1]) <= at {
		r.line++
	}
	for int(lines[r.line]) > at {
		r.line--
	}
	return r.line
}

// indentOf is how far in a line begins.
func (r *reader) indentOf(line int32) int {
	at := int(r.file.lines[line])
	n := 0
	for at+n < len(r.src) && (r.src[at+n] == ' ' || r.src[at+n] == '\t') {
		n++
	}
	return n
}
