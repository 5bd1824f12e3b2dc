// Code generated from the folders by generate.go; DO NOT EDIT.

package probes

import (
	"palisade.dev/scan/api/authentication/unenforced"
)

// Entries are all probes, by category and name.
var Entries = []Entry{
	{unenforced.Probe, unenforced.Samples},
}
