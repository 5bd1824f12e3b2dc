// Package csp looks for pipelines whose pages go out without a Content-Security-Policy, or with one that stops nothing. A
// policy may be set by the plug of Phoenix, by a plug of the project, or by one of a library; all three are looked for.
package csp

import (
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/csp.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/csp", Title: "Pages without a Content-Security-Policy", Severity: scan.Low, CWE: []int{693, 1021},
		Standards: []string{"OWASP A05:2021", "PCI DSS 4.0 6.4.3"}, Tags: []string{"headers", "router"}, Doc: doc,
	},
	Run: run,
}

const (
	header = "content-security-policy"
	policy = `%{"content-security-policy" => "default-src 'self'"}`
)

func run(p *elixir.Pass) {
	for _, r := range phoenix.Routers(p.Project) {
		for _, l := range r.Pipelines {
			for _, plug := range l.Plugs {
				if plug.Is("put_secure_browser_headers") {
					look(p, r, l, plug)
				}
			}
		}
	}
}

func look(p *elixir.Pass, r *project.Router, l *project.Pipeline, plug project.Plug) {
	place := plug.File.Place(plug.Node)
	if used, live := use(r, l); used && !live {
		p.Clear(place, "only routes for developers pass through this pipeline")
		return
	}
	found := p.At(plug.File, plug.Node)
	found.Place.Symbol = r.Module.Name + " pipeline " + l.Name
	value, known := given(p.Project, r.Module, plug)
	if value == "" && !known {
		p.Clear(place, "the headers are computed")
		return
	}
	if value == "" {
		if by := elsewhere(p.Project, r, l); by != "" {
			p.Clear(place, "the policy is set by "+by)
			return
		}
		found.Message = fmt.Sprintf("Pipeline :%s sends pages without a policy on scripts (no script-src): one injected <script> runs with all rights of the user.", l.Name)
		found.Fix = &scan.Fix{Text: "Give put_secure_browser_headers a content-security-policy and widen it where the pages need more; 'self' lets LiveView through."}
		if len(plug.Args) == 0 {
			found.Fix.Edits = []scan.Edit{phoenix.Behind(plug.File, plug.Node.Args[len(plug.Node.Args)-1], ", "+policy)}
		}
		p.Report(found)
		return
	}
	if why := weak(value); why != "" {
		found.Key = "weak"
		found.Message = fmt.Sprintf("The policy of pipeline :%s does not stop injected scripts: %s.", l.Name, why)
		found.Fix = &scan.Fix{Text: "Name the hosts that scripts come from, and let inline ones through by a nonce."}
		p.Report(found)
	}
}

// use says whether any route passes through a pipeline, and whether one of those is there in production.
func use(r *project.Router, l *project.Pipeline) (used, live bool) {
	for _, route := range r.Routes {
		for _, name := range route.Through {
			if name == l.Name {
				used, live = true, live || !route.Dev
			}
		}
	}
	return used, live
}

// given is the policy in a plug's own map of headers; known says whether there is nothing else it could be.
func given(p *project.Project, m *project.Module, plug project.Plug) (value string, known bool) {
	if len(plug.Args) == 0 {
		return "", true
	}
	v := m.Value(plug.Args[0])
	if v.Kind != syntax.Map {
		return "", false
	}
	for _, pair := range v.Args {
		if pair.Kind != syntax.Pair {
			return "", false
		}
		key, _ := syntax.Text(m.Value(pair.Args[0]))
		if key == "" && pair.Args[0].Kind == syntax.Atom {
			key = pair.Args[0].Name
		}
		if !strings.EqualFold(strings.ReplaceAll(key, "_", "-"), header) && !strings.EqualFold(key, header+"-report-only") {
			continue
		}
		text, ok := syntax.Text(m.Value(pair.Args[1]))
		if !ok {
			return "", false
		}
		return text, true
	}
	return "", true
}

// elsewhere finds another plug that sets the policy: of this pipeline, of all routes that pass through it, or of an endpoint.
func elsewhere(p *project.Project, r *project.Router, l *project.Pipeline) string {
	for _, plug := range l.Plugs {
		if sets(p, r.Module, plug) {
			return plug.Name + plug.Of
		}
	}
	for _, e := range phoenix.Endpoints(p) {
		for _, plug := range e.Plugs() {
			if sets(p, e, plug) {
				return plug.Name + plug.Of
			}
		}
	}
	by := ""
	for _, route := range r.Routes {
		through := false
		for _, name := range route.Through {
			through = through || name == l.Name
		}
		if !through || route.Dev {
			continue
		}
		set := ""
		for _, plug := range phoenix.Plugs(p, route) {
			if sets(p, r.Module, plug) {
				set = plug.Name + plug.Of
			}
		}
		if set == "" {
			return ""
		}
		by = set
	}
	return by
}

func sets(p *project.Project, m *project.Module, plug project.Plug) bool {
	if plug.Is("put_secure_browser_headers") {
		value, known := given(p, m, plug)
		return value != "" || !known
	}
	words := strings.Join(phoenix.Words(plug.Name+" "+plug.Of), " ")
	if strings.Contains(words, "csp") || strings.Contains(words, "content security policy") {
		return true
	}
	for _, a := range plug.Args { // plug :put_resp_header, …; plug Unplug, do: {…, "content-security-policy"}
		found := false
		syntax.Walk(a, func(n *syntax.Node) bool {
			found = found || n.Kind == syntax.String && strings.EqualFold(n.Name, header)
			return !found
		})
		if found {
			return true
		}
	}
	bodies, in := phoenix.Bodies(p, m, plug)
	for _, b := range bodies {
		if phoenix.Header(p, in, b, header) {
			return true
		}
	}
	return false
}

// weak says why a policy does not stop an injected script; empty where it does.
func weak(policy string) string {
	sources := map[string][]string{}
	for _, directive := range strings.Split(policy, ";") {
		if f := strings.Fields(strings.ToLower(directive)); len(f) > 0 {
			sources[f[0]] = f[1:]
		}
	}
	scripts, ok := sources["script-src"]
	if !ok {
		if scripts, ok = sources["default-src"]; !ok {
			return "it has neither script-src nor default-src"
		}
	}
	inline, nonce := false, false
	for _, s := range scripts {
		switch {
		case s == "'unsafe-inline'":
			inline = true
		case strings.HasPrefix(s, "'nonce-"), strings.HasPrefix(s, "'sha"), s == "'strict-dynamic'":
			nonce = true
		case s == "*", s == "https:", s == "http:":
			return "scripts may come from any host (" + s + ")"
		case s == "data:":
			return "scripts may come from data: addresses"
		}
	}
	if inline && !nonce {
		return "'unsafe-inline' lets every inline script run"
	}
	return ""
}
