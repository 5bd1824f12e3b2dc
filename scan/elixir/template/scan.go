package template

import (
	"strings"
)

// scanner finds code and tags. It never fails: text that is not well-formed HTML is text.
type scanner struct {
	language Language
	src      string
	at       int // where src begins in the outer file

	i       int
	context Context
	quote   byte
	attr    *Attr

	holes    []*Hole
	elements []*Element
	open     []*Element // the innermost last
	tag      *Element   // the tag being read
	noCurly  *Element   // inside of it, braces are text
	braces   []int32    // for each { the offset of its }, for HEEx; 0 where it has none
	lost     []lost
}

// lost is code that was not read, and why.
type lost struct {
	at       int
	expected string
}

func newScanner(language Language, src string, at int) *scanner {
	s := &scanner{language: language, src: src, at: at, context: Text}
	if language == Plain {
		s.context = Anywhere
	}
	if language == HEEx && strings.Contains(src, "{") {
		s.braces = matchBraces(src)
	}
	return s
}

// matchBraces pairs braces as LiveView does: by counting, strings and comments included, but for those behind a backslash.
func matchBraces(src string) []int32 {
	pairs := make([]int32, len(src))
	var open []int32
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '\\':
			if i+1 < len(src) && (src[i+1] == '{' || src[i+1] == '}') && len(open) > 0 {
				i++
			}
		case '{':
			open = append(open, int32(i))
		case '}':
			if n := len(open); n > 0 {
				pairs[open[n-1]] = int32(i)
				open = open[:n-1]
			}
		}
	}
	return pairs
}

func (s *scanner) has(prefix string) bool { return strings.HasPrefix(s.src[s.i:], prefix) }

// hasFold is has for ASCII letters of either case.
func (s *scanner) hasFold(prefix string) bool {
	return len(s.src)-s.i >= len(prefix) && strings.EqualFold(s.src[s.i:s.i+len(prefix)], prefix)
}

func (s *scanner) scan() {
	for s.i < len(s.src) {
		switch {
		case s.has("<%"):
			s.embedded()
		case s.context == Anywhere:
			s.skipTo("<%")
		case s.tag != nil:
			s.inTag()
		case s.context == Comment:
			if s.has("-->") {
				s.context = Text
			}
			s.i++
		case s.context == Script || s.context == Style:
			name := "</script"
			if s.context == Style {
				name = "</style"
			}
			if s.hasFold(name) {
				s.context = Text
				break
			}
			s.i++
		default:
			s.inText()
		}
	}
}

// skipTo moves to a text, or to the end.
func (s *scanner) skipTo(text string) bool {
	n := strings.Index(s.src[s.i:], text)
	if n < 0 {
		s.i = len(s.src)
		return false
	}
	s.i += n
	return true
}

// embedded reads what begins with <%.
func (s *scanner) embedded() {
	start := s.i
	switch {
	case s.has("<%%"): // written as <%
		s.i += 3
		return
	case s.has("<%!--"):
		if s.skipTo("--%>") {
			s.i += 4
		}
		return
	}
	s.i += 2
	mark := Statement
	switch {
	case s.has("#"):
		if s.skipTo("%>") {
			s.i += 2
		}
		return
	case s.has("=="):
		mark = Raw
		s.i += 2
	case s.has("="):
		mark = Output
		s.i++
	case s.has("|"), s.has("/"):
		s.i++
	}
	from := s.i
	if !s.skipTo("%>") {
		s.lost = append(s.lost, lost{start, "%> to end the code"})
		return
	}
	s.add(&Hole{Mark: mark, Start: start, End: s.i + 2, from: from, to: s.i})
	s.i += 2
}

// curly reads {expression} at s.i, where that is one.
func (s *scanner) curly() *Hole {
	if s.braces == nil || s.braces[s.i] == 0 {
		return nil
	}
	end := int(s.braces[s.i])
	h := &Hole{Mark: Curly, Start: s.i, End: end + 1, from: s.i + 1, to: end}
	s.i = end + 1
	s.add(h)
	return h
}

func (s *scanner) add(h *Hole) {
	h.Start, h.End = h.Start+s.at, h.End+s.at
	h.Context = s.context
	if s.tag != nil {
		h.Element = s.tag
		h.Context = Tag
		if s.attr != nil {
			h.Context, h.Name, h.Quote = Attribute, s.attr.Name, s.quote
		}
	} else if n := len(s.open); n > 0 {
		h.Element = s.open[n-1]
	}
	s.holes = append(s.holes, h)
}

