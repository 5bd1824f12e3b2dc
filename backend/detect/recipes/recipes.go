// Package recipes lists every recipe by which attacks are detected.
package recipes

//go:generate go run palisade.dev/scripts/folders -in ../recipe -value Recipe -type palisade.dev/backend/detect.Recipe
