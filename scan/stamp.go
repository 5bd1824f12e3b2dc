package scan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Stamp sorts findings and gives each its fingerprint: of the check, the file or operation, the symbol around it and the
// finding's key, and never of a line, so that code which moves keeps its findings. Equal ones in one symbol are told
// apart by their order. Two findings that are the same in everything become one.
func Stamp(findings []Finding) []Finding {
	slices.SortStableFunc(findings, compare)
	findings = slices.CompactFunc(findings, func(a, b Finding) bool { return compare(a, b) == 0 })
	seen := map[string]int{}
	for i := range findings {
		f := &findings[i]
		base := strings.Join([]string{f.Check, f.Place.File, f.Place.Symbol, f.Place.Method, f.Place.URL, f.Place.Param, Normal(f.Key)}, "\x00")
		n := seen[base]
		seen[base]++
		sum := sha256.Sum256([]byte(base + "\x00" + strconv.Itoa(n)))
		f.Fingerprint = hex.EncodeToString(sum[:16])
	}
	return findings
}

// Sorted brings findings that have their fingerprints into the order of a run.
func Sorted(findings []Finding) []Finding {
	slices.SortStableFunc(findings, compare)
	return findings
}

func compare(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Place.File, b.Place.File),
		cmp.Compare(a.Place.Start.Line, b.Place.Start.Line),
		cmp.Compare(a.Place.Start.Column, b.Place.Start.Column),
		cmp.Compare(a.Place.URL, b.Place.URL),
		cmp.Compare(a.Place.Method, b.Place.Method),
		cmp.Compare(a.Place.Param, b.Place.Param),
		cmp.Compare(a.Check, b.Check),
		cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.Message, b.Message),
	)
}

// Normal takes out of a text what a formatter may change: blanks and line ends.
func Normal(text string) string { return strings.Join(strings.Fields(text), "") }
