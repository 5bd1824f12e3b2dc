// Package function knows which operations are not for everybody: by roles, scopes and tags of the specification, and by
// words in the path.
package function

import (
	"slices"
	"strings"

	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

// tokens are words in paths and tags of operations that are not for everybody.
var tokens = late.Pattern(`(?i)(^|[/_.-])(admin|administrator|internal|manage|management|backoffice|superuser|root|debug|export|audit|impersonate|system)([/_.-]|s?$|s?/)`)

// Privileged says that an operation is for people with more rights than most.
func Privileged(op *spec.Operation) bool {
	said := slices.ContainsFunc(slices.Concat(op.Roles, op.Tags), func(s string) bool {
		s = strings.ToLower(s)
		return strings.Contains(s, "admin") || strings.Contains(s, "staff") || strings.Contains(s, "internal")
	})
	return said || tokens.MatchString(op.Path)
}
