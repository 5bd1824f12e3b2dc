// Package recipes lists every recipe by which attacks are detected.
package recipes

//go:generate go run generate.go
