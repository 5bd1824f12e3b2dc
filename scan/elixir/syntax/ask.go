package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Walk visits a node and, where visit says so, what is below it: Fun, then Args. Trees are shallow enough to recurse.
func Walk(n *Node, visit func(*Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	Walk(n.Fun, visit)
	for _, a := range n.Args {
		Walk(a, visit)
	}
}

// Is tells whether a node is a call, without a module, of one of the names, operators included: Is(n, "def", "defp").
func Is(n *Node, names ...string) bool {
	if n == nil || n.Kind != Call {
		return false
	}
	for _, name := range names {
		if n.Name == name {
			return true
		}
	}
	return false
}

// Callee is what a call names, dotted: "raw", "Repo.query!", ":os.cmd", "conn.params", "__MODULE__.load". It is empty where
// a call names nothing: f.(x), hd(list).name.
func Callee(n *Node) string {
	if n == nil {
		return ""
	}
	switch n.Kind {
	case Call:
		return n.Name
	case Remote:
		if of := dotted(n.Fun); of != "" {
			return of + "." + n.Name
		}
	}
	return ""
}

func dotted(n *Node) string {
	switch n.Kind {
	case Alias:
		return AliasName(n)
	case Atom:
		return ":" + n.Name
	case Var:
		return n.Name
	case Remote:
		if len(n.Args) == 0 {
			return Callee(n)
		}
	case Call:
		if n.Name == "@" && len(n.Args) == 1 && n.Args[0].Kind == Var {
			return "@" + n.Args[0].Name
		}
	}
	return ""
}

// AliasName is the dotted name of an alias: Foo.Bar, or __MODULE__.Bar; empty where a part of it is computed.
func AliasName(n *Node) string {
	if n == nil || n.Kind != Alias {
		return ""
	}
	switch {
	case n.Fun == nil:
		return n.Name
	case n.Fun.Kind == Var:
		return n.Fun.Name + "." + n.Name
	}
	return ""
}

// Args are the arguments of a call without the keywords and the do block at its end.
func Args(n *Node) []*Node {
	args := n.Args
	for len(args) > 0 && args[len(args)-1].Kind == List && args[len(args)-1].Flags&Bare != 0 {
		args = args[:len(args)-1]
	}
	return args
}

// Keyword is the value of a key in a list of keywords, a map, or at the end of a call; for do, else and the like it is what
// stands in the block. It is nil where there is none.
func Keyword(n *Node, key string) *Node {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case List, Map, Struct:
		for _, p := range n.Args {
			if p.Kind == Pair && p.Args[0].Kind == Atom && p.Args[0].Name == key {
				return p.Args[1]
			}
			// The old [{:key, value}] is the same list.
			if n.Kind == List && p.Kind == Tuple && len(p.Args) == 2 && p.Args[0].Kind == Atom && p.Args[0].Name == key {
				return p.Args[1]
			}
		}
	case Call, Remote, Invoke, Again:
		for i := len(n.Args) - 1; i >= 0 && n.Args[i].Kind == List && (n.Args[i].Flags&Bare != 0 || i == len(n.Args)-1); i-- {
			if v := Keyword(n.Args[i], key); v != nil {
				return v
			}
		}
	}
	return nil
}

// Do is the block of a call: that of `do … end`, or of `, do:`.
func Do(n *Node) *Node { return Keyword(n, "do") }

// Body are the expressions of a block, or the one expression that stands where a block may.
func Body(n *Node) []*Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == Block:
		return n.Args
	}
	return []*Node{n}
}

// Text is a constant text: a string, a charlist, a sigil s, S, c or C without holes, or several of them put together by <>.
func Text(n *Node) (string, bool) {
	if n == nil {
		return "", false
	}
	switch {
	case n.Kind == String || n.Kind == Charlist:
		return n.Name, true
	case n.Kind == Sigil && len(n.Args) == 1 && n.Args[0].Kind == String:
		text := n.Args[0].Name
		switch n.Name {
		case "S", "C":
			return text, true
		case "s", "c":
			return unescape(text, func(string) {}), true
		}
	case Is(n, "<>") && len(n.Args) == 2:
		if a, ok := Text(n.Args[0]); ok {
			if b, ok := Text(n.Args[1]); ok {
				return a + b, true
			}
		}
	}
	return "", false
}

// Int is the value of an integer, where it fits.
func (n *Node) Int() (int64, bool) {
	if n == nil || n.Kind != Integer || n.Name == "" {
		return 0, false
	}
	s := n.Name
	if s[0] == '?' {
		c, _ := utf8.DecodeRuneInString(s[1:])
		if c == '\\' && len(s) > 2 {
			if c, _ = utf8.DecodeRuneInString(s[2:]); c < utf8.RuneSelf {
				c = rune(escaped(byte(c)))
			}
		}
		return int64(c), true
	}
	if strings.IndexByte(s, '_') >= 0 {
		s = strings.ReplaceAll(s, "_", "")
	}
	v, err := strconv.ParseInt(s, base(s), 64)
	return v, err == nil
}
