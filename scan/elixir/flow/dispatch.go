package flow

import (
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// dispatch is who may answer a call whose module is only known when the program runs: the implementations of protocols, and
// of the callbacks of behaviours. Those of the tests are not read, so a mock is none of them.
type dispatch struct {
	protocols map[string][]*project.Module
	callbacks map[string][]*project.Function // by name/arity
	of        map[*project.Function]string   // which behaviour or protocol asks for a function
}

// mostAnswers bounds how many implementations a call is followed to.
const mostAnswers = 16

// findDispatch reads what the project declares and who implements it.
func findDispatch(p *project.Project) *dispatch {
	d := &dispatch{protocols: map[string][]*project.Module{}, callbacks: map[string][]*project.Function{}, of: map[*project.Function]string{}}
	declared := map[string][]string{} // callbacks as name/arity, by behaviour
	for _, m := range p.All() {
		for _, spec := range m.Attributes["callback"] {
			if key := callbackKey(spec); key != "" {
				declared[m.Name] = append(declared[m.Name], key)
			}
		}
	}
	for _, m := range p.All() {
		if m.File.Test() {
			continue
		}
		if m.Node.Name == "defimpl" {
			if name := m.Named(m.Node.Args[0]); name != "" {
				d.protocols[name] = append(d.protocols[name], m)
				for _, fn := range m.Functions {
					d.of[fn] = name
				}
			}
			continue
		}
		for _, b := range m.Behaviours {
			for _, key := range declared[b] {
				if fn := m.ByKey(key); fn != nil && !fn.Private && !fn.Macro && d.of[fn] == "" {
					d.callbacks[key] = append(d.callbacks[key], fn)
					d.of[fn] = b
				}
			}
		}
	}
	return d
}

// callbackKey is the name/arity of a callback's specification: get(key, opts) :: binary.
func callbackKey(spec *syntax.Node) string {
	if syntax.Is(spec, "when") && len(spec.Args) == 2 {
		spec = spec.Args[0]
	}
	if syntax.Is(spec, "::") && len(spec.Args) == 2 {
		spec = spec.Args[0]
	}
	if spec.Kind != syntax.Call && spec.Kind != syntax.Var || spec.Name == "" {
		return ""
	}
	return spec.Name + "/" + strconv.Itoa(len(spec.Args))
}

// answers are the functions that a call may come to: of the protocol that it names, or of the behaviour that is meant.
func (d *dispatch) answers(p *project.Project, in *project.Module, protocol string, of *Value, key string) (fns []*project.Function) {
	if protocol != "" {
		for _, m := range d.protocols[protocol] {
			if fn := m.ByKey(key); fn != nil {
				fns = append(fns, fn)
			}
		}
		return fns[:min(len(fns), mostAnswers)]
	}
	meant := ""
	for _, name := range of.modules() {
		if m := p.Modules[name]; m != nil && m.ByKey(key) != nil {
			if meant = d.of[m.ByKey(key)]; meant == "" {
				fns = append(fns, m.ByKey(key))
			}
		}
	}
	if meant == "" && len(fns) == 0 {
		meant = d.meant(in, key)
	}
	for _, fn := range d.callbacks[key] {
		if d.of[fn] == meant {
			fns = append(fns, fn)
		}
	}
	return fns[:min(len(fns), mostAnswers)]
}

// meant is the behaviour whose callback a module calls that does not say which: its own, one that is nested in it or that it
// implements itself, or the only one that there is. If several are left it is none.
func (d *dispatch) meant(in *project.Module, key string) (meant string) {
	near, others := map[string]bool{}, map[string]bool{}
	for _, fn := range d.callbacks[key] {
		b := d.of[fn]
		if b == in.Name || strings.HasPrefix(b, in.Name+".") || slices.Contains(in.Behaviours, b) {
			near[b] = true
		}
		others[b] = true
	}
	if len(near) > 0 {
		others = near
	}
	if len(others) == 1 {
		for meant = range others {
		}
	}
	return meant
}

// dispatched calls all who may answer. Nothing is said of who else may.
func (fr *frame) dispatched(c *Call, protocol string, of *Value, name string) *Value {
	var out *Value
	for _, fn := range fr.e.dispatch.answers(fr.e.p, fr.m, protocol, of, name+"/"+strconv.Itoa(len(c.Args))) {
		out = join(out, fr.call(fn, c.Args, c.Node))
	}
	if out == nil {
		fr.closures(c.Args)
		return unknown("the result of a module that is chosen when it runs")
	}
	return out
}
