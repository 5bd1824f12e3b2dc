// Package advisory looks for packages with known faults. Every pair of a package and an advisory of any source counts;
// advisories that name each other are told as one finding.
package advisory

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/osv"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/deps/version"
)

//go:embed doc.md
var doc string

// Check is the value.
var Check = pack.Check{
	Check: scan.Check{
		ID: "deps/advisory", Title: "A dependency has a known fault", Severity: scan.Medium, CWE: []int{1395},
		Standards: []string{"OWASP A06:2021", "PCI DSS 4.0 6.3.2", "SOC 2 CC7.1"}, Tags: []string{"dependencies"}, Doc: doc,
	},
}

func init() { Check.Run = run } // run names the check

func run(p *pack.Project, w *pack.World) scan.Part {
	var part scan.Part
	packages := p.Packages()
	if len(packages) == 0 {
		return part
	}
	db, err := w.Advisories(p.Ecosystem)
	if err != nil {
		part.Gaps = append(part.Gaps, scan.Gap{Where: p.Lock.Path, Why: "no advisories to compare with: " + err.Error()})
		return part
	}
	if !db.Has(p.Ecosystem) || db.Partial {
		unlock := "fetch them: palisade scan refresh"
		if p.Ecosystem == pack.NPM {
			unlock += " --npm"
		}
		part.Outcomes = append(part.Outcomes, scan.Outcome{
			Check: Check.ID, Where: p.Lock.Path, Verdict: scan.CouldNotTell, Why: fmt.Sprintf("there are no advisories for %s at hand", p.Ecosystem),
			Unlock: unlock + ", or give a folder of OSV files with --advisories DIR",
		})
	}
	type hit struct {
		pkg     pack.Package
		matches []osv.Match
	}
	var hits []hit
	raw := map[string][]byte{}
	for _, pkg := range packages {
		switch {
		case !pkg.Public():
			part.Outcomes = append(part.Outcomes, private(db, pkg)...)
			continue
		case pkg.Version == "":
			continue
		}
		matches, err := db.Match(pkg.Ecosystem, pkg.Name, pkg.Version)
		if err != nil {
			part.Outcomes = append(part.Outcomes, scan.Outcome{Check: Check.ID, Where: pkg.Place.Where(), Verdict: scan.CouldNotTell, Why: fmt.Sprintf("%s: %v", pkg.Name, err)})
			continue
		}
		if len(matches) > 0 {
			hits = append(hits, hit{pkg, matches})
		}
		for _, m := range matches {
			if m.Raw() != nil {
				raw[m.ID] = m.Raw()
			}
		}
	}
	// Following calls costs seconds, so it is done only where there is something to follow.
	var reach pack.Reach
	if w.Reached != nil && len(raw) > 0 {
		if reach, err = w.Reached(p, raw); err != nil {
			unlock := "scan where the project builds: with the go command and its modules fetched"
			var knows interface{ Unlock() string }
			if errors.As(err, &knows) {
				unlock = knows.Unlock()
			}
			part.Outcomes = append(part.Outcomes, scan.Outcome{
				Check: Check.ID, Where: p.Lock.Path, Verdict: scan.CouldNotTell, Why: "whether the code reaches what is at fault: " + err.Error(), Unlock: unlock,
			})
		}
	}
	for _, h := range hits {
		target := mended(db, h.pkg, h.matches)
		for _, group := range groups(h.matches) {
			part.Findings = append(part.Findings, finding(p, h.pkg, group, target, reach))
		}
	}
	return part
}

// private says what cannot be compared: advisories speak of the public registry.
func private(db *osv.Database, pkg pack.Package) []scan.Outcome {
	if pkg.Git == nil || !db.Knows(pkg.Ecosystem, pkg.Name) {
		return nil
	}
	return []scan.Outcome{{
		Check: Check.ID, Where: pkg.Place.Where(), Verdict: scan.CouldNotTell,
		Why:    fmt.Sprintf("%s is fetched from git, and its advisories speak of versions", pkg.Name),
		Unlock: "compare its commit with the advisories of " + pkg.Name,
	}}
}

