// Code generated from the folders by generate.go; DO NOT EDIT.

package checks

import (
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/command"
	"palisade.dev/scan/golang/deserialise"
	"palisade.dev/scan/golang/openredirect"
	"palisade.dev/scan/golang/sqlquery"
	"palisade.dev/scan/golang/ssrf"
	"palisade.dev/scan/golang/templateinjection"
	"palisade.dev/scan/golang/traversal"
	"palisade.dev/scan/golang/xss"
	"palisade.dev/scan/golang/zipslip"
)

// All gives every check, by name.
func All() []golang.Check {
	return []golang.Check{
		command.Check,
		deserialise.Check,
		openredirect.Check,
		sqlquery.Check,
		ssrf.Check,
		templateinjection.Check,
		traversal.Check,
		xss.Check,
		zipslip.Check,
	}
}
