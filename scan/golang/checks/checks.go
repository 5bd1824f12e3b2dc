// Package checks is the list of all checks of Go source, made from the folders beside it.
package checks

//go:generate go run generate.go
