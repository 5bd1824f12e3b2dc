// Package unmaintained looks for packages that their owners gave up, as far as lock files and registries say so.
package unmaintained

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
	ID: "deps/unmaintained", Title: "A dependency was given up by its owner", Severity: scan.Low, CWE: []int{1104},
	Standards: []string{"OWASP A06:2021"}, Tags: []string{"dependencies"}, Doc: doc,
}}

func init() { Check.Run = run } // run names the check

func run(p *pack.Project, _ *pack.World) scan.Part {
	var part scan.Part
	for _, pkg := range p.Packages() {
		if pkg.Deprecated == "" {
			continue
		}
		f := Check.Finding(pkg.Place, pkg.Name, fmt.Sprintf("The owner of %s %s says: %s", pkg.Name, pkg.Version, strings.Join(strings.Fields(pkg.Deprecated), " ")))
		f.Package = &scan.Package{Ecosystem: pkg.Ecosystem, Name: pkg.Name, Version: pkg.Version}
		f.Fix = &scan.Fix{Text: "Look for what took its place: no fault in it will be mended."}
		if pkg.Dev || !pkg.Direct {
			f.Severity = scan.Info
		}
		part.Findings = append(part.Findings, f)
	}
	return part
}
