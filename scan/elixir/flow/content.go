package flow

import (
	"strings"
)

// content is a field that no path has: what stands in the file.
const content = "%content"

// uploaded is where a framework put an upload. Nobody chooses the path; what stands there its sender wrote.
func (fr *frame) uploaded(what string, level Level, c *Call) *Value {
	out := *bounded("where " + what + " put the upload")
	out.keys, out.fields = []string{content}, []*Value{fr.source(level, "the content of an upload", c.Node)}
	return &out
}

// readFile is what stands in the file at a path. A path that is written in the code or set by the operator names a file that
// is theirs as well.
func readFile(fr *frame, c *Call) *Value {
	v := fr.field(nonNil(c.Arg(0)), content, c.Node)
	if strings.HasSuffix(c.Name, "!") {
		return v
	}
	return &Value{Kind: Tuple, Items: []*Value{atom("ok"), v}}
}

// listFiles are the names of what lies in a folder: known only where the folder is the code's own or the operator's.
func listFiles(fr *frame, c *Call) *Value {
	v := fr.field(nonNil(c.Arg(0)), content, c.Node)
	list := &Value{Kind: List, elem: v}
	if strings.HasSuffix(c.Name, "!") {
		return list
	}
	return &Value{Kind: Tuple, Items: []*Value{atom("ok"), list}}
}

// spanned is what a function gives back that is called to be measured.
func spanned(fr *frame, c *Call) *Value {
	for _, a := range c.Args {
		if a == nil || a.fn == nil {
			continue
		}
		v := fr.invoke(a.fn, nil)
		if c.Name == ":timer.tc" {
			return &Value{Kind: Tuple, Items: []*Value{bounded("a time"), nonNil(v)}}
		}
		return nonNil(v).Item(0)
	}
	return nil
}

// numbered are the elements of a list with their numbers.
func numbered(_ *frame, c *Call) *Value {
	if hasClosure(c.Args) {
		return nil
	}
	return &Value{Kind: List, elem: &Value{Kind: Tuple, Items: []*Value{nonNil(nonNil(c.Arg(0)).Elem()), bounded("a number")}}}
}

// contentOf is the content for a path that has no such field.
func contentOf(path *Value) *Value {
	switch class, _ := openParts(path, 0, 0); {
	case len(path.Taints()) > 0:
		return unknown("the content of a file that is chosen from outside")
	case path.IsConst():
		return &Value{Config: true, Why: "the content of a file whose path is written in the code"}
	case class == Operated:
		return &Value{Config: true, Why: "the content of a file whose path the operator sets"}
	}
	return unknown("the content of a file")
}

// atomText is the text of an atom, or what it is made of: as many as there are atoms, none of which is new.
func atomText(_ *frame, c *Call) *Value {
	v := nonNil(c.Arg(0))
	switch {
	case v.Kind == Constant || v.Kind == Module:
		return text(v)
	case len(v.Taints()) > 0 || v.param != nil:
		return v.flat(v.Why).cleared(Atom, "it is the text of an atom")
	}
	return bounded("the text of an atom")
}

// configured is what the operator sets. A module that stands for what is not set says what kind of module is meant.
func configured(_ *frame, c *Call) *Value {
	return &Value{Why: "a value of the configuration", Config: true, among: nonNil(c.Arg(2)).modules()}
}

// reflected are functions that the compiler writes into modules; what they tell stands in the code.
var reflected = map[string]bool{"__schema__": true, "__changeset__": true, "__struct__": true, "__info__": true, "module_info": true, "__routes__": true}
