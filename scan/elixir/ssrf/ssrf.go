// Package ssrf looks for requests that the server sends to an address which a stranger chooses.
package ssrf

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/ssrf", Title: "Request sent where input says", Severity: scan.High, CWE: []int{918}, Doc: doc,
		Standards: []string{"OWASP A10:2021", "OWASP API7:2023"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:  "A request is sent to an address from %s",
		Harm:  "whoever chooses it reaches what only the server can: metadata of the cloud, the inner network",
		Fix:   "Keep scheme and host constant, or look the host up in a list of what is allowed and refuse private addresses.",
		Quiet: true,
	}),
}

func sinks() []flow.Sink {
	var all []flow.Sink
	at := func(arg int, calls ...string) {
		for _, call := range calls {
			all = append(all, flow.Sink{Call: call, Arg: arg, Guard: flow.Host, Judge: host})
		}
	}
	of := func(pick func(*flow.Call) *flow.Value, calls ...string) {
		for _, call := range calls {
			all = append(all, flow.Sink{Call: call, Of: pick, Guard: flow.Host, Judge: host, Name: "of"})
		}
	}
	verbs := []string{"get", "post", "put", "patch", "delete", "head", "options", "get!", "post!", "put!", "patch!", "delete!", "head!", "options!"}
	for _, v := range verbs {
		at(0, "HTTPoison."+v, "HTTPotion."+v, ":hackney."+v)
		of(option, "Req."+v)
		of(client, "Tesla."+v)
	}
	of(option, "Req.new", "Req.request", "Req.request!", "Req.run", "Req.run!", "Tesla.request", "Tesla.request!")
	at(1, "HTTPoison.request", "HTTPoison.request!", "Finch.build", ":hackney.request", "Mint.HTTP.connect", ":hackney.connect", ":ibrowse.send_req")
	at(0, ":gen_tcp.connect", "WebSockex.start_link", ":httpc.request", "Download.from")
	of(tuple, ":httpc.request")
	return all
}

// option is the address of a call whose first argument is it, or options with it.
func option(c *flow.Call) *flow.Value {
	if v := c.Option("url"); v != nil {
		return flow.Either(v, c.Option("base_url"))
	}
	if v := c.Option("base_url"); v != nil {
		return v
	}
	if first := c.Arg(0); first != nil && first.Kind != flow.Mapping {
		return first
	}
	return nil
}

// client is the address of a call before which a client may stand: Tesla.get(client, url), Tesla.post(url, body).
func client(c *flow.Call) *flow.Value {
	first := c.Arg(0)
	if text, _ := first.Prefix(); text != "" || first.Chosen() || len(c.Args) == 1 {
		return first
	}
	second := c.Arg(1)
	if second == nil || second.Kind == flow.Mapping || second.Kind == flow.List {
		return first
	}
	if text, _ := second.Prefix(); text != "" || len(c.Args) > 2 || second.Kind == flow.Joined {
		return second
	}
	return flow.Either(first, second)
}

// tuple is the address of :httpc.request(method, {url, headers}, …).
func tuple(c *flow.Call) *flow.Value {
	if what := c.Arg(1).Elements(); len(what) > 1 {
		return what[0]
	}
	return nil
}

var fixed = late.Pattern(`^[a-z]+://[^/?#]+[/?#]|^/`)

// host leaves only addresses whose host can be chosen. A constant beginning that goes beyond the host fixes it; one that
// comes from the configuration or the code does too.
func host(v *flow.Value) (*flow.Value, string) {
	text, whole := v.Prefix()
	if !whole && fixed.MatchString(text) {
		return nil, "its host is constant"
	}
	if first := v.Lead(); first != nil && first != v && len(first.Taints()) == 0 && text == "" {
		return nil, "its host is no part of what is chosen"
	}
	return v, ""
}
