// Package syntax reads Elixir source into the tree that Elixir itself would build: its quoted form, with the exact place of
// every node, the comments beside it, and the sound parts of files that do not parse. Nothing is evaluated and no Elixir is
// needed; the trees are held equal to those of Code.string_to_quoted by `make oracle`.
package syntax

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Option bounds the work that a stranger's file may cause; zero values mean the defaults.
type Option struct {
	MaxBytes int // size of the source; 10 MB
	MaxNodes int // nodes in the tree; 1 million, for which about 250 MB are in use
	MaxDepth int // levels of the tree, and of the reader's own stack; 2000
	MaxSteps int // steps of lexer and parser together; 8 for each byte

	// At is where the source begins, for code found inside another file. All positions are then places in that file.
	At Place

	// Text is what the source was made from where it is code cut out of a text, byte for byte as long: places count its
	// characters, and Source gives its words. Empty, it is the source itself.
	Text string

	// Arguments reads the source as what stands between the parentheses of a call, so that `a: 1, b: 2` is a keyword list.
	Arguments bool
}

// DefaultBytes is how large a source may be where an option does not say.
const DefaultBytes = 10 << 20

// Place is a position in a file: a byte offset from 0, a line from 1 and a column in characters from 1.
type Place struct{ Offset, Line, Column int }

// File is what was read of one source.
type File struct {
	Tree     *Node // never nil; a block when there are several expressions, or none
	Comments []Comment
	Faults   []Fault // in the order of their lines
	Partial  bool    // some of the source is not in the tree

	text  string // what Text says, or the source
	at    Place
	lines []int32 // offsets in the source at which lines begin
}

// Comment is one comment, from its # to the end of the line.
type Comment struct {
	Place
	Text string
}

// Fault is a place where the source is not Elixir, or was not read.
type Fault struct {
	Line, Column int
	Expected     string // what would have been in order
	Found        string // what was there, quoted as in the source; empty where that says nothing
}

func (f Fault) String() string {
	if f.Found == "" {
		return fmt.Sprintf("line %d: expected %s", f.Line, f.Expected)
	}
	return fmt.Sprintf("line %d: expected %s, found %s", f.Line, f.Expected, f.Found)
}

// Place tells line and column of a byte offset in the file.
func (f *File) Place(offset int) Place {
	in := min(max(offset-f.at.Offset, 0), len(f.text))
	line := sort.Search(len(f.lines), func(i int) bool { return int(f.lines[i]) > in }) - 1
	column := utf8.RuneCountInString(f.text[f.lines[line]:in]) + 1
	if line == 0 {
		column += f.at.Column - 1
	}
	return Place{offset, f.at.Line + line, column}
}

// Start is where a node begins.
func (f *File) Start(n *Node) Place { return f.Place(int(n.Start)) }

// End is just after a node's last character.
func (f *File) End(n *Node) Place { return f.Place(int(n.End)) }

// Source is the text of a node as it was written.
func (f *File) Source(n *Node) string {
	return f.text[int(n.Start)-f.at.Offset : int(n.End)-f.at.Offset]
}

// Parse reads one source, which may not be changed afterwards. It never fails as a whole: what could not be read is in Faults, and the rest is in the tree.
//
// The first reading stops at the first fault. Only then is the file read again by a wary reader, which trusts indentation
// more than brackets and quotes: that one closes what seems to have been left open, drops the expression at fault, and goes on.
func Parse(src []byte, opt Option) *File {
	opt = opt.withDefaults(len(src))
	f := &File{at: opt.At, lines: []int32{0}, Tree: &Node{Kind: Block, Line: int32(opt.At.Line)}}
	if len(src) > opt.MaxBytes {
		f.Faults = []Fault{{Line: opt.At.Line, Column: opt.At.Column, Expected: fmt.Sprintf("at most %d bytes", opt.MaxBytes), Found: fmt.Sprintf("%d", len(src))}}
		f.Partial = true
		return f
	}
	// Names in the tree are pieces of the source, so that it is kept anyway: a copy of it would be kept as well.
	code := unsafe.String(unsafe.SliceData(src), len(src))
	if f.text = opt.Text; len(f.text) != len(code) {
		f.text = code
	}
	f.lines = lineStarts(code)
	r := newReader(f, code, opt, false)
	if r.read() {
		r.deliver()
		r.leave()
		return f
	}
	strict := r.faults
	steps := r.steps
	r.leave()
	r = newReader(f, code, opt, true)
	r.steps = steps
	r.read()
	if !r.lost {
		r.faults = append(r.faults, strict...)
	}
	r.lost = true
	r.deliver()
	r.leave()
	return f
}

func (o Option) withDefaults(size int) Option {
	fill := func(n *int, by int) {
		if *n <= 0 {
			*n = by
		}
	}
	fill(&o.MaxBytes, DefaultBytes)
	fill(&o.MaxNodes, 1_000_000)
	fill(&o.MaxDepth, 2000)
	fill(&o.MaxSteps, 8*(size+1024))
	fill(&o.At.Line, 1)
	fill(&o.At.Column, 1)
	return o
}

func lineStarts(s string) []int32 {
	lines := make([]int32, 1, 1+strings.Count(s, "\n"))
	for at := 0; ; {
		n := strings.IndexByte(s[at:], '\n')
		if n < 0 {
			return lines
		}
		at += n + 1
		lines = append(lines, int32(at))
	}
}
