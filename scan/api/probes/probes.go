// Package probes is the list of all probes with their samples, made from the folders beside it.
package probes

import (
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

//go:generate go run generate.go

// Entry is a probe and the shops it is held to.
type Entry struct {
	api.Probe
	Samples []fixture.Sample
}

// All gives every probe, by category and name.
func All() []api.Probe {
	out := make([]api.Probe, len(Entries))
	for i, e := range Entries {
		out[i] = e.Probe
	}
	return out
}
