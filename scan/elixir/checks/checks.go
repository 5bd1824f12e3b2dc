// Package checks is the list of all checks of Elixir source, made from the folders beside it.
package checks

//go:generate go run palisade.dev/scripts/folders -type palisade.dev/scan/elixir.Check
