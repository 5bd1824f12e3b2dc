package flow

import (
	"path"
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/elixir/template"
)

// template reads a template as a function of its assigns.
func (fr *frame) template(t *template.File, assigns *Value, outer *env) *Value {
	in := *fr
	in.holes = make(map[*syntax.Node]*template.Hole, len(t.Holes))
	in.given = make(map[*template.Hole]*Value, len(t.Holes))
	alone := []*template.Hole(nil)
	inTree := map[*syntax.Node]bool{}
	for _, h := range t.Holes {
		if h.Node != nil {
			in.holes[h.Node] = h
		}
	}
	syntax.Walk(t.Code.Tree, func(n *syntax.Node) bool {
		if in.holes[n] != nil {
			inTree[n] = true
		}
		return true
	})
	for _, h := range t.Holes {
		if h.Node != nil && !inTree[h.Node] {
			alone = append(alone, h)
		}
	}
	env := outer.inner()
	if assigns == nil {
		assigns = unknown("an assign")
	}
	env.set("assigns", assigns)
	if _, ok := env.get("conn"); !ok {
		env.set("conn", &Value{Kind: Conn})
	}
	in.block(syntax.Body(t.Code.Tree), env)
	for _, h := range alone {
		in.eval(h.Node, env)
	}
	for _, el := range t.Elements {
		in.component(el, env)
	}
	return bounded("a template")
}

// component calls the function that a tag such as .card or Shop.card stands for.
func (fr *frame) component(el *template.Element, env *env) {
	name, local := strings.CutPrefix(el.Name, ".")
	if !local && !strings.Contains(el.Name, ".") {
		return
	}
	assigns := &Value{Kind: Mapping}
	var node *syntax.Node
	for _, a := range el.Attributes {
		switch {
		case a.Expr != nil && a.Expr.Node != nil:
			node = a.Expr.Node
			v := fr.given[a.Expr]
			if a.Name == "" && v != nil {
				assigns = join(assigns, v)
				continue
			}
			if !strings.HasPrefix(a.Name, ":") {
				assigns = assigns.with(a.Name, v)
			}
		case a.Name != "" && !strings.HasPrefix(a.Name, ":"):
			assigns = assigns.with(a.Name, constant(a.Value))
		}
	}
	if node == nil { // nothing but constants
		return
	}
	if local {
		if fn := fr.m.Func(name, 1); fn != nil {
			fr.call(fn, []*Value{assigns}, node)
		} else if of := fr.imported(name, 1); of != "" && fr.e.p.Func(of, name, 1) != nil {
			fr.call(fr.e.p.Func(of, name, 1), []*Value{assigns}, node)
		}
		return
	}
	at := strings.LastIndexByte(el.Name, '.')
	if fn := fr.e.p.Func(fr.m.Resolve(el.Name[:at]), el.Name[at+1:], 1); fn != nil {
		fr.call(fn, []*Value{assigns}, node)
	}
}

// findTemplates makes a function of each file of markup, in the module that renders it: the view of its folder, the module
// that embeds the folder, or the LiveView beside it.
func (e *Engine) findTemplates() {
	byFile := map[string]*project.Module{} // lib/shop_web/live/cart_live
	byView := map[string]*project.Module{} // page, of ShopWeb.PageView, with the application's folder before it
	for _, m := range e.p.All() {
		if m.Outer == nil {
			byFile[strings.TrimSuffix(m.File.Path, ".ex")] = m
		}
		last := m.Name[strings.LastIndexByte(m.Name, '.')+1:]
		if name, ok := strings.CutSuffix(last, "View"); ok {
			byView[m.File.App.Dir+":"+underscore(name)] = m
			// ShopWeb.Admin.PageView reads templates/admin/page.
			parts := strings.Split(m.Name, ".")
			if len(parts) > 2 {
				for i := range parts {
					parts[i] = underscore(parts[i])
				}
				byView[m.File.App.Dir+":"+strings.Join(parts[1:len(parts)-1], "/")+"/"+underscore(name)] = m
			}
		}
	}
	for _, f := range e.p.Files {
		if !f.Template() || f.Test() {
			continue
		}
		dir, base := path.Split(f.Path)
		dir = strings.TrimSuffix(dir, "/")
		name, _, _ := strings.Cut(base, ".")
		var m *project.Module
		if at := strings.Index(dir, "/templates/"); at >= 0 {
			m = byView[f.App.Dir+":"+dir[at+len("/templates/"):]]
			if m == nil {
				m = byView[f.App.Dir+":"+path.Base(dir)]
			}
		}
		if m == nil {
			m = byFile[dir+"/"+name]
		}
		if m == nil {
			m = byFile[dir]
		}
		if m == nil && path.Base(dir) == "layouts" {
			m = byFile[path.Join(path.Dir(dir), "layouts")]
		}
		if m == nil {
			m = &project.Module{Name: "", File: f}
		}
		t := template.Parse(f.Path, f.Src, template.Option{})
		fn := &project.Function{Module: m, File: f, Name: strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(base, ".heex"), ".eex"), ".leex"), Arity: 1}
		e.templates[fn] = t
		view := m.Name
		if view == "" {
			view = f.Path
		}
		if e.views[view] == nil {
			e.views[view] = map[string]*project.Function{}
		}
		e.views[view][fn.Name] = fn
		if m.Using("Phoenix.LiveView") || m.Using("Phoenix.LiveComponent") {
			e.entries[fn] = []*Value{{Kind: Mapping, Why: "an assign", Name: live}}
		}
	}
}

