package phoenix

import (
	"path"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// Transport is how an endpoint speaks in production, as far as source and configuration say.
type Transport struct {
	Endpoint *project.Module
	Config   *project.Entry // where the endpoint is configured for production; nil where it is not
	Force    *project.Entry // force_ssl
	HTTPS    *project.Entry // it listens with a certificate of its own
	Plug     string         // a plug that sends people on to https: Plug.SSL, or one of the project
	Proxy    bool           // a proxy speaks https for it, by the addresses that the endpoint makes
}

// Transports tells of every endpoint that is configured for production.
func Transports(p *project.Project) (found []Transport) {
	for _, m := range Endpoints(p) {
		t := Transport{Endpoint: m}
		for _, e := range p.Config.Entries {
			if e.Key != m.Name || !e.Production() || len(e.Path) == 0 {
				continue
			}
			if base := path.Base(e.File.Path); (base == "prod.exs" || t.Config == nil && (e.Run || e.Env == "prod")) && (t.Config == nil || path.Base(t.Config.File.Path) != "prod.exs") {
				t.Config = e
			}
			switch e.Path[0] {
			case "force_ssl":
				t.Force = e
			case "https":
				t.HTTPS = e
			case "url":
				t.Proxy = t.Proxy || len(e.Path) == 2 && holds(e.Value, "https", "443")
			}
		}
		if t.Config == nil {
			continue
		}
		if t.Force != nil && (t.Force.Value.Name == "false" || t.Force.Value.Name == "nil") {
			t.Force = nil
		}
		t.Plug = forces(p, m)
		found = append(found, t)
	}
	return found
}

// holds says whether a value is one of some texts or numbers, or may be: System.get_env("SCHEME", "https").
func holds(v *syntax.Node, texts ...string) (found bool) {
	syntax.Walk(v, func(n *syntax.Node) bool {
		found = found || (n.Kind == syntax.String || n.Kind == syntax.Integer) && slices.Contains(texts, n.Name)
		return !found
	})
	return found
}

// forces finds a plug of an endpoint or a router that sends requests on to https.
func forces(p *project.Project, m *project.Module) string {
	tells := func(m *project.Module, plug project.Plug) bool {
		if plug.Of == "Plug.SSL" {
			return true
		}
		bodies, in := Bodies(p, m, plug)
		for _, b := range bodies {
			if Reaches(p, in, b, func(m *project.Module, n *syntax.Node) bool {
				return n.Kind == syntax.Remote && n.Fun != nil && m.Named(n.Fun) == "Plug.SSL" || n.Kind == syntax.String && n.Name == "strict-transport-security"
			}) {
				return true
			}
		}
		return false
	}
	for _, plug := range m.Plugs() {
		if tells(m, plug) {
			return plugName(plug)
		}
	}
	for _, r := range p.Routers {
		for _, l := range r.Pipelines {
			for _, plug := range l.Plugs {
				if tells(r.Module, plug) {
					return plugName(plug)
				}
			}
		}
	}
	return ""
}

// Forcing is the edit that adds force_ssl to an endpoint's configuration; it is nil where the setting would come too late,
// since Phoenix reads it when it compiles, or where the call is written in another way.
func Forcing(e *project.Entry) []scan.Edit {
	if e.Run || len(e.Node.Args) != 3 || e.Node.Args[2].Flags&syntax.Bare == 0 {
		return nil
	}
	return []scan.Edit{Behind(e.File, e.Node.Args[1], ", force_ssl: [rewrite_on: [:x_forwarded_proto]]")}
}
