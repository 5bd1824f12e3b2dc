// Code generated from the folders by generate.go; DO NOT EDIT.

package probes

import (
	"palisade.dev/scan/api/authentication/forgedtoken"
	"palisade.dev/scan/api/authentication/tokenclaims"
	"palisade.dev/scan/api/authentication/unenforced"
	"palisade.dev/scan/api/authentication/weaksecret"
	"palisade.dev/scan/api/authentication/wellformed"
)

// Entries are all probes, by category and name.
var Entries = []Entry{
	{forgedtoken.Probe, forgedtoken.Samples},
	{tokenclaims.Probe, tokenclaims.Samples},
	{unenforced.Probe, unenforced.Samples},
	{weaksecret.Probe, weaksecret.Samples},
	{wellformed.Probe, wellformed.Samples},
}