func underscore(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 && name[i-1] != '.' && !(name[i-1] >= 'A' && name[i-1] <= 'Z') {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// render calls the template that a controller's render names.
func render(fr *frame, c *Call) *Value {
	conn := nonNil(c.Arg(0))
	if conn.Kind != Conn && !(len(c.Args) >= 2 && c.Args[0].Kind == Unknown) {
		return renderView(fr, c)
	}
	name, assigns := nonNil(c.Arg(1)), c.Arg(2)
	views := []string{}
	if name.Kind == Module && c.Arg(2) != nil { // render(conn, View, "x.html")
		views = append(views, name.Text)
		name, assigns = c.Arg(2), c.Arg(3)
	}
	if v := conn.own("%view"); v != nil && v.Kind == Module {
		views = append(views, v.Text)
	}
	if base, ok := strings.CutSuffix(fr.m.Name, "Controller"); ok {
		views = append(views, base+"HTML", base+"View")
	}
	if name.Kind == Mapping || c.Arg(1) == nil { // render(conn, assigns): the template of the action's name
		assigns, name = c.Arg(1), constant(fr.fn.Name)
	}
	if name.Kind != Constant {
		return conn
	}
	all := nonNil(conn.own("assigns"))
	if assigns != nil && assigns.Kind == Mapping {
		for i, k := range assigns.keys {
			all = all.with(k, assigns.fields[i])
		}
	}
	if all.Kind != Mapping {
		all = &Value{Kind: Mapping, Why: "an assign"}
	}
	all = all.with("conn", conn)
	fr.show(views, name.Text, all, c)
	return conn
}

// renderView is render(View, "x.html", assigns), or render("x.html", assigns) in a view.
func renderView(fr *frame, c *Call) *Value {
	views, args := []string{fr.m.Name}, c.Args
	if len(args) > 0 && args[0].Kind == Module {
		views, args = []string{args[0].Text}, args[1:]
	}
	if len(args) == 0 || args[0].Kind != Constant {
		return unknown("a template")
	}
	assigns := &Value{Kind: Mapping}
	if len(args) > 1 {
		assigns = args[1]
	}
	fr.show(views, args[0].Text, assigns, c)
	return bounded("a template")
}

func (fr *frame) show(views []string, name string, assigns *Value, c *Call) {
	for _, view := range views {
		for _, full := range []string{name, name + ".html"} {
			if fn := fr.e.views[view][full]; fn != nil {
				fr.call(fn, []*Value{assigns}, c.Node)
				return
			}
		}
		if fn := fr.e.p.Func(view, strings.TrimSuffix(name, ".html"), 1); fn != nil {
			fr.call(fn, []*Value{assigns}, c.Node)
			return
		}
		if fn := fr.e.p.Func(view, "render", 2); fn != nil {
			fr.call(fn, []*Value{constant(name), assigns}, c.Node)
		}
	}
}

func viewOf(v *Value) *Value {
	if v == nil {
		return unknown("")
	}
	if html := v.own("html"); html != nil {
		return html
	}
	return v
}
