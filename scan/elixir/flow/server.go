package flow

import (
	"strconv"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// server is a process whose callbacks the project writes. Each clause of a callback is read by itself, since a message
// comes to the one that is written for it.
type server struct {
	m       *project.Module
	state   int // the cell of its state
	answers int // the cell of what GenServer.reply/2 gives
	clauses map[string][]*handler
	vague   bool // some messages to it were not followed
}

// handler is one clause of a callback of a server.
type handler struct {
	message *syntax.Node
	fn      *project.Function
}

// handled are the callbacks of servers: which parameter is the message, and which the state.
var handled = map[string]struct{ message, state int }{
	"handle_call/3": {0, 2}, "handle_cast/2": {0, 1}, "handle_info/2": {0, 1}, "handle_continue/2": {0, 1}, "handle_event/4": {1, 3},
	"terminate/2": {0, 1},
}

// findServers gives each server its cells and handlers.
func (e *Engine) findServers() {
	for _, m := range e.p.All() {
		if m.File.Test() || !m.Using("GenServer") && !m.Using("GenStateMachine") || e.p.Modules[m.Name] != m {
			continue
		}
		s := &server{m: m, clauses: map[string][]*handler{}}
		s.state = e.cellAt("state "+m.Name, "the state of "+m.Name, m, m.File)
		s.answers = e.cellAt("answers "+m.Name, "an answer of "+m.Name, m, m.File)
		e.servers[m.Name] = s
		for key, at := range handled {
			fn := m.ByKey(key)
			if fn == nil || fn.Private || fn.Macro || e.entries[fn] != nil {
				continue
			}
			e.handlers[fn] = s
			for _, c := range fn.Clauses {
				one := *fn
				one.Clauses = []*project.Clause{c}
				h := &handler{message: c.Params[at.message], fn: &one}
				s.clauses[key] = append(s.clauses[key], h)
				args := make([]*Value, fn.Arity)
				args[at.state] = held(s.state, "the state")
				if key == "handle_call/3" {
					args[1] = bounded("whom to answer")
				}
				e.given[&one] = args
				e.handlers[&one] = s
			}
		}
	}
}

// matches says whether a message may come to a clause: by the atom that it is, or that it begins with. A clause for anything
// takes what no other one does.
func matches(p *syntax.Node, msg *Value) (yes, anything bool) {
	for syntax.Is(p, "=") && len(p.Args) == 2 {
		if p.Args[0].Kind == syntax.Var {
			p = p.Args[1]
		} else {
			p = p.Args[0]
		}
	}
	switch p.Kind {
	case syntax.Var:
		return true, true
	case syntax.Atom:
		return msg.Kind == Constant && msg.Text == p.Name, false
	case syntax.Tuple, syntax.Pair:
		if msg.Kind != Tuple || len(msg.Items) != len(p.Args) || len(p.Args) == 0 {
			return false, false
		}
		if first := p.Args[0]; first.Kind == syntax.Atom {
			return msg.Items[0].Is(first.Name), false
		}
		return msg.Items[0].Kind != Constant, false
	case syntax.Struct, syntax.Map:
		return msg.Kind == Mapping, false
	}
	return false, false
}

// to are the handlers that a message comes to in one server.
func (s *server) to(key string, msg *Value) (found []*handler) {
	var rest []*handler
	for _, h := range s.clauses[key] {
		switch yes, anything := matches(h.message, msg); {
		case anything:
			rest = append(rest, h)
		case yes:
			found = append(found, h)
		}
	}
	if len(found) == 0 {
		return rest
	}
	return found
}

// receivers are the servers that a message is for: the one that is named, the one whose module sends it to itself or to one of
// its kind, or the only one that has a clause for it. If there are several, each has messages that are not followed.
func (fr *frame) receivers(whom *Value, key string, msg *Value) (all []*server) {
	for _, name := range whom.modules() {
		if s := fr.e.servers[name]; s != nil {
			all = append(all, s)
		}
	}
	own := fr.e.servers[fr.m.Name]
	switch {
	case len(all) > 0:
		return all
	case own != nil && len(own.to(key, msg)) > 0:
		return []*server{own}
	case key == "handle_info/2" || msg.Kind != Tuple && msg.Kind != Constant:
		return nil
	}
	for _, m := range fr.e.p.All() {
		s := fr.e.servers[m.Name]
		if s == nil || s.m != m {
			continue
		}
		if to := s.to(key, msg); len(to) > 0 && to[0].message.Kind != syntax.Var {
			all = append(all, s)
		}
	}
	if len(all) > 1 {
		for _, s := range all {
			s.vague = true
		}
		return nil
	}
	return all
}

// message sends one to whoever handles it, and gives what comes back from a call.
func (fr *frame) message(key string, whom, msg *Value, n *syntax.Node) *Value {
	msg = nonNil(msg)
	var out *Value
	for _, s := range fr.receivers(nonNil(whom), key, msg) {
		if msg.Kind != Tuple && msg.Kind != Constant && msg.Kind != Mapping {
			s.vague = true
			continue
		}
		for _, h := range s.to(key, msg) {
			args := make([]*Value, h.fn.Arity)
			copy(args, fr.e.given[h.fn])
			args[handled[key].message] = msg
			back := fr.call(h.fn, args, n)
			if key != "handle_call/3" {
				continue
			}
			sum := fr.e.summarise(h.fn)
			answer := (&filling{fr: fr, args: args, to: h.fn, node: n, memo: map[*Value]*Value{}}).fill(sum.reply, 0)
			if answer == nil && back != nil && back.Kind == Tuple && len(back.Items) > 1 && back.Items[0].Is("reply") {
				answer = back.Items[1]
			}
			if answer == nil {
				answer = held(s.answers, "an answer")
			}
			out = join(out, answer)
		}
	}
	return out
}

// process reads the calls that start processes and send messages. It is nil for all others.
func (fr *frame) process(c *Call, full string) *Value {
	switch full {
	case "GenServer.call", "GenStateMachine.call":
		if v := fr.message("handle_call/3", c.Arg(0), c.Arg(1), c.Node); v != nil {
			return v
		}
		fr.message("handle_event/4", c.Arg(0), c.Arg(1), c.Node)
	case "GenServer.cast", "GenStateMachine.cast":
		fr.message("handle_cast/2", c.Arg(0), c.Arg(1), c.Node)
		fr.message("handle_event/4", c.Arg(0), c.Arg(1), c.Node)
	case "Kernel.send", "Process.send", "Process.send_after":
		fr.message("handle_info/2", c.Arg(0), c.Arg(1), c.Node)
	case "GenServer.reply":
		if s := fr.e.servers[fr.m.Name]; s != nil {
			fr.keep(s.answers, nonNil(c.Arg(1)), c.Node)
		}
	case "GenServer.start_link", "GenServer.start", "Supervisor.start_link", "DynamicSupervisor.start_link", "GenStateMachine.start_link", "GenStateMachine.start":
		for _, name := range nonNil(c.Arg(0)).modules() {
			if init := fr.e.p.Func(name, "init", 1); init != nil {
				fr.call(init, []*Value{nonNil(c.Arg(1))}, c.Node)
			}
		}
	case "Process.put", ":persistent_term.put":
		if id, what := fr.noted(c, full); what != "" {
			fr.keep(id, nonNil(c.Arg(1)), c.Node)
		}
	case "Process.get", ":persistent_term.get":
		if id, what := fr.noted(c, full); what != "" {
			v := held(id, what)
			if d := c.Arg(1); d != nil && !empty(d) {
				v = join(v, d)
			}
			return v
		}
	}
	return nil
}

// noted is the cell of a key of the process dictionary, or of the terms that all processes share. A key that is not written
// in the code may be any.
func (fr *frame) noted(c *Call, full string) (id int, what string) {
	key := nonNil(c.Arg(0))
	store := full[:len(full)-4]
	name := ""
	switch {
	case key.Kind == Constant || key.Kind == Module:
		name = key.Text
	case key.Kind == Tuple && key.IsConst():
		for _, k := range key.Items {
			name += k.Text + " "
		}
	default:
		if full[len(full)-3:] == "put" {
			fr.e.anyKey[store] = true
		}
		return 0, ""
	}
	what = "what is kept under " + strconv.Quote(name)
	return fr.e.cellAt(store+" "+name, what, fr.m, fr.f), what
}

// returned looks at what a callback gives back: the next state, and the answer.
func (fr *frame) returned(items []*Value, n *syntax.Node) {
	if fr.e.servers == nil || len(items) < 2 || items[0].Kind != Constant || !items[0].Atom {
		return
	}
	s := fr.e.servers[fr.m.Name]
	if s == nil {
		return
	}
	state := func(i int) {
		if i < len(items) {
			fr.keep(s.state, nonNil(items[i]), n)
		}
	}
	switch items[0].Text {
	case "ok":
		if fr.fn.Name == "init" {
			state(1)
			if s.m.Using("GenStateMachine") {
				state(2)
			}
		}
	case "noreply", "keep_state":
		state(1)
	case "next_state":
		state(2)
	case "reply":
		if len(items) > 2 {
			fr.s.reply = join(fr.s.reply, items[1])
			state(2)
		}
	case "continue":
		fr.message("handle_continue/2", &Value{Kind: Module, Text: s.m.Name}, items[1], n)
	}
}

// started looks at the children of supervisors: {Shop.Cart, arg} starts one with arg.
func (fr *frame) started(items []*Value, n *syntax.Node) {
	if len(items) < 2 || items[0].Kind != Module || fr.e.p.Modules[items[0].Text] == nil {
		return
	}
	start, spec := fr.e.p.Func(items[0].Text, "start_link", 1), fr.e.p.Func(items[0].Text, "child_spec", 1)
	switch {
	case len(items) == 2 && (start != nil || spec != nil):
		for _, fn := range []*project.Function{spec, start} {
			if fn != nil && !fn.Macro {
				fr.call(fn, items[1:], n)
			}
		}
	case len(items) == 3 && items[1].Is("start_link") && items[2].Kind == List && items[2].elem == nil:
		if fn := fr.e.p.Func(items[0].Text, "start_link", len(items[2].Items)); fn != nil {
			fr.call(fn, items[2].Items, n)
		}
	}
}
