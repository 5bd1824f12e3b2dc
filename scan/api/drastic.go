package api

import (
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

// What by its name does something when it is read. Some APIs end sessions, make databases anew or send mail at a GET;
// asking them would spoil the scan at best.
var (
	drasticPath    = late.Pattern(`(?i)(?:^|[/_.-])(?:log-?_?out|sign-?_?out|(?:create|init|reset|drop|seed|clear)_?-?(?:db|database)|reset|seed|populate|truncate|wipe|purge|drop|delete|remove|destroy|shutdown|restart|reboot|unsubscribe|deactivate|revoke)(?:[_.-][^/]*)?/?$`)
	drasticSummary = late.Pattern(`(?i)^(?:creates?|deletes?|removes?|resets?|drops?|populates?|restarts?|seeds?|revokes?) `)
)

// Drastic says that an operation is one that only looks like reading.
func Drastic(op *spec.Operation) bool {
	return op.Safe() && op.Source != "graphql" && (drasticPath.MatchString(op.Path) || drasticSummary.MatchString(op.Summary))
}
