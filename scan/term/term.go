// Package term reads constant Elixir terms: the lists, tuples, maps, atoms, strings and numbers of lock files and of
// .sobelow-conf. Mix evaluates such files; here whatever is not a constant is an error, so a lock file with code in it
// is told and never run.
package term

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind is what a term is.
type Kind uint8

// The kinds of terms. A keyword pair is a tuple of an atom and a value, as in Elixir.
const (
	Atom Kind = iota
	String
	Number
	List
	Tuple
	Map // its items are keys and values in turn
)

var kinds = [...]string{"an atom", "a string", "a number", "a list", "a tuple", "a map"}

func (k Kind) String() string { return kinds[k] }

// Term is one term and where it stands, as offsets in bytes.
type Term struct {
	Kind       Kind
	Text       string // of an atom, a string or a number
	Items      []Term
	Start, End int
}

// Is says whether the term is this atom.
func (t Term) Is(atom string) bool { return t.Kind == Atom && t.Text == atom }

// Get finds the value of an atom key in a keyword list or a map.
func (t Term) Get(key string) (Term, bool) {
	switch t.Kind {
	case List:
		for _, pair := range t.Items {
			if pair.Kind == Tuple && len(pair.Items) == 2 && pair.Items[0].Is(key) {
				return pair.Items[1], true
			}
		}
	case Map:
		for i := 0; i+1 < len(t.Items); i += 2 {
			if t.Items[i].Is(key) {
				return t.Items[i+1], true
			}
		}
	}
	return Term{}, false
}

// Words gives a list of strings or atoms, and false if it is anything else.
func (t Term) Words() ([]string, bool) {
	if t.Kind != List {
		return nil, false
	}
	words := make([]string, 0, len(t.Items))
	for _, item := range t.Items {
		if item.Kind != String && item.Kind != Atom {
			return nil, false
		}
		words = append(words, item.Text)
	}
	return words, true
}

// Error is a place that holds no constant term.
type Error struct {
	Line, Column int
	Offset       int
	What         string
}

func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.What) }

// deepest is how far terms may nest. Lock files nest four deep.
const deepest = 64

// Reader reads terms one after the other.
type Reader struct {
	src []byte
	at  int
}

// NewReader reads from the beginning of a text; a mark of the byte order is passed over.
func NewReader(src []byte) *Reader {
	r := &Reader{src: src}
	if strings.HasPrefix(string(src[:min(3, len(src))]), "\ufeff") {
		r.at = 3
	}
	return r
}

// Parse reads a text that is one term.
func Parse(src []byte) (Term, error) {
	r := NewReader(src)
	t, err := r.Term()
	if err != nil {
		return t, err
	}
	if !r.Done() {
		return t, r.fail(r.at, "something follows the term")
	}
	return t, nil
}

// At is where the reader stands; Jump sets it.
func (r *Reader) At() int { return r.at }

// Jump lets the reader go on elsewhere, as behind an entry that could not be read.
func (r *Reader) Jump(offset int) { r.at = min(max(offset, 0), len(r.src)) }

// Done says whether nothing but blanks and comments is left.
func (r *Reader) Done() bool {
	r.blank()
	return r.at >= len(r.src)
}

// Take passes over a sign if it comes next.
func (r *Reader) Take(sign string) bool {
	r.blank()
	if !strings.HasPrefix(string(r.src[r.at:min(len(r.src), r.at+len(sign))]), sign) {
		return false
	}
	r.at += len(sign)
	return true
}

