package flow

import (
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// live marks the assigns of a LiveView, which all its functions fill.
const live = "%live"

// callbacks are what frameworks call, by the module used: which parameters a stranger fills.
var callbacks = []struct {
	use, name string
	arity     int
	param     int // that is the stranger's; -1 for none
	level     Level
	what      string
	socket    int // which parameter is the socket; -1 for none
}{
	{"Phoenix.LiveView", "mount", 3, 0, Request, "parameters of the request", 2},
	{"Phoenix.LiveView", "handle_params", 3, 0, Request, "parameters of the request", 2},
	{"Phoenix.LiveView", "handle_event", 3, 1, Event, "parameters of the event", 2},
	{"Phoenix.LiveView", "handle_info", 2, -1, Event, "", 1},
	{"Phoenix.LiveView", "handle_async", 3, -1, Event, "", 2},
	{"Phoenix.LiveView", "render", 1, -1, Event, "", -1},
	{"Phoenix.LiveComponent", "mount", 1, -1, Event, "", 0},
	{"Phoenix.LiveComponent", "update", 2, -1, Event, "", 1},
	{"Phoenix.LiveComponent", "handle_event", 3, 1, Event, "parameters of the event", 2},
	{"Phoenix.LiveComponent", "render", 1, -1, Event, "", -1},
	{"Phoenix.Channel", "join", 3, 1, Event, "parameters of the join", 2},
	{"Phoenix.Channel", "handle_in", 3, 1, Event, "parameters of the message", 2},
	{"Phoenix.Socket", "connect", 2, 0, Request, "parameters of the connection", 1},
	{"Phoenix.Socket", "connect", 3, 0, Request, "parameters of the connection", 1},
	{"Oban.Worker", "perform", 1, 0, Job, "arguments of the job", -1},
	{"Oban.Pro.Worker", "perform", 1, 0, Job, "arguments of the job", -1},
	{"Oban.Pro.Worker", "process", 1, 0, Job, "arguments of the job", -1},
	{"Broadway", "handle_message", 3, 1, Job, "a message of the queue", -1},
}

// findEntries notes which functions a framework calls, and with what.
func (e *Engine) findEntries() {
	routed := map[string]bool{}
	handlers := map[string]bool{}
	for _, r := range e.p.Routers {
		for _, route := range r.Routes {
			if route.Action != "" {
				routed[route.Handler+"."+route.Action] = true
				handlers[route.Handler] = true
			}
		}
	}
	for _, a := range e.p.Apps {
		if main := e.p.Func(mainModule(a), "main", 1); main != nil {
			e.entries[main] = []*Value{{Why: "the command line", Config: true}}
			e.called[main] = true
		}
	}
	for _, m := range e.p.All() {
		if run := m.Func("run", 1); run != nil && m.File.Task() {
			e.entries[run] = []*Value{{Why: "the command line of a mix task", Config: true}}
			e.called[run] = true
		}
		if m.File.Test() {
			continue
		}
		for _, cb := range callbacks {
			if fn := m.Func(cb.name, cb.arity); fn != nil && fn.Arity == cb.arity && uses(m, cb.use) {
				args := make([]*Value, cb.arity)
				if cb.param >= 0 {
					args[cb.param] = e.start(fn, cb.param, cb.level, cb.what)
					if cb.level == Job && strings.HasPrefix(cb.use, "Oban") {
						args[cb.param] = (&Value{Kind: Mapping, Why: "a job"}).with("args", args[cb.param])
					}
				}
				if cb.socket >= 0 {
					args[cb.socket] = &Value{Kind: Socket}
				}
				if cb.name == "render" {
					args[0] = &Value{Kind: Mapping, Why: "an assign", Name: live}
				}
				if cb.name == "update" {
					args[0] = &Value{Kind: Mapping, Why: "an assign of a component"}
				}
				e.entries[fn] = args
			}
		}
		controller := m.Using("Phoenix.Controller") || strings.HasSuffix(m.Name, "Controller")
		for _, fn := range m.Functions {
			switch {
			case fn.Private || fn.Macro || e.entries[fn] != nil:
			case fn.Arity == 2 && (routed[m.Name+"."+fn.Name] || controller && !handlers[m.Name] && connFirst(fn)):
				e.entries[fn] = []*Value{{Kind: Conn}, e.start(fn, 1, Request, "parameters of the request")}
			case fn.Name == "call" && fn.Arity == 2 && connFirst(fn):
				e.entries[fn] = []*Value{{Kind: Conn}, nil}
			case fn.Arity == 3 && resolver(m) && len(fn.Clauses) > 0:
				e.entries[fn] = []*Value{nil, e.start(fn, 1, Request, "arguments of the query"), nil}
			}
		}
	}
}

// mainModule is the module whose main/1 an escript runs: escript: [main_module: Shop.CLI].
func mainModule(a *project.App) (name string) {
	if a.Mix == nil {
		return ""
	}
	syntax.Walk(a.Mix.Syntax.Tree, func(n *syntax.Node) bool {
		if n.Kind == syntax.Pair && n.Args[0].Kind == syntax.Atom && n.Args[0].Name == "main_module" {
			name = syntax.AliasName(n.Args[1])
		}
		return name == ""
	})
	return name
}

// resolver says whether a module answers GraphQL fields.
func resolver(m *project.Module) bool {
	return strings.HasSuffix(m.Name, "Resolver") || strings.HasSuffix(m.Name, "Resolvers") || strings.Contains(m.Name, ".Resolvers.")
}

func uses(m *project.Module, name string) bool {
	if m.Using(name) {
		return true
	}
	// A web module of the house that cannot be read, as one out of a dependency: the words say what it is.
	if strings.HasPrefix(name, "Phoenix.") {
		for _, u := range m.Uses {
			if len(u.Args) > 0 && u.Args[0].Kind == syntax.Atom {
				switch word := u.Args[0].Name; {
				case name == "Phoenix.LiveView" && (word == "live_view" || word == "live"), name == "Phoenix.LiveComponent" && word == "live_component", name == "Phoenix.Channel" && word == "channel":
					return true
				}
			}
		}
	}
	return false
}

func connFirst(fn *project.Function) bool {
	for _, c := range fn.Clauses {
		if len(c.Params) == 0 {
			continue
		}
		found := false
		syntaxNames(c.Params[0], func(n *syntax.Node) {
			found = found || n.Kind == syntax.Var && strings.HasSuffix(n.Name, "conn") || n.Kind == syntax.Struct
		})
		if found {
			return true
		}
	}
	return false
}

// start is the source that a parameter of an entry is. Its place is the parameter in the first clause.
func (e *Engine) start(fn *project.Function, param int, level Level, what string) *Value {
	node := fn.Clauses[0].Params[param]
	for _, c := range fn.Clauses { // the first that looks at it
		if p := c.Params[param]; p.Kind != syntax.Var || !strings.HasPrefix(p.Name, "_") {
			node = p
			break
		}
	}
	s := &Source{Kind: level, What: what, Place: fn.File.Place(node), Text: oneLine(fn.File.Text(node))}
	return tainted(s, (*trail)(nil).then(fn.File, node, "source: "+what))
}

// keepAssigns remembers what a LiveView's functions leave in its socket.
func (e *Engine) keepAssigns(fn *project.Function, ret *Value) {
	m := fn.Module
	if ret == nil || !uses(m, "Phoenix.LiveView") && !uses(m, "Phoenix.LiveComponent") {
		return
	}
	for _, v := range append(ret.Items[:len(ret.Items):len(ret.Items)], ret) {
		if v == nil || v.Kind != Socket {
			continue
		}
		if a := v.own("assigns"); a != nil && a.Kind == Mapping {
			plain := *a
			plain.param, plain.Why = nil, "an assign"
			e.assigns[m.Name] = join(e.assigns[m.Name], &plain)
		}
	}
}

// body reads what stands in a module outside of functions and runs for requests: the routes of a Plug.Router.
func (e *Engine) body(m *project.Module) {
	if !m.Using("Plug.Router") {
		return
	}
	for _, c := range m.Calls {
		do := syntax.Do(c.Node)
		switch c.Name {
		case "get", "post", "put", "patch", "delete", "options", "match":
		default:
			continue
		}
		if do == nil || len(c.Args) == 0 {
			continue
		}
		fn := &project.Function{Module: m, File: c.File, Name: c.Name, Arity: 0}
		fr := &frame{e: e, fn: fn, m: m, f: c.File, s: &summary{seen: map[siteKey]int{}}}
		in := &env{}
		in.set("conn", &Value{Kind: Conn})
		if path, ok := syntax.Text(c.Args[0]); ok {
			for _, part := range strings.Split(path, "/") {
				if name, ok := strings.CutPrefix(part, ":"); ok {
					in.set(name, fr.source(Request, "the path of the request", c.Args[0]))
				}
			}
		}
		fr.eval(do, in)
	}
}
