// Code generated from the folders by generate.go; DO NOT EDIT.

package checks

import (
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/adminroute"
	"palisade.dev/scan/elixir/apply"
	"palisade.dev/scan/elixir/bintoterm"
	"palisade.dev/scan/elixir/checkorigin"
	"palisade.dev/scan/elixir/command"
	"palisade.dev/scan/elixir/cookies"
	"palisade.dev/scan/elixir/csp"
	"palisade.dev/scan/elixir/csrf"
	"palisade.dev/scan/elixir/csrfroute"
	"palisade.dev/scan/elixir/dashboard"
	"palisade.dev/scan/elixir/debugerrors"
	"palisade.dev/scan/elixir/eextemplate"
	"palisade.dev/scan/elixir/envdefault"
	"palisade.dev/scan/elixir/eval"
	"palisade.dev/scan/elixir/hsts"
	"palisade.dev/scan/elixir/https"
	"palisade.dev/scan/elixir/parsers"
	"palisade.dev/scan/elixir/redirect"
	"palisade.dev/scan/elixir/routelimit"
	"palisade.dev/scan/elixir/salt"
	"palisade.dev/scan/elixir/secret"
	"palisade.dev/scan/elixir/secureheaders"
	"palisade.dev/scan/elixir/sqlquery"
	"palisade.dev/scan/elixir/ssrf"
	"palisade.dev/scan/elixir/traversal"
)

// All gives every check, by name.
func All() []elixir.Check {
	return []elixir.Check{
		adminroute.Check,
		apply.Check,
		bintoterm.Check,
		checkorigin.Check,
		command.Check,
		cookies.Check,
		csp.Check,
		csrf.Check,
		csrfroute.Check,
		dashboard.Check,
		debugerrors.Check,
		eextemplate.Check,
		envdefault.Check,
		eval.Check,
		hsts.Check,
		https.Check,
		parsers.Check,
		redirect.Check,
		routelimit.Check,
		salt.Check,
		secret.Check,
		secureheaders.Check,
		sqlquery.Check,
		ssrf.Check,
		traversal.Check,
	}
}
