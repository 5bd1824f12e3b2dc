package syntax

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Quoted prints a tree as its quoted form: (name args…) for a triple, $name for a variable, {a b} for a pair, [a b] for a list.
// scripts/elixir-oracle/quoted.exs prints what Elixir parsed in the same way, so that two texts tell whether two trees are equal.
func Quoted(n *Node) string {
	var p printer
	p.node(n)
	return string(p.b)
}

type printer struct{ b []byte }

func (p *printer) add(s string) { p.b = append(p.b, s...) }

func (p *printer) list(open string, ns []*Node, closing string) {
	p.add(open)
	for i, n := range ns {
		if i > 0 {
			p.add(" ")
		}
		p.node(n)
	}
	p.add(closing)
}

// triple prints {callee, _, args}.
func (p *printer) triple(callee string, args []*Node) {
	p.add("(")
	p.add(callee)
	for _, a := range args {
		p.add(" ")
		p.node(a)
	}
	p.add(")")
}

func (p *printer) node(n *Node) {
	switch n.Kind {
	case Integer:
		p.add(n.decimal())
	case Float:
		f, _ := strconv.ParseFloat(strings.ReplaceAll(n.Name, "_", ""), 64)
		fmt.Fprintf((*writer)(p), "f%016x", math.Float64bits(f))
	case Atom:
		p.atom(n.Name)
	case String:
		p.text(n.Name)
	case Charlist:
		p.add("[")
		for i, c := range n.Name {
			if i > 0 {
				p.add(" ")
			}
			if c == utf8.RuneError && !strings.HasPrefix(n.Name[i:], "\ufffd") {
				c = rune(n.Name[i])
			}
			p.add(strconv.Itoa(int(c)))
		}
		p.add("]")
	case StringParts:
		p.parts(n.Args)
	case CharlistParts:
		p.add("((. :Elixir.List :to_charlist) [")
		for i, a := range n.Args {
			if i > 0 {
				p.add(" ")
			}
			if a.Kind == Hole {
				p.hole(a)
			} else {
				p.node(a)
			}
		}
		p.add("])")
	case AtomParts:
		p.add("((. :erlang :binary_to_atom) ")
		p.parts(n.Args)
		p.add(" :utf8)")
	case Sigil:
		p.add("(sigil_" + n.Name + " ")
		p.parts(n.Args)
		p.add(" ")
		p.node(n.Fun)
		p.add(")")
	case Hole:
		p.hole(n)
	case Var:
		p.add("$")
		p.name(n.Name)
	case Alias:
		p.add("(__aliases__")
		if n.Fun != nil {
			p.add(" ")
			p.node(n.Fun)
		}
		for _, s := range strings.Split(n.Name, ".") {
			p.add(" ")
			p.atom(s)
		}
		p.add(")")
	case Call:
		p.add("(")
		p.name(n.Name)
		p.args(n.Args)
	case Remote:
		p.add("((. ")
		p.node(n.Fun)
		p.add(" ")
		p.atom(n.Name)
		p.add(")")
		p.args(n.Args)
	case Invoke:
		p.add("((. ")
		p.node(n.Fun)
		p.add(")")
		p.args(n.Args)
	case Again:
		p.add("(")
		p.node(n.Fun)
		p.args(n.Args)
	case Access:
		p.triple("(. :Elixir.Access :get)", n.Args)
	case List:
		p.list("[", n.Args, "]")
	case Pair:
		p.list("{", n.Args, "}")
	case Tuple:
		if len(n.Args) == 2 {
			p.list("{", n.Args, "}")
		} else {
			p.triple("{}", n.Args)
		}
	case Map:
		p.triple("%{}", n.Args)
	case Struct:
		p.add("(% ")
		p.node(n.Fun)
		p.add(" ")
		p.triple("%{}", n.Args)
		p.add(")")
	case Bitstring:
		p.triple("<<>>", n.Args)
	case Block:
		p.triple("__block__", n.Args)
	case Fn:
		p.triple("fn", n.Args)
	case Clause:
		p.triple("->", n.Args)
	}
}

func (p *printer) args(args []*Node) {
	for _, a := range args {
		p.add(" ")
		p.node(a)
	}
	p.add(")")
}

func (p *printer) parts(parts []*Node) {
	p.add("(<<>>")
	for _, a := range parts {
		p.add(" ")
		if a.Kind == Hole {
			p.add("(:: ")
			p.hole(a)
			p.add(" $binary)")
		} else {
			p.node(a)
		}
	}
	p.add(")")
}

func (p *printer) hole(n *Node) { p.triple("(. :Elixir.Kernel :to_string)", n.Args) }

func (p *printer) atom(s string) {
	p.add(":")
	p.name(s)
}

// name prints names of letters and of operators as they are, others between quotes.
func (p *printer) name(s string) {
	plain := s != ""
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] > ' ' && s[i] < utf8.RuneSelf && s[i] != '"' && s[i] != '(' && s[i] != ')' && s[i] != '[' && s[i] != ']' && s[i] != '\\'
	}
	if plain {
		p.add(s)
	} else {
		p.text(s)
	}
}

func (p *printer) text(s string) {
	const digits = "0123456789abcdef"
	p.add(`"`)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			p.add(`\n`)
		case c < ' ' || c >= 0x7f || c == '"' || c == '\\':
			p.b = append(p.b, '\\', 'x', digits[c>>4], digits[c&15])
		default:
			p.b = append(p.b, c)
		}
	}
	p.add(`"`)
}

type writer printer

func (w *writer) Write(b []byte) (int, error) {
	w.b = append(w.b, b...)
	return len(b), nil
}

// decimal is an integer in decimal digits, however it was written.
func (n *Node) decimal() string {
	if v, ok := n.Int(); ok {
		return strconv.FormatInt(v, 10)
	}
	s := strings.ReplaceAll(n.Name, "_", "")
	if v, ok := new(big.Int).SetString(strings.ToLower(s), base(s)); ok {
		return v.String()
	}
	return s
}

func base(s string) int {
	if len(s) > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'o' || s[1] == 'b') {
		return 0
	}
	return 10
}
