package project

import (
	"slices"
	"strings"

	"palisade.dev/scan/elixir/syntax"
)

// Router is a Phoenix or Plug router.
type Router struct {
	Module    *Module
	Pipelines []*Pipeline
	Routes    []*Route
}

// Pipeline is a named row of plugs.
type Pipeline struct {
	Name  string
	Node  *syntax.Node
	Plugs []Plug
}

// Plug is one plug of a pipeline, a controller or an endpoint.
type Plug struct {
	Name string         // of a function plug
	Of   string         // of a module plug, resolved
	Args []*syntax.Node // behind the plug
	Node *syntax.Node
	File *File
}

// Is says whether a plug has one of the names: a function's, or the last parts of a module's.
func (p Plug) Is(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return p.Name == name && name != "" || p.Of != "" && (p.Of == name || strings.HasSuffix(p.Of, "."+name))
	})
}

// Route is one line of a router.
type Route struct {
	Router   *Router
	Node     *syntax.Node
	Kind     string   // get, post, put, patch, delete, options, head, match, live, forward; or the name of a macro, as live_dashboard
	Path     string   // with the scopes' before it: /admin/users/:id
	Handler  string   // controller, LiveView or plug, resolved; empty where it is computed
	Action   string   // of a controller or LiveView
	Through  []string // names of the pipelines, in the order a request passes them
	Inline   []Plug   // plugs in the scope itself
	Session  *Session // the live_session around it
	Dev      bool     // only in development
	Resource bool     // out of resources
}

// Session is a live_session.
type Session struct {
	Name string
	Node *syntax.Node
}

// Verb is the HTTP method of a route: GET for live ones, empty where there are many.
func (r *Route) Verb() string {
	switch r.Kind {
	case "get", "post", "put", "patch", "delete", "options", "head", "connect", "trace":
		return strings.ToUpper(r.Kind)
	case "live":
		return "GET"
	}
	return ""
}