func (s *scanner) inText() {
	switch c := s.src[s.i]; {
	case c == '{' && s.noCurly == nil && s.curly() != nil:
	case c != '<':
		s.i++
	case s.has("<!--"):
		s.context = Comment
		s.i += 4
	case s.has("</"):
		s.i += 2
		s.close(s.name())
		if s.skipTo(">") {
			s.i++
		}
	default:
		start := s.i
		s.i++
		if s.i == len(s.src) || !beginsName(s.src[s.i]) {
			return
		}
		s.tag = &Element{Name: s.name(), Start: start + s.at}
		if n := len(s.open); n > 0 {
			s.tag.Parent = s.open[n-1]
		}
		s.elements = append(s.elements, s.tag)
	}
}

func beginsName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == ':'
}

// ends are the bytes that end names of tags and attributes.
const ends = " \t\r\n\f/>=\"'{<"

func (s *scanner) name() string {
	start := s.i
	for s.i < len(s.src) && strings.IndexByte(ends, s.src[s.i]) < 0 {
		s.i++
	}
	return s.src[start:s.i]
}

// inTag reads a piece of an opening tag: white space, an attribute, a part of an attribute's value, or the end.
func (s *scanner) inTag() {
	if s.attr != nil {
		s.inValue()
		return
	}
	switch c := s.src[s.i]; {
	case c == '>' || s.has("/>"):
		s.endTag(c == '/')
	case c == '{' && s.braces != nil && s.braces[s.i] != 0:
		start := s.i
		h := s.curly()
		s.tag.Attributes = append(s.tag.Attributes, &Attr{Start: start + s.at, End: h.End, Expr: h})
	case strings.IndexByte(ends, c) >= 0:
		s.i++
	default:
		s.attribute()
	}
}

func (s *scanner) attribute() {
	a := &Attr{Start: s.i + s.at}
	a.Name = s.name()
	a.End = s.i + s.at
	s.tag.Attributes = append(s.tag.Attributes, a)
	if a.Name == "phx-no-curly-interpolation" && s.noCurly == nil {
		s.noCurly = s.tag
	}
	at := s.i
	for at < len(s.src) && strings.IndexByte(" \t\r\n\f", s.src[at]) >= 0 {
		at++
	}
	if at == len(s.src) || s.src[at] != '=' {
		return
	}
	for at++; at < len(s.src) && strings.IndexByte(" \t\r\n\f", s.src[at]) >= 0; at++ {
	}
	if s.i = at; at == len(s.src) {
		return
	}
	s.attr, s.quote = a, 0
	switch c := s.src[at]; {
	case c == '"' || c == '\'':
		s.quote = c
		s.i++
	case c == '{' && s.braces != nil && s.braces[at] != 0:
		a.Expr = s.curly()
		a.End = a.Expr.End
		s.attr = nil
		return
	}
	a.End = s.i // where the value begins, until it is read
}

// inValue reads a byte of a value; a hole in it was read before.
func (s *scanner) inValue() {
	c := s.src[s.i]
	switch {
	case s.quote != 0 && c == s.quote:
		s.attr.Value = s.src[s.attr.End:s.i]
		s.i++
	case s.quote == 0 && strings.IndexByte(" \t\r\n\f>", c) >= 0:
		s.attr.Value = s.src[s.attr.End:s.i]
	default:
		s.i++
		return
	}
	s.attr.End = s.i + s.at
	s.attr, s.quote = nil, 0
}

// void elements have no end tag.
var void = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true,
	"meta": true, "param": true, "source": true, "track": true, "wbr": true,
}

func (s *scanner) endTag(closed bool) {
	s.i++
	if closed {
		s.i++
	}
	t := s.tag
	t.End, s.tag = s.i+s.at, nil
	name := strings.ToLower(t.Name)
	switch {
	case closed && (s.language == HEEx || name != "script" && name != "style"), void[name]:
		if s.noCurly == t {
			s.noCurly = nil
		}
		return
	case name == "script":
		s.context = Script
	case name == "style":
		s.context = Style
	}
	s.open = append(s.open, t)
}

// farthest is how many unclosed elements an end tag reaches over; templates close a <div> in one branch that two opened.
const farthest = 64

func (s *scanner) close(name string) {
	for n := len(s.open) - 1; n >= 0 && n >= len(s.open)-farthest; n-- {
		if !strings.EqualFold(s.open[n].Name, name) {
			continue
		}
		for _, e := range s.open[n:] {
			if e == s.noCurly {
				s.noCurly = nil
			}
		}
		s.open = s.open[:n]
		return
	}
}
