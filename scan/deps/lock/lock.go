// Package lock looks for lock files that are missing, or say something else than what is asked for: then a build takes
// versions that nobody looked at.
package lock

import (
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/deps/version"
)

//go:embed doc.md
var doc string

// Check is the value.
var Check = pack.Check{Check: scan.Check{
	ID: "deps/lock", Title: "The lock file does not say what is used", Severity: scan.Low, CWE: []int{1357},
	Standards: []string{"OWASP A08:2021"}, Tags: []string{"dependencies", "supply chain"}, Doc: doc,
}}

func init() { Check.Run = run } // run names the check

// command renews the lock file of an ecosystem.
var command = map[string]string{pack.Hex: "mix deps.get", pack.Go: "go mod tidy", pack.NPM: "npm install"}

func run(p *pack.Project, _ *pack.World) scan.Part {
	var part scan.Part
	for _, m := range p.Manifests {
		foreign := 0
		for _, r := range m.Requirements {
			if r.Local {
				continue
			}
			foreign++
			if p.Lock != nil && len(p.Lock.Gaps) == 0 {
				if f, ok := compare(p, m, r); ok {
					part.Findings = append(part.Findings, f)
				}
			}
		}
		if p.Lock == nil && foreign > 0 {
			f := Check.Finding(scan.Place{File: m.Path, Start: scan.Position{Line: 1, Column: 1}, End: scan.Position{Line: 1, Column: 1}}, "missing",
				fmt.Sprintf("%s asks for %d packages and there is no lock file, so every build may take other versions, and none can be compared with advisories.", m.Path, foreign))
			f.Title = "There is no lock file"
			f.Fix = &scan.Fix{Text: "Commit the lock file: " + command[p.Ecosystem] + "."}
			part.Findings = append(part.Findings, f)
		}
	}
	return part
}

// compare holds a requirement against what is locked. Go's requirements are the lock themselves.
func compare(p *pack.Project, m pack.Manifest, r pack.Requirement) (scan.Finding, bool) {
	if p.Ecosystem == pack.Go {
		return scan.Finding{}, false
	}
	for _, pkg := range p.Packages() {
		if pkg.Name != r.Name && pkg.App != r.App {
			continue
		}
		if p.Ecosystem != pack.Hex || r.Text == "" || pkg.Version == "" || r.Over {
			return scan.Finding{}, false
		}
		asked, err := version.ParseRequirement(r.Text)
		v, err2 := version.Parse(pkg.Version)
		if err != nil || err2 != nil || asked.Allows(v) {
			return scan.Finding{}, false
		}
		f := Check.Finding(r.Place, r.App+" other", fmt.Sprintf("%s asks for %s %s, and %s has %s. The next build fails or takes another version.", m.Path, r.App, r.Text, p.Lock.Path, pkg.Version))
		f.Fix = &scan.Fix{Text: "Renew the lock file: " + command[p.Ecosystem] + "."}
		return f, true
	}
	if r.Opaque || p.Ecosystem == pack.NPM { // npm's optional and peer packages may rightly be absent
		return scan.Finding{}, false
	}
	f := Check.Finding(r.Place, r.App+" absent", fmt.Sprintf("%s asks for %s, and %s does not have it: its version is whatever the next build finds.", m.Path, r.App, p.Lock.Path))
	f.Fix = &scan.Fix{Text: "Renew the lock file: " + command[p.Ecosystem] + "."}
	return f, true
}