// Pipeline gives a pipeline by name, or nil.
func (r *Router) Pipeline(name string) *Pipeline {
	for _, p := range r.Pipelines {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Plugs are all plugs that a request to a route passes, pipelines within pipelines included.
func (r *Route) Plugs() []Plug {
	var plugs []Plug
	for _, name := range r.Through {
		plugs = append(plugs, r.Router.flat(name, 0)...)
	}
	return append(plugs, r.Inline...)
}

func (r *Router) flat(name string, depth int) (plugs []Plug) {
	p := r.Pipeline(name)
	if depth > deepest {
		return nil
	}
	if p == nil { // pipe_through takes plugs too: pipe_through [:browser, :require_authenticated_user]
		plug := Plug{Name: name, Node: r.Module.Node, File: r.Module.File}
		if name != "" && 'A' <= name[0] && name[0] <= 'Z' {
			plug.Name, plug.Of = "", name
		}
		return []Plug{plug}
	}
	for _, plug := range p.Plugs {
		if plug.Name != "" && r.Pipeline(plug.Name) != nil {
			plugs = append(plugs, r.flat(plug.Name, depth+1)...)
			continue
		}
		plugs = append(plugs, plug)
	}
	return plugs
}

// within is what the scopes around a route say.
type within struct {
	path, alias string
	through     []string
	inline      []Plug
	session     *Session
	dev         bool
}

var verbs = []string{"get", "post", "put", "patch", "delete", "options", "head", "connect", "trace"}

func readRouter(m *Module) *Router {
	if m.Node.Name != "defmodule" || !m.Using("Phoenix.Router") && !m.Using("Plug.Router") && !routes(m) {
		return nil
	}
	r := &Router{Module: m}
	w := &within{}
	for _, b := range syntax.Body(syntax.Do(m.Node)) {
		r.read(b, w)
	}
	return r
}

// routes knows a router whose `use` cannot be read, as when it comes from a library of the house.
func routes(m *Module) bool {
	pipeline, scope := false, false
	for _, c := range m.Calls {
		pipeline = pipeline || c.Name == "pipeline" && syntax.Do(c.Node) != nil
		scope = scope || c.Name == "scope" && syntax.Do(c.Node) != nil
	}
	return pipeline && scope && strings.HasSuffix(m.Name, "Router")
}

func (r *Router) read(n *syntax.Node, w *within) {
	if n == nil || n.Kind != syntax.Call {
		return
	}
	args := syntax.Args(n)
	inside := func(in *within) {
		for _, b := range syntax.Body(syntax.Do(n)) {
			r.read(b, in)
		}
	}
	switch n.Name {
	case "pipeline":
		if len(args) > 0 && args[0].Kind == syntax.Atom {
			p := &Pipeline{Name: args[0].Name, Node: n}
			for _, b := range syntax.Body(syntax.Do(n)) {
				if plug, ok := readPlug(r.Module, r.Module.File, b); ok {
					p.Plugs = append(p.Plugs, plug)
				}
			}
			r.Pipelines = append(r.Pipelines, p)
		}
	case "plug":
		if plug, ok := readPlug(r.Module, r.Module.File, n); ok {
			w.inline = append(w.inline[:len(w.inline):len(w.inline)], plug)
		}
	case "pipe_through":
		if len(args) > 0 {
			w.through = append(w.through[:len(w.through):len(w.through)], r.pipes(args[0])...)
		}
	case "scope":
		in := *w
		for _, a := range args {
			if text, ok := syntax.Text(a); ok {
				in.path = join(in.path, text)
			} else if name := aliasIn(r.Module, w.alias, a); name != "" {
				in.alias = name
			}
		}
		if text, ok := syntax.Text(syntax.Keyword(n, "path")); ok {
			in.path = join(in.path, text)
		}
		if a := syntax.Keyword(n, "alias"); a != nil {
			if in.alias = aliasIn(r.Module, w.alias, a); a.Kind == syntax.Atom {
				in.alias = ""
			}
		}
		inside(&in)
	case "live_session":
		in := *w
		in.session = &Session{Node: n}
		if len(args) > 0 && args[0].Kind == syntax.Atom {
			in.session.Name = args[0].Name
		}
		inside(&in)
	case "if", "unless":
		in := *w
		in.dev = w.dev || developers(n)
		inside(&in)
		for _, b := range syntax.Body(syntax.Keyword(n, "else")) {
			r.read(b, w)
		}
	case "resources", "resource":
		r.resources(n, args, w)
	case "use", "import", "alias", "require", "@", "def", "defp", "defmacro", "defmacrop":
	default:
		before := len(r.Routes)
		r.route(n, args, w)
		if len(r.Routes) == before { // for, and macros of the house that wrap routes
			in := *w
			inside(&in)
		}
	}
}

func (r *Router) route(n *syntax.Node, args []*syntax.Node, w *within) {
	at, kind := 0, n.Name
	if kind == "match" && len(args) > 1 && args[0].Kind != syntax.String {
		at = 1
		if args[0].Kind == syntax.Atom && slices.Contains(verbs, args[0].Name) {
			kind = args[0].Name
		}
	}
	if len(args) <= at {
		return
	}
	text, ok := segments(args[at])
	if !ok {
		return
	}
	route := w.route(r, n, kind, text)
	rest := args[at+1:]
	if len(rest) > 0 {
		route.Handler = aliasIn(r.Module, w.alias, rest[0])
		if kind == "forward" && r.Module.Named(rest[0]) != "" && w.alias == "" {
			route.Handler = r.Module.Named(rest[0])
		}
	}
	if len(rest) > 1 && rest[1].Kind == syntax.Atom {
		route.Action = rest[1].Name
	}
	r.Routes = append(r.Routes, route)
}

// segments is a path; what is computed in it stands as a parameter: "/#{provider}/callback" is /:provider/callback.
func segments(n *syntax.Node) (string, bool) {
	if n.Kind != syntax.StringParts {
		return syntax.Text(n)
	}
	path := ""
	for _, a := range n.Args {
		switch {
		case a.Kind == syntax.String:
			path += a.Name
		case a.Args[0].Kind == syntax.Var:
			path += ":" + a.Args[0].Name
		default:
			path += ":computed"
		}
	}
	return path, strings.HasPrefix(path, "/")
}

func (w *within) route(r *Router, n *syntax.Node, kind, path string) *Route {
	return &Route{
		Router: r, Node: n, Kind: kind, Path: join(w.path, path), Through: slices.Clone(w.through), Inline: slices.Clone(w.inline),
		Session: w.session, Dev: w.dev,
	}
}

// actions are the routes that resources make.
var actions = []struct{ name, verb, path string }{
	{"index", "get", ""},
	{"edit", "get", "/:id/edit"},
	{"new", "get", "/new"},
	{"show", "get", "/:id"},
	{"create", "post", ""},
	{"update", "patch", "/:id"},
	{"update", "put", "/:id"},
	{"delete", "delete", "/:id"},
}

func (r *Router) resources(n *syntax.Node, args []*syntax.Node, w *within) {
	if len(args) < 2 {
		return
	}
	text, _ := syntax.Text(args[0])
	handler := aliasIn(r.Module, w.alias, args[1])
	only, except := atoms(syntax.Keyword(n, "only")), atoms(syntax.Keyword(n, "except"))
	param := "id"
	if p, ok := syntax.Text(syntax.Keyword(n, "param")); ok {
		param = p
	}
	single := syntax.Keyword(n, "singleton")
	for _, a := range actions {
		if syntax.Keyword(n, "only") != nil && !slices.Contains(only, a.name) || slices.Contains(except, a.name) {
			continue
		}
		path := strings.ReplaceAll(a.path, ":id", ":"+param)
		if single != nil && single.Name == "true" || n.Name == "resource" {
			if a.name == "index" {
				continue
			}
			path = strings.TrimPrefix(a.path, "/:id")
		}
		route := w.route(r, n, a.verb, text+path)
		route.Handler, route.Action, route.Resource = handler, a.name, true
		r.Routes = append(r.Routes, route)
	}
	if do := syntax.Do(n); do != nil {
		in := *w
		in.path = join(in.path, text+"/:"+strings.TrimSuffix(strings.Trim(text, "/"), "s")+"_"+param)
		for _, b := range syntax.Body(do) {
			r.read(b, &in)
		}
	}
}

// pipes are the names of pipelines and plugs in a pipe_through.
func (r *Router) pipes(n *syntax.Node) (names []string) {
	switch n.Kind {
	case syntax.Alias:
		return []string{r.Module.Named(n)}
	case syntax.List:
		for _, a := range n.Args {
			names = append(names, r.pipes(a)...)
		}
		return names
	}
	return atoms(n)
}

// aliasIn is a module as named inside a scope with an alias.
func aliasIn(m *Module, scope string, n *syntax.Node) string {
	if n.Kind != syntax.Alias {
		return ""
	}
	if scope != "" && n.Fun == nil {
		return scope + "." + n.Name
	}
	return m.Named(n)
}

func join(a, b string) string {
	path := "/" + strings.Trim(strings.TrimRight(a, "/")+"/"+strings.Trim(b, "/"), "/")
	return path
}

func atoms(n *syntax.Node) (names []string) {
	switch {
	case n == nil:
	case n.Kind == syntax.Atom:
		names = []string{n.Name}
	case n.Kind == syntax.List:
		for _, a := range n.Args {
			names = append(names, atoms(a)...)
		}
	case n.Kind == syntax.Sigil && (n.Name == "w" || n.Name == "W") && len(n.Args) == 1:
		names = strings.Fields(n.Args[0].Name)
	}
	return names
}

// developers says whether an if lets only developers in: dev_routes, or Mix.env with dev in it.
func developers(n *syntax.Node) (dev bool) {
	args := syntax.Args(n)
	if len(args) == 0 {
		return false
	}
	syntax.Walk(args[0], func(n *syntax.Node) bool {
		switch {
		case n.Kind == syntax.Atom && (n.Name == "dev_routes" || n.Name == "dev" || n.Name == "test"):
			dev = true
		case n.Kind == syntax.Var && strings.HasPrefix(n.Name, "dev"):
			dev = true
		}
		return true
	})
	return dev && n.Name == "if" || n.Name == "unless" && production(args[0])
}

func production(n *syntax.Node) (prod bool) {
	syntax.Walk(n, func(n *syntax.Node) bool {
		prod = prod || n.Kind == syntax.Atom && n.Name == "prod"
		return true
	})
	return prod
}

func readPlug(m *Module, f *File, n *syntax.Node) (Plug, bool) {
	args := n.Args
	if !syntax.Is(n, "plug") || len(args) == 0 {
		return Plug{}, false
	}
	head := args[0]
	if syntax.Is(head, "when") && len(head.Args) == 2 { // plug :load when action in [:show]
		head = head.Args[0]
	}
	p := Plug{Args: args[1:], Node: n, File: f}
	switch head.Kind {
	case syntax.Atom:
		p.Name = head.Name
	case syntax.Alias, syntax.Var:
		p.Of = m.Named(head)
	default:
		return Plug{}, false
	}
	return p, true
}

// Plugs are the plugs in the body of a module that is no router: a controller's or an endpoint's.
func (m *Module) Plugs() (plugs []Plug) {
	for _, c := range m.Calls {
		if plug, ok := readPlug(m, c.File, c.Node); ok {
			plugs = append(plugs, plug)
		}
	}
	return plugs
}
