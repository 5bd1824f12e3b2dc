package flow

import (
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// natives are functions whose result depends on the shape of their arguments. One that returns nil leaves it to the table.
var natives map[string]func(fr *frame, c *Call) *Value

func init() { // a table of functions that read each other's results
	natives = map[string]func(fr *frame, c *Call) *Value{
		"Map.get": get, "Map.fetch!": get, "Keyword.get": get, "Keyword.fetch!": get, "Access.get": get, "Map.get_lazy": get,
		"Map.fetch": fetch, "Keyword.fetch": fetch, "Access.fetch": fetch,
		"Map.pop": pop, "Keyword.pop": pop, "Map.pop!": pop, "Keyword.pop!": pop,
		"Map.put": put, "Keyword.put": put, "Map.put_new": put, "Keyword.put_new": put, "Map.replace!": put,
		"Map.merge": mergeMaps, "Keyword.merge": mergeMaps, "Enum.into": into,
		"Map.take": same, "Map.drop": same, "Map.delete": same, "Keyword.take": same, "Keyword.drop": same, "Keyword.delete": same,
		"Enum.reverse": same, "Enum.take": same, "Enum.drop": same, "Enum.uniq": same, "Enum.sort": same, "Enum.slice": same, "Enum.to_list": same,
		"Enum.filter": same, "Enum.concat": same, "Map.new": same, "Keyword.new": same, "Enum.shuffle": same, "List.wrap": wrap,
		"Enum.at": elem, "Enum.random": elem, "List.first": elem, "List.last": elem, "Enum.fetch!": elem, "Kernel.hd": elem, "Enum.max": elem, "Enum.min": elem,
		"Kernel.get_in": getIn, "Kernel.elem": elemOf, "Enum.join": joinList, "Path.join": pathJoin,
		"Kernel.to_string": func(_ *frame, c *Call) *Value { return text(c.Arg(0)) },
		"Map.values":       func(_ *frame, c *Call) *Value { return &Value{Kind: List, elem: c.Arg(0).Elem()} },
		"Map.keys":         func(_ *frame, c *Call) *Value { return &Value{Kind: List, elem: keyOf(nonNil(c.Arg(0)))} },
		"String.split": func(_ *frame, c *Call) *Value {
			return &Value{Kind: List, elem: nonNil(c.Arg(0)).flat("")}
		},
		"String.trim": keepConst, "String.downcase": keepConst, "String.upcase": keepConst, "String.to_charlist": keepConst, "Kernel.to_charlist": keepConst, "String.trim_trailing": keepConst,
		"URI.parse": parseURI, "URI.new!": parseURI,
		"Plug.Conn.read_body": readBody, "Plug.Conn.read_part_body": readBody,
		"Plug.Conn.get_req_header": func(fr *frame, c *Call) *Value {
			what := "a header of the request"
			if name, ok := nonNil(c.Arg(1)).Prefix(); ok {
				what = "the header " + name + " of the request"
			}
			return &Value{Kind: List, elem: fr.source(Request, what, c.Node)}
		},
		"Plug.Conn.fetch_query_params": same,
		"Plug.Conn.fetch_cookies": func(_ *frame, c *Call) *Value {
			if c.Option("signed") == nil && c.Option("encrypted") == nil {
				return nonNil(c.Arg(0))
			}
			return nonNil(c.Arg(0)).with("cookies", &Value{Kind: Mapping, elem: bounded("a cookie that was signed or encrypted here"), Why: "cookies"})
		},
		"Phoenix.Controller.current_path": func(fr *frame, c *Call) *Value {
			return fr.source(Request, "the path of the request", c.Node).cleared(Local|Scheme|Host, "it begins with the path of this page")
		},
		"Plug.Conn.assign": assign, "Phoenix.Component.assign": assign, "Phoenix.LiveView.assign": assign, "Phoenix.Component.assign_new": assignNew,
		"Plug.Conn.merge_assigns": assign, "Phoenix.Component.update": assignNew,
		"Plug.Conn.put_resp_content_type": func(_ *frame, c *Call) *Value { return nonNil(c.Arg(0)).with(contentType, c.Arg(1)) },
		"Plug.Conn.put_resp_header": func(_ *frame, c *Call) *Value {
			if c.Arg(1).Is("content-type") {
				return nonNil(c.Arg(0)).with(contentType, c.Arg(2))
			}
			return c.Arg(0)
		},
		"Phoenix.Controller.render": render, "Phoenix.View.render": renderView, "Phoenix.View.render_to_string": renderView,
		"Phoenix.Controller.put_view": func(fr *frame, c *Call) *Value {
			return nonNil(c.Arg(0)).with("%view", viewOf(c.Arg(1)))
		},
		"Application.get_env": configured, "Application.compile_env": configured, "Keyword.get_lazy": get,
		"File.ls": listFiles, "File.ls!": listFiles, ":telemetry.span": spanned, ":timer.tc": spanned, "Enum.with_index": numbered,
		"File.read": readFile, "File.read!": readFile, ":file.read_file": readFile, "File.stream!": readFile,
		"Atom.to_string": atomText, "Atom.to_charlist": atomText, "Module.split": atomText, ":erlang.atom_to_binary": atomText,
		"Repo.preload": same, "Repo.reload": same, "Repo.reload!": same, "Ecto.Query.where": same,
		"Phoenix.LiveView.consume_uploaded_entries": consume, "Phoenix.LiveView.consume_uploaded_entry": consume,
	}
}

func nonNil(v *Value) *Value {
	if v == nil {
		return unknown("")
	}
	return v
}

func get(fr *frame, c *Call) *Value {
	of := nonNil(c.Arg(0))
	var v *Value
	if key := c.Arg(1); key != nil && key.Kind == Constant {
		v = fr.field(of, key.Text, c.Node)
	} else {
		v = of.Elem()
	}
	if d := c.Arg(2); d != nil && d.fn == nil {
		v = join(v, d)
	}
	// A value out of a map of the code's own, whatever the key.
	if of.IsConst() && !v.IsConst() {
		return bounded("a value of a constant map")
	}
	return v
}

func fetch(fr *frame, c *Call) *Value {
	return &Value{Kind: Tuple, Items: []*Value{atom("ok"), get(fr, &Call{Args: c.Args[:min(2, len(c.Args))], Node: c.Node})}}
}

func pop(fr *frame, c *Call) *Value {
	return &Value{Kind: Tuple, Items: []*Value{get(fr, c), nonNil(c.Arg(0))}}
}

func put(_ *frame, c *Call) *Value {
	if key := c.Arg(1); key != nil && key.Kind == Constant && len(c.Args) == 3 {
		return nonNil(c.Arg(0)).with(key.Text, c.Arg(2))
	}
	if of := nonNil(c.Arg(0)); len(c.Args) == 3 && (of.Kind == Mapping || of.param != nil && of.Kind == Unknown) {
		grown := *of
		grown.Kind, grown.elem = Mapping, join(of.elem, c.Arg(2))
		return &grown
	}
	return nil
}

func mergeMaps(_ *frame, c *Call) *Value {
	a, b := nonNil(c.Arg(0)), nonNil(c.Arg(1))
	if b.Kind == Mapping && b.param == nil && len(b.taints) == 0 {
		out := a
		for i, k := range b.keys {
			out = out.with(k, b.fields[i])
		}
		return out
	}
	return join(a, b)
}

func into(_ *frame, c *Call) *Value {
	if len(c.Args) == 2 {
		return join(nonNil(c.Arg(0)), nonNil(c.Arg(1)))
	}
	return nil
}

func same(_ *frame, c *Call) *Value {
	if hasClosure(c.Args) {
		return nil
	}
	return nonNil(c.Arg(0))
}

func wrap(_ *frame, c *Call) *Value {
	if v := nonNil(c.Arg(0)); v.Kind == List || v.Kind == Mapping || v.param != nil {
		return v
	}
	return &Value{Kind: List, Items: []*Value{nonNil(c.Arg(0))}}
}

func elem(_ *frame, c *Call) *Value { return nonNil(nonNil(c.Arg(0)).Elem()) }

func getIn(fr *frame, c *Call) *Value {
	v, path := nonNil(c.Arg(0)), nonNil(c.Arg(1))
	for _, key := range path.Items {
		if key.Kind != Constant {
			v = nonNil(v.Elem())
			continue
		}
		v = fr.field(v, key.Text, c.Node)
	}
	return v
}

func elemOf(_ *frame, c *Call) *Value {
	if i := c.Arg(1); i != nil && i.Kind == Constant && len(i.Text) == 1 {
		return nonNil(nonNil(c.Arg(0)).Item(int(i.Text[0] - '0')))
	}
	return nonNil(c.Arg(0)).Elem()
}

func joinList(_ *frame, c *Call) *Value {
	v, by := nonNil(c.Arg(0)), c.Arg(1)
	if hasClosure(c.Args) {
		return nil
	}
	if by == nil {
		by = constant("")
	}
	if v.Kind == List && v.elem == nil && len(v.Items) > 0 {
		var parts []*Value
		for i, p := range v.Items {
			if i > 0 {
				parts = append(parts, by)
			}
			parts = append(parts, text(p))
		}
		return concat(parts...)
	}
	return concat(text(v.Elem()), by, text(v.Elem()))
}

// pathJoin keeps which part of a path is fixed. An absolute part does not reset it: Path.join("/a", "/b") is /a/b.
func pathJoin(_ *frame, c *Call) *Value {
	parts := c.Args
	if len(parts) == 1 && parts[0].Kind == List && parts[0].elem == nil {
		parts = parts[0].Items
	}
	var out []*Value
	for i, p := range parts {
		if i > 0 {
			out = append(out, constant("/"))
		}
		out = append(out, text(p))
	}
	return concat(out...)
}

func keepConst(_ *frame, c *Call) *Value {
	if v := c.Arg(0); v != nil && (v.Kind == Constant || v.Kind == Joined) {
		return v
	}
	return nil
}

// parseURI is a struct each of whose parts is as free as the whole; a path of its own is no other site.
func parseURI(_ *frame, c *Call) *Value {
	v := nonNil(c.Arg(0))
	out := &Value{Kind: Mapping, Name: "URI", taints: v.Taints(), Why: v.Why}
	if len(c.Nodes) > 0 {
		out.from = c.Nodes[0]
	}
	out = out.with("path", v.flat("").cleared(Host, "it is the path of a URL"))
	return out.with("port", bounded("a number"))
}

func readBody(fr *frame, c *Call) *Value {
	return &Value{Kind: Tuple, Items: []*Value{atom("ok"), fr.source(Request, "the body of the request", c.Node), nonNil(c.Arg(0))}}
}

// assign puts something into a connection's or socket's assigns, which templates read.
func assign(fr *frame, c *Call) *Value {
	to := nonNil(c.Arg(0))
	if to.Kind != Conn && to.Kind != Socket && to.Kind != Mapping && to.param == nil {
		return to
	}
	set := func(key string, v *Value) {
		if to.Kind == Conn || to.Kind == Socket {
			to = to.with("assigns", nonNil(to.own("assigns")).with(key, v))
			return
		}
		to = to.with(key, v) // of a component, whose assigns these are
	}
	switch {
	case len(c.Args) >= 3 && c.Args[1].Kind == Constant:
		set(c.Args[1].Text, c.Args[2])
	case len(c.Args) == 2 && c.Args[1].Kind == Mapping:
		for i, k := range c.Args[1].keys {
			set(k, c.Args[1].fields[i])
		}
	}
	return to
}

func assignNew(fr *frame, c *Call) *Value {
	if len(c.Args) == 3 && c.Args[2].fn != nil {
		v := fr.invoke(c.Args[2].fn, []*Value{fr.field(nonNil(c.Arg(0)), "assigns", c.Node)})
		return assign(fr, &Call{Args: []*Value{c.Args[0], c.Args[1], nonNil(v)}, Node: c.Node})
	}
	return nonNil(c.Arg(0))
}

// consume are LiveView's uploads: the path is LiveView's, the name the sender's.
func consume(fr *frame, c *Call) *Value {
	entry := fr.source(Event, "the name of an upload", c.Node).with("uuid", bounded("an identifier"))
	meta := (&Value{Kind: Mapping}).with("path", fr.uploaded("LiveView", Event, c))
	for _, a := range c.Args {
		if a.fn != nil {
			return &Value{Kind: List, elem: fr.invoke(a.fn, []*Value{meta, entry})}
		}
	}
	return unknown("")
}

// record is what comes out of the database.
func (fr *frame) record(c *Call, full string) *Value {
	schema := ""
	for _, a := range c.Args {
		if a == nil {
			continue
		}
		if a.Kind == Module && fr.e.p.Modules[a.Text] != nil && schema == "" {
			schema = a.Text
		}
		if a.Name != "" && schema == "" {
			schema = a.Name
		}
	}
	s := &Source{Kind: Record, What: "what is stored", Place: fr.f.Place(c.Node), Text: oneLine(fr.f.Text(c.Node))}
	v := tainted(s, (*trail)(nil).then(fr.f, c.Node, "source: what is stored"))
	v.Name = schema
	name := full[strings.LastIndexByte(full, '.')+1:]
	switch name {
	case "get", "get!":
		if len(c.Args) > 1 {
			v = v.with(lookedUp, c.Args[1])
		}
	case "get_by", "get_by!":
		// By several things at once, one of which may say whose it is.
		if by := nonNil(c.Arg(1)); by.Kind == Mapping && len(by.fields) == 1 {
			v = v.with(lookedUp, by.fields[0])
		}
	}
	switch strings.TrimSuffix(name, "!") {
	case "insert", "update", "delete", "insert_or_update", "query", "fetch", "transaction", "transact":
		if !strings.HasSuffix(name, "!") {
			return &Value{Kind: Tuple, Items: []*Value{atom("ok"), v}, Why: "what is stored"}
		}
	}
	return v
}

// text types hold whatever is put in.
var textual = map[string]bool{"string": true, "binary": true, "map": true, "any": true, "citext": true, "text": true}

// recordField is a field of a record: what its schema says it can hold, and whether a changeset takes it from parameters.
func (e *Engine) recordField(v *Value, key string, out *Value) *Value {
	if len(v.taints) == 0 || v.taints[0].Source.Kind != Record {
		return out
	}
	m := e.p.Modules[v.Name]
	if m == nil || m.Schema == nil {
		return out
	}
	for _, f := range m.Schema.Fields {
		if f.Name != key {
			continue
		}
		if f.Kind != "field" {
			named := *out
			if f.Type != nil {
				named.Name = m.Named(f.Type)
			}
			return &named
		}
		if f.Type != nil && f.Type.Kind == syntax.Atom && !textual[f.Type.Name] {
			return bounded("a field of type " + f.Type.Name)
		}
		if f.Type != nil && f.Type.Kind == syntax.Alias {
			return unknown("a field of type " + f.Type.Name)
		}
	}
	if !e.castable[v.Name+"."+key] {
		return out
	}
	short := v.Name[strings.LastIndexByte(v.Name, '.')+1:]
	changed := *out
	changed.taints = nil
	for _, t := range out.taints {
		if t.Source.Kind == Record {
			s := *t.Source
			s.What = "the field " + key + " of " + short + ", which a changeset takes from parameters"
			s.Cast = true
			t.Source = &s
		}
		changed.taints = append(changed.taints, t)
	}
	return &changed
}

// findCasts notes which fields changesets take from parameters: cast(struct, params, [:bio]).
func (e *Engine) findCasts() {
	for _, m := range e.p.All() {
		if m.Schema == nil || m.File.Test() {
			continue
		}
		for _, fn := range m.Functions {
			for _, c := range fn.Clauses {
				syntax.Walk(c.Body, func(n *syntax.Node) bool {
					if n.Name == "cast" && (n.Kind == syntax.Call || n.Kind == syntax.Remote) && len(n.Args) >= 2 {
						for _, key := range castKeys(m, n.Args[len(n.Args)-1]) {
							e.castable[m.Name+"."+key] = true
						}
						if len(n.Args) == 4 {
							for _, key := range castKeys(m, n.Args[2]) {
								e.castable[m.Name+"."+key] = true
							}
						}
					}
					return true
				})
			}
		}
	}
}

// castKeys are the fields that a list, an attribute or a sum of both names.
func castKeys(m *project.Module, n *syntax.Node) (keys []string) {
	n = m.Value(n)
	switch {
	case n.Kind == syntax.List:
		for _, a := range n.Args {
			if a.Kind == syntax.Atom {
				keys = append(keys, a.Name)
			}
		}
	case n.Kind == syntax.Sigil && len(n.Args) == 1:
		keys = strings.Fields(n.Args[0].Name)
	case syntax.Is(n, "++") && len(n.Args) == 2:
		keys = append(castKeys(m, n.Args[0]), castKeys(m, n.Args[1])...)
	}
	return keys
}
