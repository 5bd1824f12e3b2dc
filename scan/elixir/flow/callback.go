package flow

import (
	"slices"
	"strconv"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

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

// published says whether an application is there for others to use: it is published as a package, and no request enters it.
func (e *Engine) published(a *project.App) bool {
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
