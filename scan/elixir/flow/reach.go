package flow

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// reach answers whether anything can call a function that no call was followed to. It is asked of few functions, so that the
// code is searched for their names alone. It errs to the side of yes: any mention of the name that may mean the function
// counts, as an atom, by a module that is not known, in code that a macro writes, in a template.
type reach struct {
	p      *project.Project
	wanted map[string]bool // names of functions

	named   map[string]bool            // Module.name, as called or captured
	local   map[string]map[string]bool // names called without a module, and in which modules
	loose   map[string]bool            // names that may mean any module's function
	values  map[string]bool            // modules that are handed around
	applied map[string]bool            // modules of which any function may be applied
	anyFunc bool                       // any function of any module that is handed around may be
}

// searched looks for all mentions of some functions.
func searched(p *project.Project, fns []*project.Function) *reach {
	r := &reach{
		p: p, wanted: map[string]bool{}, named: map[string]bool{}, local: map[string]map[string]bool{}, loose: map[string]bool{},
		values: map[string]bool{}, applied: map[string]bool{},
	}
	for _, fn := range fns {
		r.wanted[fn.Name] = true
	}
	for _, f := range p.Files {
		if f.Test() && !f.Task() {
			continue
		}
		if f.Syntax == nil {
			for name := range r.wanted {
				if bytes.Contains(f.Src, []byte(name)) {
					r.loose[name] = true
				}
			}
			continue
		}
		r.search(f.Syntax.Tree, where{file: f})
	}
	return r
}

// where is what is around a mention.
type where struct {
	file   *project.File
	module *project.Module
	inside string // the function being defined
	quoted bool
}

func (r *reach) search(n *syntax.Node, at where) {
	if n == nil {
		return
	}
	switch {
	case syntax.Is(n, "defmodule", "defimpl", "defprotocol"):
		for _, m := range at.file.Modules {
			if m.Node == n {
				at.module, at.inside = m, ""
			}
		}
		r.all(n.Args[min(1, len(n.Args)):], at)
		return
	case syntax.Is(n, "@") && len(n.Args) == 1:
		switch n.Args[0].Name {
		case "spec", "type", "typep", "opaque", "callback", "macrocallback", "doc", "moduledoc":
			return
		}
	case syntax.Is(n, "alias", "import", "require", "use"):
		r.all(n.Args[min(1, len(n.Args)):], at)
		return
	case syntax.Is(n, "def", "defp", "defmacro", "defmacrop") && len(n.Args) > 0:
		head := n.Args[0]
		if syntax.Is(head, "when") {
			r.all(head.Args[1:], at)
			head = head.Args[0]
		}
		r.all(head.Args, at)
		at.inside = head.Name
		r.all(n.Args[1:], at)
		return
	case syntax.Is(n, "quote"):
		at.quoted = true
	}
	r.mention(n, at)
	if n.Kind == syntax.Pair && n.Args[0].Kind == syntax.Atom { // a key names no function
		r.search(n.Args[1], at)
		return
	}
	if n.Kind != syntax.Remote || n.Fun == nil || n.Fun.Kind != syntax.Alias { // the module of a call is not handed around
		r.search(n.Fun, at)
	}
	r.all(n.Args, at)
}

func (r *reach) all(ns []*syntax.Node, at where) {
	for _, n := range ns {
		r.search(n, at)
	}
}

