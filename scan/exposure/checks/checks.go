// Package checks is the list of all checks of exposure, made from the folders beside it.
package checks

//go:generate go run palisade.dev/scripts/folders -with check.go -type palisade.dev/scan/exposure.Check