// Line and column of an offset, from 1; the column counts bytes.
func (r *Reader) Line(offset int) (line, column int) {
	before := string(r.src[:min(offset, len(r.src))])
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

// Term reads the next term.
func (r *Reader) Term() (Term, error) { return r.term(0) }

func (r *Reader) term(depth int) (Term, error) {
	r.blank()
	start := r.at
	if depth > deepest {
		return Term{}, r.fail(start, fmt.Sprintf("terms nest more than %d deep", deepest))
	}
	if start >= len(r.src) {
		return Term{}, r.fail(start, "the text ends where a term should be")
	}
	t := Term{Start: start}
	var err error
	switch c := r.src[start]; {
	case c == '[':
		t.Kind = List
		r.at++
		t.Items, err = r.items(']', depth, false)
	case c == '{':
		t.Kind = Tuple
		r.at++
		t.Items, err = r.items('}', depth, false)
	case r.Take("%{"):
		t.Kind = Map
		t.Items, err = r.items('}', depth, true)
	case c == '"':
		t.Kind = String
		t.Text, err = r.quoted()
	case c == ':' && start+1 < len(r.src) && r.src[start+1] == '"':
		r.at++
		t.Kind = Atom
		t.Text, err = r.quoted()
	case c == ':' && start+1 < len(r.src) && nameStart(r.src[start+1]):
		r.at++
		t.Kind, t.Text = Atom, r.name()
	case c >= '0' && c <= '9' || c == '-' && start+1 < len(r.src) && digit(r.src[start+1]):
		t.Kind = Number
		r.at++
		for r.at < len(r.src) && (digit(r.src[r.at]) || r.src[r.at] == '_' || r.src[r.at] == '.' && r.at+1 < len(r.src) && digit(r.src[r.at+1])) {
			r.at++
		}
		t.Text = string(r.src[start:r.at])
	default:
		word := r.name()
		switch {
		case word == "true" || word == "false" || word == "nil":
			t.Kind, t.Text = Atom, word
		case word != "" && word[0] >= 'A' && word[0] <= 'Z': // a module's name is an atom
			for r.at+1 < len(r.src) && r.src[r.at] == '.' && nameStart(r.src[r.at+1]) && r.src[r.at+1] < 'a' {
				r.at++
				word += "." + r.name()
			}
			t.Kind, t.Text = Atom, "Elixir."+word
			if r.at < len(r.src) && (r.src[r.at] == '.' || r.src[r.at] == '(') {
				err = r.fail(start, "code stands where a constant should be")
			}
		case strings.HasPrefix(string(r.src[start:min(len(r.src), start+7)]), "<<<<<<<"):
			err = r.fail(start, "a merge conflict is not resolved here")
		default:
			err = r.fail(start, "code stands where a constant should be")
		}
	}
	t.End = r.at
	return t, err
}

// items reads up to a closing sign: terms, keyword pairs, and in a map keys and values.
func (r *Reader) items(closing byte, depth int, pairs bool) ([]Term, error) {
	var items []Term
	words := -1 // in a tuple: where its keyword pairs begin, which are one list, its last element
	whole := func() []Term {
		if words < 0 || closing != '}' {
			return items
		}
		pairs := items[words:]
		return append(items[:words:words], Term{Kind: List, Items: pairs, Start: pairs[0].Start, End: pairs[len(pairs)-1].End})
	}
	for {
		if r.Take(string(closing)) {
			return whole(), nil
		}
		key, keyword, err := r.key(depth)
		if err != nil {
			return nil, err
		}
		switch {
		case keyword && pairs, pairs && r.Take("=>"):
			value, err := r.term(depth + 1)
			if err != nil {
				return nil, err
			}
			items = append(items, key, value)
		case keyword:
			value, err := r.term(depth + 1)
			if err != nil {
				return nil, err
			}
			if words < 0 {
				words = len(items)
			}
			items = append(items, Term{Kind: Tuple, Items: []Term{key, value}, Start: key.Start, End: value.End})
		case words >= 0:
			return nil, r.fail(key.Start, "something follows the keyword pairs")
		case pairs:
			return nil, r.fail(r.at, "a key of the map has no value")
		default:
			items = append(items, key)
		}
		if r.Take(",") {
			continue
		}
		if r.Take(string(closing)) {
			return whole(), nil
		}
		return nil, r.fail(r.at, fmt.Sprintf("a comma or %q should be here", closing))
	}
}

// key reads a term, or the name of a keyword pair as `only:` or `"a b":`.
func (r *Reader) key(depth int) (t Term, keyword bool, err error) {
	r.blank()
	start := r.at
	if start < len(r.src) && nameStart(r.src[start]) {
		name := r.name()
		if r.colon() {
			return Term{Kind: Atom, Text: name, Start: start, End: r.at}, true, nil
		}
		r.at = start
	}
	t, err = r.term(depth + 1)
	if err == nil && t.Kind == String && r.colon() {
		t.Kind, t.End = Atom, r.at
		return t, true, nil
	}
	return t, false, err
}

// colon passes over the colon that makes a keyword of what is before it.
func (r *Reader) colon() bool {
	if r.at < len(r.src) && r.src[r.at] == ':' && (r.at+1 == len(r.src) || r.src[r.at+1] != ':') {
		r.at++
		return true
	}
	return false
}

// name reads a name, which may end in a question or exclamation mark.
func (r *Reader) name() string {
	start := r.at
	if r.at < len(r.src) && nameStart(r.src[r.at]) {
		for r.at < len(r.src) && (nameStart(r.src[r.at]) || digit(r.src[r.at]) || r.src[r.at] == '@') {
			r.at++
		}
		if r.at < len(r.src) && (r.src[r.at] == '?' || r.src[r.at] == '!') {
			r.at++
		}
	}
	return string(r.src[start:r.at])
}

// quoted reads a string in double quotes. Interpolation is code.
func (r *Reader) quoted() (string, error) {
	start := r.at
	r.at++
	var b strings.Builder
	for r.at < len(r.src) {
		c := r.src[r.at]
		r.at++
		switch {
		case c == '"':
			return b.String(), nil
		case c == '#' && r.at < len(r.src) && r.src[r.at] == '{':
			return "", r.fail(r.at-1, "code stands in a string")
		case c == '\\' && r.at < len(r.src):
			e := r.src[r.at]
			r.at++
			switch e {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			case 'u', 'x':
				b.WriteRune(r.hex(e))
			case '\n':
			default:
				b.WriteByte(e)
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", r.fail(start, "a string does not end")
}

// hex reads the number of an escape: two digits, four, or any within braces.
func (r *Reader) hex(kind byte) rune {
	digits, braces := 2, false
	if kind == 'u' {
		digits = 4
	}
	if r.at < len(r.src) && r.src[r.at] == '{' {
		r.at++
		digits, braces = 6, true
	}
	n := rune(0)
	for ; digits > 0 && r.at < len(r.src); digits-- {
		d := strings.IndexByte("0123456789abcdef", r.src[r.at]|0x20)
		if d < 0 {
			break
		}
		n = n<<4 | rune(d)
		r.at++
	}
	if braces && r.at < len(r.src) && r.src[r.at] == '}' {
		r.at++
	}
	if !utf8.ValidRune(n) {
		return utf8.RuneError
	}
	return n
}

// blank passes over blanks, line ends and comments.
func (r *Reader) blank() {
	for r.at < len(r.src) {
		switch r.src[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		case '#':
			for r.at < len(r.src) && r.src[r.at] != '\n' {
				r.at++
			}
		default:
			return
		}
	}
}

func (r *Reader) fail(at int, what string) *Error {
	line, column := r.Line(at)
	return &Error{Line: line, Column: column, Offset: at, What: what}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func nameStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}
