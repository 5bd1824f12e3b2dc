package flow

import (
	"slices"

	"palisade.dev/scan/elixir/syntax"
)

func (fr *frame) access(n *syntax.Node, env *env) *Value {
	if v, ok := fr.known(n, env); ok {
		return v
	}
	of, key := fr.eval(n.Args[0], env), fr.eval(n.Args[1], env)
	if key.Kind == Constant {
		return fr.field(of, key.Text, n)
	}
	if of.param != nil {
		return of.param.at("*", of.taints)
	}
	return of.Elem()
}

// known is what a test found out about an expression that is no variable.
func (fr *frame) known(n *syntax.Node, env *env) (*Value, bool) {
	if !env.facts {
		return nil, false
	}
	return env.get(fr.f.Text(n))
}

// requested are the fields of a connection that the client fills.
var requested = map[string]string{
	"params": "parameters of the request", "query_params": "parameters of the request", "body_params": "parameters of the request",
	"path_params": "parameters of the request", "req_headers": "headers of the request", "cookies": "cookies of the request",
	"req_cookies": "cookies of the request", "query_string": "the query of the request", "request_path": "the path of the request",
	"path_info": "the path of the request", "host": "the host header of the request",
}

// dotPath is value.path, as against value["path"].
const dotPath = ".path"

// field is what stands behind a key of a value, connections and sockets included.
func (fr *frame) field(v *Value, key string, n *syntax.Node) *Value {
	if v == nil {
		return unknown("")
	}
	if key == dotPath {
		// A request's own data has texts for keys: what has a field path is an upload, which Plug put there.
		switch own := v.own("path"); {
		case own != nil:
			return own
		case v.param != nil:
			return v.param.at(dotPath, v.taints)
		case slices.ContainsFunc(v.taints, func(t Taint) bool { return t.Source.Kind == Request }):
			return fr.uploaded("Plug", Request, &Call{Node: n})
		}
		key = "path"
	}
	if by := v.own(lookedUp); by != nil && key == "id" && by.Chosen() {
		return by.flat("").cleared(anyText|Found, "it is the identifier of a record")
	}
	if key == content && v.own(key) == nil {
		if v.param != nil {
			return v.param.at(content, v.taints)
		}
		return contentOf(v)
	}
	if v.own(key) == nil {
		if key == lookedUp && v.param == nil {
			return bounded("no identifier")
		}
		if v.Name == live {
			if a := fr.e.assigns[fr.m.Name]; a != nil && a.own(key) != nil {
				return a.own(key)
			}
			return &Value{Why: v.Why}
		}
		switch v.Kind {
		case Conn:
			if what := requested[key]; what != "" {
				return fr.source(Request, what, n)
			}
		case Socket:
			if key == "assigns" && v.param == nil {
				if a := fr.e.assigns[fr.m.Name]; a != nil {
					return a
				}
			}
		}
	}
	out := v.Field(key)
	if out == nil {
		why := v.Why
		switch v.Kind {
		case Conn, Socket:
			why = "in the assigns or the state of the " + map[Kind]string{Conn: "connection", Socket: "socket"}[v.Kind]
		}
		return &Value{Why: why, Config: v.Config}
	}
	if v.Name != "" && len(out.taints) > 0 && out.Name == "" && v.own(key) == nil {
		out = fr.e.recordField(v, key, out)
	}
	return out
}

func (fr *frame) source(level Level, what string, n *syntax.Node) *Value {
	s := &Source{Kind: level, What: what, Place: fr.f.Place(n), Text: oneLine(fr.f.Text(n))}
	return tainted(s, (*trail)(nil).then(fr.f, n, "source: "+what))
}
