package template

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan/elixir/syntax"
)

// readCode reads the code of all holes in one go: the text becomes white space, so that every place stays, and a semicolon
// stands where a hole ends. Blocks that begin in one hole and end in another are then ordinary blocks.
func (f *File) readCode(s *scanner, opt Option) {
	f.read(s, opt)
	if f.Code.Partial && f.dropText(s, opt) {
		f.read(s, opt)
	}
	f.assign()
	f.assignAlone(s, opt)
	f.Faults = append(f.Faults, f.Code.Faults...)
	f.Partial = f.Partial || f.Code.Partial
	for _, l := range s.lost {
		p := f.Code.Place(l.at + s.at)
		f.Faults = append(f.Faults, syntax.Fault{Line: p.Line, Column: p.Column, Expected: l.expected, Found: "the end of the file"})
		f.Partial = true
	}
	slices.SortStableFunc(f.Faults, func(a, b syntax.Fault) int { return a.Line - b.Line })
}

func (f *File) read(s *scanner, opt Option) {
	code := []byte(s.src)
	for i, c := range code {
		if c != '\n' {
			code[i] = ' '
		}
	}
	for _, h := range f.Holes {
		text := s.src[h.from:h.to]
		if h.args = isKeywords(text); h.args {
			continue
		}
		copy(code[h.from:], text)
		if strings.Contains(text, "#") {
			blankComments(code[h.from:h.to])
		}
		h.code = h.from + s.at + len(text) - len(bytes.TrimLeft(code[h.from:h.to], " \t\r\n"))
		if h.to < len(code) {
			code[h.to] = ';'
		}
	}
	opt.Text = s.src
	f.Code = syntax.Parse(code, opt)
}

// blankComments takes comments out of a hole: they end with it, not with the line.
func blankComments(code []byte) {
	for _, c := range syntax.Parse(code, syntax.Option{}).Comments {
		for i := range c.Text {
			code[c.Offset+i] = ' '
		}
	}
}

// isKeywords tells whether a hole holds keywords, as in {class: @class}, which are no expression.
func isKeywords(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	n := 0
	for n < len(text) && (text[n] == '_' || text[n] >= 'a' && text[n] <= 'z' || text[n] >= '0' && text[n] <= '9') {
		n++
	}
	return n > 0 && n+1 < len(text) && text[n] == ':' && strings.IndexByte(" \t\r\n", text[n+1]) >= 0
}

// alone reads the code of one hole.
func (f *File) alone(s *scanner, h *Hole, opt Option) *syntax.File {
	opt.At = f.Code.Place(h.from + s.at)
	opt.Arguments = h.args
	return syntax.Parse([]byte(s.src[h.from:h.to]), opt)
}

// dropText takes out braces between tags that hold no Elixir: before LiveView 1.0 they were text.
func (f *File) dropText(s *scanner, opt Option) (dropped bool) {
	kept := f.Holes[:0:0]
	for i, h := range f.Holes {
		if i < mostAlone && h.Mark == Curly && h.Context == Text && f.alone(s, h, opt).Partial {
			dropped = true
			continue
		}
		kept = append(kept, h)
	}
	f.Holes = kept
	return dropped
}

// assign finds the expression of each hole: the largest that begins with it.
func (f *File) assign() {
	byCode := make(map[int]*Hole, len(f.Holes))
	for _, h := range f.Holes {
		if !h.args {
			byCode[h.code] = h
		}
	}
	var visit func(n *syntax.Node) bool
	visit = func(n *syntax.Node) bool {
		switch {
		case n.Kind == syntax.Clause: // its head is a pattern
			syntax.Walk(n.Args[1], visit)
			return false
		case n.Kind == syntax.Pair: // its key is the do or else of a block
			syntax.Walk(n.Args[1], visit)
			return false
		case n.Kind == syntax.Block && n.Flags&syntax.Parens == 0, n.Flags&syntax.Bare != 0:
			return true
		}
		if h := byCode[int(n.Start)]; h != nil && h.Node == nil {
			h.Node = n
		}
		return true
	}
	syntax.Walk(f.Code.Tree, visit)
}

// mostAlone is how many holes of one file are read on their own: each is a small file to begin and end with.
const mostAlone = 5000

// assignAlone reads holes on their own: keywords, and where the common reading was partial whatever it has not assigned.
func (f *File) assignAlone(s *scanner, opt Option) {
	tries := 0
	for _, h := range f.Holes {
		if h.Node != nil || !h.args && !f.Code.Partial {
			continue
		}
		if tries++; tries > mostAlone {
			f.Partial = true
			p := f.Code.Place(h.Start)
			f.Faults = append(f.Faults, syntax.Fault{Line: p.Line, Column: p.Column, Expected: fmt.Sprintf("at most %d holes to read one by one", mostAlone)})
			return
		}
		alone := f.alone(s, h, opt)
		switch {
		case !alone.Partial && alone.Tree.Kind == syntax.Block && len(alone.Tree.Args) == 1:
			h.Node = alone.Tree.Args[0]
		case !alone.Partial && (alone.Tree.Kind != syntax.Block || len(alone.Tree.Args) > 0):
			h.Node = alone.Tree
		case h.args:
			f.Faults, f.Partial = append(f.Faults, alone.Faults...), true
		}
	}
}
