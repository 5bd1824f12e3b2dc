// Package retired looks for releases that their registry took back: their owners say why, and security is one reason.
package retired

import (
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
)

//go:embed doc.md
var doc string

// Check is the value.
var Check = pack.Check{Check: scan.Check{
	ID: "deps/retired", Title: "A dependency's release was taken back", Severity: scan.Low, CWE: []int{1104, 1395},
	Standards: []string{"OWASP A06:2021"}, Tags: []string{"dependencies"}, Doc: doc,
}}

func init() { Check.Run = run } // run names the check

// severities by the reasons that Hex knows.
var severities = map[string]scan.Severity{"security": scan.High, "invalid": scan.Medium, "deprecated": scan.Low, "renamed": scan.Low, "other": scan.Low}

func run(p *pack.Project, w *pack.World) scan.Part {
	var part scan.Part
	if p.Ecosystem != pack.Hex || len(p.Packages()) == 0 {
		return part
	}
	unknown := 0
	for _, pkg := range p.Packages() {
		if !pkg.Public() || pkg.Version == "" {
			continue
		}
		if w.Retired == nil {
			unknown++
			continue
		}
		reason, message, ok, err := w.Retired.Retired(pkg.Name, pkg.Version)
		switch {
		case err != nil:
			part.Gaps = append(part.Gaps, scan.Gap{Where: "the registry's file on " + pkg.Name, Why: err.Error()})
		case !ok:
			unknown++
		case reason != "":
			f := Check.Finding(pkg.Place, pkg.Name+" "+pkg.Version, fmt.Sprintf("The owner of %s took version %s back (%s): %s", pkg.Name, pkg.Version, reason, message))
			f.Severity, f.Excerpt = severities[reason], pkg.Excerpt()
			if f.Severity == scan.None {
				f.Severity = scan.Low
			}
			f.Package = &scan.Package{Ecosystem: pkg.Ecosystem, Name: pkg.Name, Version: pkg.Version}
			f.Fix = &scan.Fix{Text: fmt.Sprintf("Use another release: mix deps.update %s.", pkg.Name)}
			part.Findings = append(part.Findings, f)
		}
	}
	if unknown > 0 {
		part.Outcomes = append(part.Outcomes, scan.Outcome{
			Check: Check.ID, Where: p.Lock.Path, Verdict: scan.CouldNotTell, Why: fmt.Sprintf("for %d of the packages the registry's files are not at hand", unknown),
			Unlock: "give a folder of them with --registry DIR",
		})
	}
	return part
}
