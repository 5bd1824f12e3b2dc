// Package checks is the list of all checks of exposure, made from the folders beside it.
package checks

import "palisade.dev/scan/exposure"

//go:generate go run generate.go

// All gives every check, by its identifier.
func All() []exposure.Check { return append([]exposure.Check(nil), list...) }
