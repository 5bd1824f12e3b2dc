// Package xml looks for XML of strangers that is read with entities and atoms.
package xml

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
		ID: "elixir/xml", Title: "XML of strangers read with entities", Severity: scan.Medium, CWE: []int{611, 776}, Doc: doc,
		Standards: []string{"OWASP A05:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:  "XML is read from %s",
		Harm:  "its entities read files of the server and grow without end, and its names become atoms",
		Fix:   "Read it with Saxy, or with SweetXml and the option dtd: :none.",
		Quiet: true,
	}),
}

func sinks() []flow.Sink {
	var all []flow.Sink
	for _, call := range []string{"SweetXml.parse", "SweetXml.xpath", "SweetXml.xmap", "SweetXml.stream_tags"} {
		all = append(all, flow.Sink{Call: call, Of: entities})
	}
	return append(all, flow.Sink{Call: ":xmerl_scan.string"}, flow.Sink{Call: ":xmerl_scan.file"}, flow.Sink{Call: "XmlToMap.naive_map"}, flow.Sink{Call: "Quinn.parse"})
}

// entities is a document that is read without dtd: :none.
func entities(c *flow.Call) *flow.Value {
	if v := c.Option("dtd"); v.Is("none") || v.Is("internal_only") {
		return nil
	}
	return c.Arg(0)
}
