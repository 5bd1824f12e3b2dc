// Package template reads Phoenix templates: EEx and LEEx, HEEx, and the text of ~H, ~E and ~L sigils. It finds the code in the
// text, reads it as one piece of Elixir with its places in the outer file, and tells for each hole where in the page it lands,
// since what is harmless between two tags is not harmless in a script.
package template

import (
	"fmt"
	"path"
	"strings"

	"palisade.dev/scan/elixir/syntax"
)

// Language is how the text round the code is read.
type Language uint8

const (
	Plain Language = iota // code in any text: mails, scripts, generated sources
	HTML                  // code in HTML: html.eex, html.leex, ~E, ~L
	HEEx                  // HTML whose tags are read too, with {expressions} in attributes and text
)

// Option bounds the work; see syntax.Option, whose At is where the template begins in the outer file.
type Option = syntax.Option

// File is what was read of one template.
type File struct {
	Code     *syntax.File // all code as one source, in its order, as if the text were white space
	Holes    []*Hole      // in the order of the source
	Elements []*Element   // in the order of their opening tags
	Faults   []syntax.Fault
	Partial  bool // some of the code is in no tree
}

// Mark is how a hole was written.
type Mark uint8

const (
	Output    Mark = iota // <%= expression %>, put into the page
	Statement             // <% code %>
	Curly                 // {expression}, put into the page or given to a component
	Raw                   // <%== expression %>, put into the page as it is, by engines that know it
)

// Context is where in the page a hole lands.
type Context uint8

const (
	Anywhere  Context = iota // in a plain text
	Text                     // between tags
	Tag                      // among the attributes of a tag, or as its name
	Attribute                // in the value of an attribute
	Script                   // between <script> and </script>
	Style                    // between <style> and </style>
	Comment                  // in <!-- -->, which reaches the browser
)

var contextNames = [...]string{"anywhere", "text", "tag", "attribute", "script", "style", "comment"}

func (c Context) String() string { return contextNames[c] }

// Hole is code in the text.
type Hole struct {
	Mark       Mark
	Context    Context
	Quote      byte         // ", ' or 0: what stands round an attribute's value
	Start, End int          // of all of it, delimiters included, in the outer file
	Node       *syntax.Node // the expression, which may go on behind the hole to an <% end %>; nil where there is none, as in <% end %>
	Element    *Element     // what it stands in, or whose tag it is in; nil at the top
	Name       string       // of the attribute whose value it is in

	from, to int  // the code, in the source itself
	code     int  // where it begins in the outer file, white space and comments apart
	args     bool // it is keywords, and read on its own
}

// Element is one tag: of HTML, of a component (.button, Mod.button) or of a slot (:header).
type Element struct {
	Name       string
	Attributes []*Attr
	Parent     *Element
	Start, End int // of the opening tag, in the outer file
}

// Attr is an attribute as written; its name may be one of :if, :for, :let and the like, and is empty for {@rest}.
type Attr struct {
	Name       string
	Value      string // the text between the quotes, holes included as written; empty where the value is Expr
	Start, End int
	Expr       *Hole // the value, where it is one {expression}
}

// Attribute finds an attribute by name; it is nil where there is none.
func (e *Element) Attribute(name string) *Attr {
	if e != nil {
		for _, a := range e.Attributes {
			if a.Name == name {
				return a
			}
		}
	}
	return nil
}

// LanguageOf tells from a file's name how it is read. Phoenix escapes what goes into .html templates and no others.
func LanguageOf(name string) Language {
	base := path.Base(name)
	switch {
	case strings.HasSuffix(base, ".heex"):
		return HEEx
	case strings.HasSuffix(base, ".leex"), strings.HasSuffix(base, ".html.eex"):
		return HTML
	}
	return Plain
}

// Parse reads a template of which the name tells the language.
func Parse(name string, src []byte, opt Option) *File { return Read(LanguageOf(name), src, opt) }

// Sigil reads the template in a ~H, ~E or ~L sigil of a file; ok is false for other nodes.
func Sigil(f *syntax.File, n *syntax.Node, opt Option) (t *File, ok bool) {
	if n.Kind != syntax.Sigil || len(n.Args) != 1 || n.Args[0].Kind != syntax.String {
		return nil, false
	}
	languages := map[string]Language{"H": HEEx, "E": HTML, "L": HTML, "LVN": HEEx}
	language, ok := languages[n.Name]
	if !ok {
		return nil, false
	}
	opt.At = f.Start(n.Args[0])
	return Read(language, []byte(f.Source(n.Args[0])), opt), true
}

// Read reads a template in a language.
func Read(language Language, src []byte, opt Option) *File {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = syntax.DefaultBytes
	}
	if len(src) > opt.MaxBytes {
		f := &File{Code: syntax.Parse(nil, opt), Partial: true}
		f.Faults = []syntax.Fault{{Line: max(opt.At.Line, 1), Column: max(opt.At.Column, 1), Expected: fmt.Sprintf("at most %d bytes", opt.MaxBytes), Found: fmt.Sprint(len(src))}}
		return f
	}
	s := newScanner(language, string(src), opt.At.Offset)
	s.scan()
	f := &File{Holes: s.holes, Elements: s.elements}
	f.readCode(s, opt)
	return f
}
