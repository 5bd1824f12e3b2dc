package honeypot

import "bytes"

// scanner walks through a page, piece by piece, and finds where its body ends. A "</body>" in a script, a comment or an
// attribute is none. It follows the tokenizer of the HTML standard as far as that matters here.
type scanner struct {
	state  state
	name   [12]byte // of the tag being read, in lower case
	n      int
	end    bool // it is an end tag
	raw    string
	tail   []byte // of raw text since the last '<', in lower case
	dashes int
	bang   bool

	escaped, twice bool // "<!--" in a script, and a "<script" in that
}

type state uint8

const (
	text state = iota
	open
	endOpen
	tagName
	beforeName
	attrName
	afterName
	beforeValue
	doubleQuoted
	singleQuoted
	unquoted
	markup // "<!"
	comment
	bogus
	rawText
)

// rawTexts are elements whose content is no markup.
var rawTexts = map[string]bool{
	"script": true, "style": true, "title": true, "textarea": true, "iframe": true, "noembed": true, "noframes": true, "xmp": true, "plaintext": true,
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func letter(c byte) bool { c = lower(c); return 'a' <= c && c <= 'z' }

// scan reads on. It gives the index of the byte after "</body", or -1.
func (s *scanner) scan(b []byte) int {
	for i := 0; i < len(b); {
		c := b[i]
		switch s.state {
		case text:
			j := bytes.IndexByte(b[i:], '<')
			if j < 0 {
				return -1
			}
			i += j + 1
			s.state = open
		case open:
			switch {
			case letter(c):
				s.begin(false)
			case c == '/':
				s.state = endOpen
				i++
			case c == '!':
				s.state, s.dashes = markup, 0
				i++
			case c == '?':
				s.state = bogus
				i++
			default:
				s.state = text
			}
		case endOpen:
			switch {
			case letter(c):
				s.begin(true)
			case c == '>':
				s.state = text
				i++
			default:
				s.state = bogus
			}
		case tagName:
			if space(c) || c == '/' || c == '>' {
				if s.end && s.is("body") {
					return i
				}
				s.state = beforeName
				continue
			}
			if s.n < len(s.name) {
				s.name[s.n] = lower(c)
			}
			s.n++
			i++
		case markup:
			switch {
			case c == '-':
				i++
				if s.dashes++; s.dashes == 2 {
					s.state, s.bang = comment, false // "<!-->" is a whole comment, so the two count for its end
				}
			case s.dashes == 1:
				s.state = bogus
			default:
				s.state = bogus
			}
		case comment:
			i++
			switch {
			case c == '>' && (s.dashes >= 2 || s.bang):
				s.state = text
			case c == '-':
				if s.bang {
					s.dashes, s.bang = 0, false
				}
				s.dashes++
			case c == '!' && s.dashes >= 2:
				s.dashes, s.bang = 0, true
			default:
				s.dashes, s.bang = 0, false
			}
		case bogus:
			j := bytes.IndexByte(b[i:], '>')
			if j < 0 {
				return -1
			}
			i += j + 1
			s.state = text
		case rawText:
			i = s.inRaw(b, i)
		default:
			i = s.inTag(b, i)
		}
	}
	return -1
}

func (s *scanner) begin(end bool) { s.state, s.end, s.n = tagName, end, 0 }

func (s *scanner) is(name string) bool {
	return s.n == len(name) && string(s.name[:s.n]) == name
}

// inTag reads attributes, in whose quotes a '>' ends nothing.
func (s *scanner) inTag(b []byte, i int) int {
	c := b[i]
	switch s.state {
	case doubleQuoted, singleQuoted:
		quote := byte('"')
		if s.state == singleQuoted {
			quote = '\''
		}
		j := bytes.IndexByte(b[i:], quote)
		if j < 0 {
			return len(b)
		}
		s.state = beforeName
		return i + j + 1
	case beforeValue:
		switch {
		case space(c):
		case c == '"':
			s.state = doubleQuoted
		case c == '\'':
			s.state = singleQuoted
		case c == '>':
			s.close()
		default:
			s.state = unquoted
		}
		return i + 1
	}
	switch {
	case c == '>':
		s.close()
	case s.state == unquoted:
		if space(c) {
			s.state = beforeName
		}
	case c == '=' && s.state != beforeName:
		s.state = beforeValue
	case c == '/':
		s.state = beforeName
	case space(c):
		if s.state == attrName {
			s.state = afterName
		}
	default:
		s.state = attrName
	}
	return i + 1
}

// close ends a tag, after which the content of some is raw.
func (s *scanner) close() {
	s.state = text
	if !s.end && s.n <= len(s.name) && rawTexts[string(s.name[:s.n])] {
		s.state, s.raw = rawText, string(s.name[:s.n])
		s.tail, s.escaped, s.twice = s.tail[:0], false, false
	}
}

// inRaw looks for the end tag of a raw element. A script may hold "<!-- <script> </script> -->" whole.
func (s *scanner) inRaw(b []byte, i int) int {
	if len(s.tail) == 0 && !s.escaped {
		j := bytes.IndexByte(b[i:], '<')
		if j < 0 {
			return len(b)
		}
		i += j
	}
	c := b[i]
	if c == '<' && !s.escaped {
		s.tail = s.tail[:0]
	}
	const longest = len("</plaintext ")
	if len(s.tail) == longest {
		if !s.escaped {
			s.tail = s.tail[:0]
			return i // an element with so long a name does not end raw text
		}
		s.tail = append(s.tail[:0], s.tail[1:]...)
	}
	s.tail = append(s.tail, lower(c))
	if space(c) || c == '/' || c == '>' {
		before := s.tail[:len(s.tail)-1]
		switch {
		case s.escaped && !s.twice && bytes.HasSuffix(before, []byte("<script")):
			s.twice = true
		case s.raw != "plaintext" && bytes.HasSuffix(before, []byte("</"+s.raw)):
			if s.twice {
				s.twice = false
				break
			}
			s.state, s.end, s.n = beforeName, true, 0
			return i
		}
	}
	if s.raw == "script" {
		if bytes.HasSuffix(s.tail, []byte("<!--")) {
			s.escaped = true
		} else if s.escaped && bytes.HasSuffix(s.tail, []byte("-->")) {
			s.escaped, s.twice = false, false
			s.tail = s.tail[:0]
		}
	}
	return i + 1
}

// pending is how many of the last bytes may be the beginning of "</body".
func (s *scanner) pending() int {
	switch {
	case s.state == open:
		return 1
	case s.state == endOpen:
		return 2
	case s.state == tagName && s.end && s.n <= len("body") && string(s.name[:s.n]) == "body"[:s.n]:
		return 2 + s.n
	}
	return 0
}
