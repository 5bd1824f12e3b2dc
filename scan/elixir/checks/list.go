// Code generated from the folders by generate.go; DO NOT EDIT.

package checks

import (
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/sqlquery"
)

// All gives every check, by name.
func All() []elixir.Check {
	return []elixir.Check{
		sqlquery.Check,
	}
}