// groups puts advisories together that name each other, directly or by an alias they share.
func groups(matches []osv.Match) [][]osv.Match {
	var list [][]osv.Match
	for _, m := range matches {
		names := append([]string{m.ID}, m.Aliases...)
		joined := []osv.Match{m}
		var rest [][]osv.Match
		for _, g := range list {
			if slices.ContainsFunc(g, func(o osv.Match) bool {
				return slices.Contains(names, o.ID) || slices.ContainsFunc(o.Aliases, func(a string) bool { return slices.Contains(names, a) })
			}) {
				joined = append(g, joined...)
			} else {
				rest = append(rest, g)
			}
		}
		list = append(rest, joined)
	}
	return list
}

// first is the advisory that a group is called by: of the ecosystem's own source, as that is the one with ranges by
// whoever knows the package.
func first(group []osv.Match) osv.Match {
	return slices.MinFunc(group, func(a, b osv.Match) int {
		if c := rank(a.ID) - rank(b.ID); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}

func rank(id string) int {
	for i, prefix := range []string{"EEF-", "GO-", "GHSA-"} {
		if strings.HasPrefix(id, prefix) {
			return i
		}
	}
	return 9
}

func finding(p *pack.Project, pkg pack.Package, group []osv.Match, target string, reach pack.Reach) scan.Finding {
	main := first(group)
	var others []string
	level, said := scan.None, false
	var fixed []string
	var cwe []int
	summary := main.Summary
	for _, m := range group {
		others = append(others, m.ID)
		others = append(others, m.Aliases...)
		if l, ok := m.Level(m.Affected); ok {
			level, said = max(level, l), true
		}
		fixed = append(fixed, m.Fixed...)
		for _, c := range m.DatabaseSpecific.CWE {
			if n, err := strconv.Atoi(strings.TrimPrefix(c, "CWE-")); err == nil {
				cwe = append(cwe, n)
			}
		}
		if summary == "" {
			summary = m.Summary
		}
	}
	slices.Sort(others)
	others = slices.DeleteFunc(slices.Compact(others), func(s string) bool { return s == main.ID })
	slices.Sort(cwe)
	fixed = order(fixed)
	if !said {
		level = scan.Medium
	}
	notes := []string{fmt.Sprintf("%s %s falls under %s%s: %s.", pkg.Name, pkg.Version, main.ID, brackets(others), strings.TrimRight(summary, ". "))}
	reached := ""
	if reach != nil {
		if reached = reach(main.ID, pkg.Name); strings.HasPrefix(reached, "required") || strings.HasPrefix(reached, "imported") {
			level = lower(level)
			notes = append(notes, "Your code does not call what is at fault ("+reached+"), so it weighs less.")
		} else if reached != "" {
			if !said {
				level = scan.High
			}
			notes = append(notes, "Your code reaches it: "+reached+".")
		}
	}
	if pkg.Dev {
		level = lower(level)
		notes = append(notes, "It is not part of what runs in production, so it weighs less.")
	}
	f := Check.Finding(pkg.Place, pkg.Name+" "+lasting(main.ID, others), strings.Join(notes, " "))
	f.Title = fmt.Sprintf("%s %s: %s", pkg.Name, pkg.Version, summary)
	f.Severity, f.Excerpt = level, pkg.Excerpt()
	if len(cwe) > 0 {
		f.CWE = slices.Compact(cwe)
	}
	f.Package = &scan.Package{Ecosystem: pkg.Ecosystem, Name: pkg.Name, Version: pkg.Version, Advisory: main.ID, Aliases: others, Fixed: fixed, Reached: reached}
	f.Fix = Bump(p, pkg, target)
	return f
}

// lasting is the name of a group that stays when another source takes the fault up: the CVE, if there is one.
func lasting(id string, others []string) string {
	for _, o := range others {
		if strings.HasPrefix(o, "CVE-") {
			return o
		}
	}
	return id
}

func brackets(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func lower(s scan.Severity) scan.Severity {
	if s > scan.Info {
		return s - 1
	}
	return s
}

func order(versions []string) []string {
	slices.SortFunc(versions, func(a, b string) int {
		va, _ := version.Parse(a)
		vb, _ := version.Parse(b)
		return va.Compare(vb)
	})
	return slices.Compact(versions)
}

// mended is the nearest version above that falls under no advisory at all; where each has one it may still be none.
func mended(db *osv.Database, pkg pack.Package, matches []osv.Match) string {
	var all []string
	for _, m := range matches {
		all = append(all, m.Fixed...)
	}
	for _, v := range order(all) {
		if left, err := db.Match(pkg.Ecosystem, pkg.Name, v); err == nil && len(left) == 0 {
			return v
		}
	}
	return ""
}

// Bump says how to get at least a version of a package, with an edit where the requirement is written out.
func Bump(p *pack.Project, pkg pack.Package, target string) *scan.Fix {
	asked, file, ok := p.Asks(pkg.Name)
	if target == "" {
		return &scan.Fix{Text: fmt.Sprintf("No version of %s is known that has it mended. Look for another package, or accept the finding with a reason and a day.", pkg.Name)}
	}
	fix := &scan.Fix{}
	switch pkg.Ecosystem {
	case pack.Hex:
		fix.Text = fmt.Sprintf("Use %s %s or later: mix deps.update %s.", pkg.Name, target, app(pkg))
	case pack.Go:
		if pkg.Name == "stdlib" || pkg.Name == "toolchain" {
			fix.Text = fmt.Sprintf("Build with Go %s or later.", target)
			return fix
		}
		fix.Text = fmt.Sprintf("Use %s v%s or later: go get %s@v%s.", pkg.Name, target, pkg.Name, target)
	default:
		fix.Text = fmt.Sprintf("Use %s %s or later.", pkg.Name, target)
	}
	if !ok {
		if pkg.Ecosystem == pack.Hex {
			fix.Text += " Another package asks for it; if its requirement is in the way, update that one."
		}
		return fix
	}
	text := raised(pkg.Ecosystem, asked.Text, target)
	if text == "" || text == asked.Text || asked.End <= asked.Start {
		return fix
	}
	fix.Edits = []scan.Edit{{File: file, Start: asked.Start, End: asked.End, New: text}}
	return fix
}

func app(p pack.Package) string {
	if p.App != "" {
		return p.App
	}
	return p.Name
}

// plain are requirements that can be raised without guessing what somebody meant.
var (
	plainHex = regexp.MustCompile(`^(~>|>=|==)?\s*\d+\.\d+(\.\d+)?(-[0-9A-Za-z.-]+)?$`)
	plainNPM = regexp.MustCompile(`^([~^]|>=)?\s*v?\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?$`)
)

// raised writes a requirement anew, with the same sign, so that it asks for the target at least.
func raised(ecosystem, old, target string) string {
	switch ecosystem {
	case pack.Go:
		return "v" + strings.TrimPrefix(target, "v")
	case pack.Hex:
		m := plainHex.FindStringSubmatch(old)
		switch {
		case m == nil:
			return ""
		case m[1] == "~>" && m[2] == "": // two numbers leave the minor version open
			parts := strings.SplitN(target, ".", 3)
			if len(parts) == 3 && parts[2] == "0" {
				return "~> " + parts[0] + "." + parts[1]
			}
			return "~> " + parts[0] + "." + parts[1] + " and >= " + target
		case m[1] == "":
			return target
		}
		return m[1] + " " + target
	case pack.NPM:
		if m := plainNPM.FindStringSubmatch(old); m != nil {
			return m[1] + target
		}
	}
	return ""
}
