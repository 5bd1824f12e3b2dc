// Package contenttype looks for content types that a stranger chooses.
package contenttype

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/contenttype", Title: "Content type chosen by input", Severity: scan.High, CWE: []int{79, 434}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does: "The content type of an answer comes from %s",
		Harm: "what was sent as a picture is shown as a page, with its scripts",
		Fix:  "Take the type from a list, and send what users upload with content-disposition: attachment.",
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{
		{Call: "Plug.Conn.put_resp_content_type", Arg: 1},
		{Call: "Plug.Conn.put_resp_header", Of: header},
		{Call: "Phoenix.Controller.send_download", Option: "content_type"},
	}
}

func header(c *flow.Call) *flow.Value {
	if c.Arg(1).Is("content-type") {
		return c.Arg(2)
	}
	return nil
}
