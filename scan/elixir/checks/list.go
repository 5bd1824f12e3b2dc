// Code generated from the folders by generate.go; DO NOT EDIT.

package checks

import (
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/adminroute"
	"palisade.dev/scan/elixir/apply"
	"palisade.dev/scan/elixir/atom"
	"palisade.dev/scan/elixir/bintoterm"
	"palisade.dev/scan/elixir/checkorigin"
	"palisade.dev/scan/elixir/command"
	"palisade.dev/scan/elixir/contenttype"
	"palisade.dev/scan/elixir/cookies"
	"palisade.dev/scan/elixir/csp"
	"palisade.dev/scan/elixir/csrf"
	"palisade.dev/scan/elixir/csrfroute"
	"palisade.dev/scan/elixir/dashboard"
	"palisade.dev/scan/elixir/debugerrors"
	"palisade.dev/scan/elixir/dynamicfield"
	"palisade.dev/scan/elixir/eextemplate"
	"palisade.dev/scan/elixir/envdefault"
	"palisade.dev/scan/elixir/eval"
	"palisade.dev/scan/elixir/headerinjection"
	"palisade.dev/scan/elixir/hsts"
	"palisade.dev/scan/elixir/html"
	"palisade.dev/scan/elixir/https"
	"palisade.dev/scan/elixir/keylimit"
	"palisade.dev/scan/elixir/limitafterauth"
	"palisade.dev/scan/elixir/liveauth"
	"palisade.dev/scan/elixir/livesession"
	"palisade.dev/scan/elixir/markup"
	"palisade.dev/scan/elixir/massassign"
	"palisade.dev/scan/elixir/parsers"
	"palisade.dev/scan/elixir/raw"
	"palisade.dev/scan/elixir/redirect"
	"palisade.dev/scan/elixir/regex"
	"palisade.dev/scan/elixir/routelimit"
	"palisade.dev/scan/elixir/salt"
	"palisade.dev/scan/elixir/secret"
	"palisade.dev/scan/elixir/secureheaders"
	"palisade.dev/scan/elixir/sendresp"
	"palisade.dev/scan/elixir/sessionrenew"
	"palisade.dev/scan/elixir/sqlquery"
	"palisade.dev/scan/elixir/ssrf"
	"palisade.dev/scan/elixir/traversal"
	"palisade.dev/scan/elixir/xml"
)

// All gives every check, by name.
func All() []elixir.Check {
	return []elixir.Check{
		adminroute.Check,
		apply.Check,
		atom.Check,
		bintoterm.Check,
		checkorigin.Check,
		command.Check,
		contenttype.Check,
		cookies.Check,
		csp.Check,
		csrf.Check,
		csrfroute.Check,
		dashboard.Check,
		debugerrors.Check,
		dynamicfield.Check,
		eextemplate.Check,
		envdefault.Check,
		eval.Check,
		headerinjection.Check,
		hsts.Check,
		html.Check,
		https.Check,
		keylimit.Check,
		limitafterauth.Check,
		liveauth.Check,
		livesession.Check,
		markup.Check,
		massassign.Check,
		parsers.Check,
		raw.Check,
		redirect.Check,
		regex.Check,
		routelimit.Check,
		salt.Check,
		secret.Check,
		secureheaders.Check,
		sendresp.Check,
		sessionrenew.Check,
		sqlquery.Check,
		ssrf.Check,
		traversal.Check,
		xml.Check,
	}
}
