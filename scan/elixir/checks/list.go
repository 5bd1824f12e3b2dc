// Code generated from the folders by generate.go; DO NOT EDIT.

package checks

import (
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/csp"
	"palisade.dev/scan/elixir/csrf"
	"palisade.dev/scan/elixir/csrfroute"
	"palisade.dev/scan/elixir/secureheaders"
	"palisade.dev/scan/elixir/sqlquery"
)

// All gives every check, by name.
func All() []elixir.Check {
	return []elixir.Check{
		csp.Check,
		csrf.Check,
		csrfroute.Check,
		secureheaders.Check,
		sqlquery.Check,
	}
}
