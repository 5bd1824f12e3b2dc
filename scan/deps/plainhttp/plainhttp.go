// Package plainhttp looks for dependencies that are fetched without encryption: whoever stands on the way can put other
// code in their place.
package plainhttp

import (
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
)

//go:embed doc.md
var doc string

// Check is the value.
var Check = pack.Check{Check: scan.Check{
	ID: "deps/plainhttp", Title: "A dependency is fetched without encryption", Severity: scan.Medium, CWE: []int{494, 319},
	Standards: []string{"OWASP A08:2021"}, Tags: []string{"dependencies", "supply chain"}, Doc: doc,
}}

func init() { Check.Run = run } // run names the check

func run(p *pack.Project, _ *pack.World) scan.Part {
	var part scan.Part
	told := map[string]bool{}
	look := func(name, address, file string, place scan.Place, start, end int) {
		scheme, rest, ok := strings.Cut(address, "://")
		if !ok || scheme != "http" && scheme != "git" || told[name+address] || loopback(rest) {
			return
		}
		told[name+address] = true
		f := Check.Finding(place, name+" "+address, fmt.Sprintf("%s is fetched from %s, so whoever stands between can answer with other code.", name, address))
		f.Fix = &scan.Fix{Text: "Fetch it by https, or ssh for a private repository."}
		if end > start {
			f.Fix.Edits = []scan.Edit{{File: file, Start: start, End: end, New: "https"}}
		}
		part.Findings = append(part.Findings, f)
	}
	for _, m := range p.Manifests {
		for _, r := range m.Requirements {
			start, end := 0, 0
			if r.Place.End.Offset > 0 {
				start, end = r.Scheme, r.SchemeEnd
			}
			look(r.App, r.URL, m.Path, r.Place, start, end)
		}
	}
	for _, pkg := range p.Packages() {
		name := pkg.Name
		if pkg.App != "" {
			name = pkg.App
		}
		look(name, pkg.URL, "", pkg.Place, 0, 0)
	}
	return part
}

// loopback is a mirror on the same machine, where nobody stands between.
func loopback(rest string) bool {
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
		if strings.HasPrefix(rest, host) {
			return true
		}
	}
	return false
}
