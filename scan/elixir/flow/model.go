package flow

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed models.txt
var modelText string

// model is what a function outside of the project gives back.
type model struct {
	what  string // as the head of models.txt says
	guard Guard
}

// models is the table, homes tells where names that are imported everywhere come from.
var models, homes = readModels(modelText)

var guards = map[string]Guard{
	"shape": Shape, "html": HTML, "path": Path, "local": Local, "scheme": Scheme, "host": Host, "sql": SQL, "term": Term,
	"shell": Shell, "line": Line, "regex": Regex, "owner": Owner, "atom": Atom,
}

// readModels reads the table. It is part of the program, so that a fault in it is one of ours.
func readModels(text string) (map[string]model, map[string]string) {
	table, home := map[string]model{}, map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if fields[0] == "import" {
			for _, name := range fields[2:] {
				home[name] = fields[1]
			}
			continue
		}
		if len(fields) < 2 {
			panic(fmt.Sprintf("models.txt:%d: a name and what it gives back, not %q", i+1, line))
		}
		m := model{what: fields[0]}
		names := fields[1:]
		if m.what == "clear" {
			for _, g := range strings.Split(fields[1], ",") {
				if guards[g] == 0 {
					panic(fmt.Sprintf("models.txt:%d: %q is no guard", i+1, g))
				}
				m.guard |= guards[g]
			}
			names = fields[2:]
		}
		switch m.what {
		case "pass", "bounded", "clear", "record", "config", "conn", "first", "request", "ok", "open":
		default:
			panic(fmt.Sprintf("models.txt:%d: %q is nothing a function gives back", i+1, m.what))
		}
		for _, name := range names {
			table[name] = m
		}
	}
	return table, home
}

// of is the value for a call.
func (m model) of(fr *frame, c *Call, full string) *Value {
	switch m.what {
	case "bounded":
		return bounded("the result of " + full)
	case "open":
		return unknown("the result of " + full)
	case "config":
		return &Value{Why: "a value of the configuration", Config: true}
	case "first":
		if v := c.Arg(0); v != nil {
			return v
		}
	case "conn":
		if v := c.Arg(0); v != nil && (v.Kind == Conn || v.Kind == Socket) {
			return v
		}
		return &Value{Kind: Conn}
	case "request":
		return fr.source(Request, "the request", c.Node)
	case "clear":
		var out *Value
		for _, a := range c.Args {
			if a != nil && a.Kind != Conn && a.fn == nil {
				out = join(out, a.flat(""))
			}
		}
		if out == nil {
			return bounded("the result of " + full)
		}
		return out.cleared(m.guard, "it goes through "+full).stepped(fr.f, c.Node, "through "+full)
	case "record":
		return fr.record(c, full)
	}
	// pass, and ok for what comes in a tuple
	var out *Value
	constant := true
	for _, a := range c.Args {
		if a == nil || a.Kind == Conn || a.Kind == Socket || a.fn != nil {
			continue
		}
		constant = constant && a.IsConst()
		out = merge(out, a)
	}
	switch {
	case constant:
		out = bounded("made of constants")
	case out == nil:
		out = unknown("the result of " + full)
	}
	if m.what == "ok" && !strings.HasSuffix(full, "!") {
		return &Value{Kind: Tuple, Items: []*Value{atom("ok"), out}}
	}
	return out
}

// merge is a value made of several: with the taints of all, and known only if all are.
func merge(a, b *Value) *Value {
	b = b.flat(b.Why)
	if a == nil {
		return b
	}
	out := &Value{Why: a.Why, taints: a.taints, partly: a.lost() || b.lost()}
	if out.Why == "" || b.lost() && !a.lost() {
		out.Why = b.Why
	}
	out.Config = !out.partly && (a.Config || b.Config)
	for _, t := range b.taints {
		out.taints = add(out.taints, t)
	}
	if a.Kind == Bounded && b.Kind == Bounded {
		out.Kind = Bounded
	}
	return out
}
