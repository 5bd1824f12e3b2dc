// Code generated from the folders by generate.go; DO NOT EDIT.

package probes

import (
	authenticationbypass "palisade.dev/scan/api/authentication/bypass"
	"palisade.dev/scan/api/authentication/challenge"
	"palisade.dev/scan/api/authentication/forgedtoken"
	"palisade.dev/scan/api/authentication/inquery"
	"palisade.dev/scan/api/authentication/keysource"
	"palisade.dev/scan/api/authentication/logout"
	"palisade.dev/scan/api/authentication/relay"
	"palisade.dev/scan/api/authentication/tokenclaims"
	"palisade.dev/scan/api/authentication/unenforced"
	"palisade.dev/scan/api/authentication/weaksecret"
	"palisade.dev/scan/api/authentication/wellformed"
	"palisade.dev/scan/api/consumption/contract"
	"palisade.dev/scan/api/consumption/passthrough"
	"palisade.dev/scan/api/consumption/upstream"
	"palisade.dev/scan/api/consumption/webhook"
	"palisade.dev/scan/api/exposure/data"
	"palisade.dev/scan/api/exposure/personal"
	functionbypass "palisade.dev/scan/api/function/bypass"
	"palisade.dev/scan/api/function/hidden"
	"palisade.dev/scan/api/function/method"
	"palisade.dev/scan/api/function/privileged"
	"palisade.dev/scan/api/function/spoofed"
	"palisade.dev/scan/api/input/command"
	"palisade.dev/scan/api/input/cors"
	inputgraphql "palisade.dev/scan/api/input/graphql"
	"palisade.dev/scan/api/input/injection"
	"palisade.dev/scan/api/input/lines"
	"palisade.dev/scan/api/input/media"
	"palisade.dev/scan/api/input/operator"
	"palisade.dev/scan/api/input/redirect"
	"palisade.dev/scan/api/input/schema"
	"palisade.dev/scan/api/input/template"
	"palisade.dev/scan/api/input/trace"
	"palisade.dev/scan/api/input/traversal"
	"palisade.dev/scan/api/input/xml"
	"palisade.dev/scan/api/inventory/banner"
	"palisade.dev/scan/api/inventory/deprecated"
	"palisade.dev/scan/api/inventory/exposed"
	"palisade.dev/scan/api/inventory/oldversion"
	"palisade.dev/scan/api/inventory/undeclared"
	"palisade.dev/scan/api/llm/indirect"
	"palisade.dev/scan/api/llm/open"
	"palisade.dev/scan/api/llm/output"
	"palisade.dev/scan/api/llm/override"
	"palisade.dev/scan/api/llm/prompt"
	"palisade.dev/scan/api/llm/unbounded"
	"palisade.dev/scan/api/object/filter"
	"palisade.dev/scan/api/object/node"
	"palisade.dev/scan/api/object/read"
	"palisade.dev/scan/api/object/write"
	"palisade.dev/scan/api/property/excess"
	"palisade.dev/scan/api/property/massassignment"
	"palisade.dev/scan/api/rate/account"
	"palisade.dev/scan/api/rate/alias"
	"palisade.dev/scan/api/rate/authcost"
	"palisade.dev/scan/api/rate/body"
	"palisade.dev/scan/api/rate/certificate"
	rategraphql "palisade.dev/scan/api/rate/graphql"
	"palisade.dev/scan/api/rate/headers"
	"palisade.dev/scan/api/rate/keyform"
	"palisade.dev/scan/api/rate/oracle"
	"palisade.dev/scan/api/rate/partition"
	"palisade.dev/scan/api/rate/protocol"
	"palisade.dev/scan/api/rate/refusal"
	"palisade.dev/scan/api/rate/size"
	"palisade.dev/scan/api/rate/slow"
	"palisade.dev/scan/api/rate/spoof"
	"palisade.dev/scan/api/rate/threshold"
	"palisade.dev/scan/api/rate/uniform"
	"palisade.dev/scan/api/ssrf/callback"
	"palisade.dev/scan/api/ssrf/lookup"
	"palisade.dev/scan/api/ssrf/self"
	"palisade.dev/scan/api/transport/cache"
	"palisade.dev/scan/api/transport/cipher"
	"palisade.dev/scan/api/transport/plain"
	"palisade.dev/scan/api/transport/tls"
)

