// Code generated from the folders by generate.go; DO NOT EDIT.

package checks

import (
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/checkorigin"
	"palisade.dev/scan/elixir/cookies"
	"palisade.dev/scan/elixir/csp"
	"palisade.dev/scan/elixir/csrf"
	"palisade.dev/scan/elixir/csrfroute"
	"palisade.dev/scan/elixir/debugerrors"
	"palisade.dev/scan/elixir/envdefault"
	"palisade.dev/scan/elixir/hsts"
	"palisade.dev/scan/elixir/https"
	"palisade.dev/scan/elixir/parsers"
	"palisade.dev/scan/elixir/salt"
	"palisade.dev/scan/elixir/secret"
	"palisade.dev/scan/elixir/secureheaders"
	"palisade.dev/scan/elixir/sqlquery"
)

// All gives every check, by name.
func All() []elixir.Check {
	return []elixir.Check{
		checkorigin.Check,
		cookies.Check,
		csp.Check,
		csrf.Check,
		csrfroute.Check,
		debugerrors.Check,
		envdefault.Check,
		hsts.Check,
		https.Check,
		parsers.Check,
		salt.Check,
		secret.Check,
		secureheaders.Check,
		sqlquery.Check,
	}
}