// mention notes what one node says of functions.
func (r *reach) mention(n *syntax.Node, at where) {
	switch n.Kind {
	case syntax.Alias:
		if at.module != nil {
			r.values[at.module.Named(n)] = true
		} else {
			r.values[n.Name] = true
		}
	case syntax.Atom:
		if r.wanted[n.Name] {
			r.loose[n.Name] = true
		}
	case syntax.AtomParts:
		r.anyFunc = r.anyFunc || at.quoted
	case syntax.Call, syntax.Var:
		if n.Name == "apply" && len(n.Args) >= 2 {
			r.apply(n.Args, at)
		}
		switch {
		case !r.wanted[n.Name]:
		case at.quoted || at.module == nil:
			r.loose[n.Name] = true
		case at.inside != n.Name:
			if r.local[n.Name] == nil {
				r.local[n.Name] = map[string]bool{}
			}
			r.local[n.Name][at.module.Name] = true
		}
	case syntax.Remote:
		of := ""
		if at.module != nil && (n.Fun == nil || n.Fun.Kind != syntax.Var || n.Fun.Name == "__MODULE__") {
			of = at.module.Named(n.Fun)
		}
		if n.Name == "apply" || of == ":rpc" || of == ":erpc" {
			r.apply(n.Args, at)
		}
		switch {
		case !r.wanted[n.Name]:
		case of == "":
			if len(n.Args) > 0 || n.Flags&syntax.CallParen != 0 || at.quoted {
				r.loose[n.Name] = true
			}
		default:
			r.named[of+"."+n.Name] = true
		}
	case syntax.Sigil:
		if n.Name == "H" || n.Name == "E" || n.Name == "L" {
			text := at.file.Text(n)
			for name := range r.wanted {
				if strings.Contains(text, name) {
					r.loose[name] = true
				}
			}
		}
	}
}

// apply notes a call of a function whose name is only known when it runs.
func (r *reach) apply(args []*syntax.Node, at where) {
	if len(args) == 2 && args[1].Kind != syntax.List { // of a pipe: |> apply(name, args)
		r.anyFunc = true
		return
	}
	if len(args) < 3 || args[len(args)-2].Kind == syntax.Atom {
		return
	}
	of := ""
	if at.module != nil {
		of = at.module.Named(args[len(args)-3])
	}
	if of == "" {
		r.anyFunc = true
		return
	}
	r.applied[of] = true
}

// calls says whether anything may call a function.
func (r *reach) calls(fn *project.Function) bool {
	of := fn.Module.Name
	switch {
	case r.loose[fn.Name] || r.named[of+"."+fn.Name] || r.applied[of] || r.anyFunc && r.values[of] && !fn.Private:
		return true
	case fn.File != fn.Module.File: // out of a __using__
		return true
	}
	for in := range r.local[fn.Name] {
		if in == of {
			return true
		}
		if m := r.p.Modules[in]; m != nil && (slices.Contains(m.Imports, of) || m.Using(of)) {
			return true
		}
	}
	return false
}

// callback is the behaviour or protocol that may ask for a function, in words; it is empty where none does.
func (e *Engine) callback(fn *project.Function) string {
	m := fn.Module
	if b := e.dispatch.of[fn]; b != "" {
		return b
	}
	if m.Node.Name == "defimpl" || m.Node.Name == "defprotocol" {
		return "a protocol"
	}
	if fn.Private {
		return ""
	}
	key := fn.Name + "/" + strconv.Itoa(fn.Arity)
	if asked[key] || fn.Name == "start_link" {
		return "what starts processes"
	}
	if marked(fn) {
		return "a behaviour"
	}
	if len(m.Attributes["impl"]) > 0 {
		return "" // the compiler warns of callbacks without a mark where others have one
	}
	for _, b := range m.Behaviours {
		if e.p.Modules[b] == nil {
			return b
		}
	}
	for _, u := range m.Uses {
		if names, known := asks[u.Module]; known {
			if slices.Contains(names, key) {
				return u.Module
			}
			continue
		}
		if e.p.Modules[u.Module] == nil {
			return u.Module
		}
	}
	return ""
}

// compilers are behaviours that are asked while code is compiled, with the code.
var compilers = map[string]bool{"EEx.Engine": true, "Phoenix.Template.Engine": true, "Phoenix.LiveView.MacroComponent": true, "Phoenix.Component.MacroComponent": true, "Mix.Tasks.Format": true}