// Entries are all probes, by category and name.
var Entries = []Entry{
	{authenticationbypass.Probe, authenticationbypass.Samples},
	{challenge.Probe, challenge.Samples},
	{forgedtoken.Probe, forgedtoken.Samples},
	{inquery.Probe, inquery.Samples},
	{keysource.Probe, keysource.Samples},
	{logout.Probe, logout.Samples},
	{relay.Probe, relay.Samples},
	{tokenclaims.Probe, tokenclaims.Samples},
	{unenforced.Probe, unenforced.Samples},
	{weaksecret.Probe, weaksecret.Samples},
	{wellformed.Probe, wellformed.Samples},
	{contract.Probe, contract.Samples},
	{passthrough.Probe, passthrough.Samples},
	{upstream.Probe, upstream.Samples},
	{webhook.Probe, webhook.Samples},
	{data.Probe, data.Samples},
	{personal.Probe, personal.Samples},
	{functionbypass.Probe, functionbypass.Samples},
	{hidden.Probe, hidden.Samples},
	{method.Probe, method.Samples},
	{privileged.Probe, privileged.Samples},
	{spoofed.Probe, spoofed.Samples},
	{command.Probe, command.Samples},
	{cors.Probe, cors.Samples},
	{inputgraphql.Probe, inputgraphql.Samples},
	{injection.Probe, injection.Samples},
	{lines.Probe, lines.Samples},
	{media.Probe, media.Samples},
	{operator.Probe, operator.Samples},
	{redirect.Probe, redirect.Samples},
	{schema.Probe, schema.Samples},
	{template.Probe, template.Samples},
	{trace.Probe, trace.Samples},
	{traversal.Probe, traversal.Samples},
	{xml.Probe, xml.Samples},
	{banner.Probe, banner.Samples},
	{deprecated.Probe, deprecated.Samples},
	{exposed.Probe, exposed.Samples},
	{oldversion.Probe, oldversion.Samples},
	{undeclared.Probe, undeclared.Samples},
	{indirect.Probe, indirect.Samples},
	{open.Probe, open.Samples},
	{output.Probe, output.Samples},
	{override.Probe, override.Samples},
	{prompt.Probe, prompt.Samples},
	{unbounded.Probe, unbounded.Samples},
	{filter.Probe, filter.Samples},
	{node.Probe, node.Samples},
	{read.Probe, read.Samples},
	{write.Probe, write.Samples},
	{excess.Probe, excess.Samples},
	{massassignment.Probe, massassignment.Samples},
	{account.Probe, account.Samples},
	{alias.Probe, alias.Samples},
	{authcost.Probe, authcost.Samples},
	{body.Probe, body.Samples},
	{certificate.Probe, certificate.Samples},
	{rategraphql.Probe, rategraphql.Samples},
	{headers.Probe, headers.Samples},
	{keyform.Probe, keyform.Samples},
	{oracle.Probe, oracle.Samples},
	{partition.Probe, partition.Samples},
	{protocol.Probe, protocol.Samples},
	{refusal.Probe, refusal.Samples},
	{size.Probe, size.Samples},
	{slow.Probe, slow.Samples},
	{spoof.Probe, spoof.Samples},
	{threshold.Probe, threshold.Samples},
	{uniform.Probe, uniform.Samples},
	{callback.Probe, callback.Samples},
	{lookup.Probe, lookup.Samples},
	{self.Probe, self.Samples},
	{cache.Probe, cache.Samples},
	{cipher.Probe, cipher.Samples},
	{plain.Probe, plain.Samples},
	{tls.Probe, tls.Samples},
}
