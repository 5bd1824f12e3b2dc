// Code generated from the folders by scripts/folders; DO NOT EDIT.

package checks

import (
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/adminroute"
	"palisade.dev/scan/golang/bodylimit"
	"palisade.dev/scan/golang/clientcert"
	"palisade.dev/scan/golang/clienttimeout"
	"palisade.dev/scan/golang/command"
	"palisade.dev/scan/golang/cookies"
	"palisade.dev/scan/golang/cors"
	"palisade.dev/scan/golang/csrf"
	"palisade.dev/scan/golang/decompressionbomb"
	"palisade.dev/scan/golang/deserialise"
	"palisade.dev/scan/golang/errorleak"
	"palisade.dev/scan/golang/forwardedtrust"
	"palisade.dev/scan/golang/jwt"
	"palisade.dev/scan/golang/keylimit"
	"palisade.dev/scan/golang/limitafterauth"
	"palisade.dev/scan/golang/loginjection"
	"palisade.dev/scan/golang/logsecrets"
	"palisade.dev/scan/golang/massassign"
	"palisade.dev/scan/golang/openredirect"
	"palisade.dev/scan/golang/profiling"
	"palisade.dev/scan/golang/requestcontext"
	"palisade.dev/scan/golang/reverseproxy"
	"palisade.dev/scan/golang/routelimit"
	"palisade.dev/scan/golang/servedroot"
	"palisade.dev/scan/golang/servemux"
	"palisade.dev/scan/golang/servertimeouts"
	"palisade.dev/scan/golang/sqlquery"
	"palisade.dev/scan/golang/ssrf"
	"palisade.dev/scan/golang/templateinjection"
	"palisade.dev/scan/golang/texttemplate"
	"palisade.dev/scan/golang/timingcompare"
	"palisade.dev/scan/golang/tls"
	"palisade.dev/scan/golang/traversal"
	"palisade.dev/scan/golang/weakcrypto"
	"palisade.dev/scan/golang/weakrandom"
	"palisade.dev/scan/golang/websocketorigin"
	"palisade.dev/scan/golang/xss"
	"palisade.dev/scan/golang/zipslip"
)

// All gives every check there is a folder of, by name.
func All() []golang.Check {
	return []golang.Check{
		adminroute.Check,
		bodylimit.Check,
		clientcert.Check,
		clienttimeout.Check,
		command.Check,
		cookies.Check,
		cors.Check,
		csrf.Check,
		decompressionbomb.Check,
		deserialise.Check,
		errorleak.Check,
		forwardedtrust.Check,
		jwt.Check,
		keylimit.Check,
		limitafterauth.Check,
		loginjection.Check,
		logsecrets.Check,
		massassign.Check,
		openredirect.Check,
		profiling.Check,
		requestcontext.Check,
		reverseproxy.Check,
		routelimit.Check,
		servedroot.Check,
		servemux.Check,
		servertimeouts.Check,
		sqlquery.Check,
		ssrf.Check,
		templateinjection.Check,
		texttemplate.Check,
		timingcompare.Check,
		tls.Check,
		traversal.Check,
		weakcrypto.Check,
		weakrandom.Check,
		websocketorigin.Check,
		xss.Check,
		zipslip.Check,
	}
}