// asked are functions that are called by convention, of any module.
var asked = map[string]bool{"child_spec/1": true, "main/1": true, "init/1": true, "call/2": true, "__using__/1": true, "run/1": true, "exception/1": true, "message/1": true}

// asks are the callbacks of modules that are used, for those of which all are known; the others may ask for any function.
var asks = map[string][]string{
	"GenServer":              {"init/1", "handle_call/3", "handle_cast/2", "handle_info/2", "handle_continue/2", "terminate/2", "code_change/3", "format_status/1", "format_status/2"},
	"Supervisor":             {"init/1"},
	"DynamicSupervisor":      {"init/1"},
	"Agent":                  nil,
	"Task":                   nil,
	"Application":            {"start/2", "stop/1", "prep_stop/1", "start_phase/3", "config_change/3"},
	"Ecto.Schema":            nil,
	"Ecto.Repo":              {"init/2", "prepare_query/3", "default_options/1", "get_dynamic_repo/0"},
	"Ecto.Migration":         {"up/0", "down/0", "change/0", "after_begin/0", "before_commit/0"},
	"Phoenix.Component":      nil,
	"Phoenix.VerifiedRoutes": nil,
	"Phoenix.HTML":           nil,
	"PhoenixHTMLHelpers":     nil,
	"Gettext":                nil,
	"Gettext.Backend":        nil,
	"Oban.Worker":            {"perform/1", "backoff/1", "timeout/1", "new/2"},
	"Bitwise":                nil,
	"Tesla":                  {"call/2", "call/3"},
	"Mix.Task":               {"run/1"},
	"Mix.Config":             nil,
	"Phoenix.Controller":     {"action/2"},
	"Phoenix.View":           {"render/2", "template_not_found/2"},
	"Phoenix.LiveView":       {"mount/3", "handle_params/3", "handle_event/3", "handle_info/2", "handle_call/3", "handle_cast/2", "handle_async/3", "terminate/2", "render/1"},
	"Phoenix.LiveComponent":  {"mount/1", "update/2", "update_many/1", "handle_event/3", "handle_async/3", "render/1"},
	"Phoenix.Channel":        {"join/3", "handle_in/3", "handle_out/3", "handle_info/2", "handle_call/3", "handle_cast/2", "terminate/2", "code_change/3"},
	"Phoenix.Router":         nil,
	"Phoenix.Endpoint":       {"init/2"},
	"Plug.Router":            nil,
	"Plug.Builder":           nil,
	"ExUnit.CaseTemplate":    nil,
}

// marked says whether @impl stands before a function, behind the clause before it.
func marked(fn *project.Function) bool {
	for _, c := range fn.Clauses {
		before := int32(0)
		for _, other := range fn.Module.Functions {
			for _, o := range other.Clauses {
				if other.File == fn.File && o.Node.Start < c.Node.Start {
					before = max(before, o.Node.End)
				}
			}
		}
		for _, mark := range fn.Module.Attributes["impl"] {
			if before <= mark.Start && mark.Start < c.Node.Start && !syntax.Is(mark, "false") {
				return true
			}
		}
	}
	return false
}

// library says whether an application is there for others to use: it is published as a package, and no request enters it.
func (e *Engine) library(a *project.App) bool {
	if a == nil || a.Mix == nil {
		return false
	}
	if known, ok := e.libraries[a]; ok {
		return known
	}
	published, serves := false, false
	syntax.Walk(a.Mix.Syntax.Tree, func(n *syntax.Node) bool {
		published = published || n.Kind == syntax.Pair && n.Args[0].Kind == syntax.Atom && n.Args[0].Name == "package"
		return !published
	})
	for _, r := range e.p.Routers {
		serves = serves || r.Module.File.App == a && !r.Module.File.Test() && len(r.Routes) > 0
	}
	for _, m := range e.p.All() {
		serves = serves || m.File.App == a && !m.File.Test() && m.Using("Phoenix.Endpoint")
	}
	e.libraries[a] = published && !serves
	return e.libraries[a]
}
