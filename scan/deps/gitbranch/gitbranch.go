// Package gitbranch looks for dependencies that follow a branch: whoever can push there decides what the next update
// brings, and no registry keeps what it was.
package gitbranch

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
	ID: "deps/gitbranch", Title: "A dependency follows a branch", Severity: scan.Low, CWE: []int{829, 1357},
	Standards: []string{"OWASP A08:2021"}, Tags: []string{"dependencies", "supply chain"}, Doc: doc,
}}

func init() { Check.Run = run } // run names the check

func run(p *pack.Project, _ *pack.World) scan.Part {
	var part scan.Part
	for _, m := range p.Manifests {
		for _, r := range m.Requirements {
			if r.Git == nil || r.Git.Tag != "" || r.Git.Ref != "" || r.Opaque {
				continue
			}
			branch := "the repository's main branch"
			if r.Git.Branch != "" {
				branch = "the branch " + r.Git.Branch
			}
			f := Check.Finding(r.Place, r.App+" "+r.Git.URL, fmt.Sprintf("%s is taken from %s of %s. The lock file pins a commit until somebody updates; then whatever was pushed comes in.", r.App, branch, r.Git.URL))
			f.Fix = &scan.Fix{Text: fmt.Sprintf("Take a release from the registry, or pin the commit: ref: %q.", commit(p, r))}
			if r.Dev {
				f.Severity = scan.Info
			}
			part.Findings = append(part.Findings, f)
		}
	}
	return part
}

// commit is what the lock file pins now.
func commit(p *pack.Project, r pack.Requirement) string {
	for _, pkg := range p.Packages() {
		if (pkg.Name == r.App || pkg.App == r.App) && pkg.Git != nil && len(strings.TrimSpace(pkg.Git.Commit)) >= 7 {
			return pkg.Git.Commit
		}
	}
	return "the commit you looked at"
}
