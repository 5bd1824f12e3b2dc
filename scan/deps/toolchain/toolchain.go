// Package toolchain looks at what a project is built with: versions of Go, Elixir, Erlang/OTP and Node.js in the files that
// say so, against the day on which their lines end and, for Go, against the advisories about its standard library.
package toolchain

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/gomod"
	"palisade.dev/scan/deps/osv"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/deps/version"
	"palisade.dev/scan/tree"
)

//go:embed doc.md
var doc string

// Check is the value.
var Check = pack.Check{Check: scan.Check{
	ID: "deps/toolchain", Title: "A tool chain is no longer mended or has known faults", Severity: scan.Medium, CWE: []int{1104, 1395},
	Standards: []string{"OWASP A06:2021", "PCI DSS 4.0 6.3.3"}, Tags: []string{"dependencies"}, Doc: doc,
}}

func init() { Check.Whole = run } // run names the check

var names = map[string]string{Go: "Go", Elixir: "Elixir", OTP: "Erlang/OTP", Node: "Node.js"}

func run(w *pack.World) scan.Part {
	var part scan.Part
	days, err := readEnds(endsText)
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	pins := Pins(w.Tree, &part)
	for _, p := range pins {
		switch at, ok := lineOf(p.Tool, p.Version); {
		case p.Least && slices.ContainsFunc(pins, func(o Pin) bool { return o.Tool == p.Tool && !o.Least && o.told() }):
			// Another file says which one it is.
		case p.Least:
			part.Outcomes = append(part.Outcomes, unsure(p, fmt.Sprintf("%s is what it asks for at least, and not which one it is built with", p.Version), "add a toolchain line, or name the version where it is built"))
		case !p.told() || !ok:
			why := fmt.Sprintf("%q does not say which %s it is built with", p.Version, names[p.Tool])
			if p.Version == "" {
				why = "it says no version of " + names[p.Tool]
			}
			part.Outcomes = append(part.Outcomes, unsure(p, why, "write a version out"))
		default:
			if day, ok := days.of(p.Tool, at); ok && !w.Now.Before(day.AddDate(0, 0, 1)) {
				part.Findings = append(part.Findings, ended(p, day))
			}
			part.Add(known(p, days, w))
		}
	}
	return part
}

func unsure(p Pin, why, unlock string) scan.Outcome {
	return scan.Outcome{Check: Check.ID, Where: p.Place.Where(), Verdict: scan.CouldNotTell, Why: why, Unlock: unlock}
}

// Pins reads what the files of a tree say. Samples of tests are not what is built.
func Pins(t *tree.Tree, part *scan.Part) (pins []Pin) {
	for _, f := range t.Files {
		if readerOf(f.Path) == nil || slices.Contains(strings.Split(f.Path, "/"), "testdata") {
			continue
		}
		data, err := t.Text(f.Path)
		if err != nil {
			part.Gaps = append(part.Gaps, scan.Gap{Where: f.Path, Why: "it was not read: " + err.Error()})
			continue
		}
		pins = append(pins, read(f.Path, string(data))...)
	}
	return pins
}

// ended is the finding of a line that is no longer mended.
func ended(p Pin, day time.Time) scan.Finding {
	f := Check.Finding(p.Place, p.Tool+" ended", fmt.Sprintf("%s %s has had no mends since %s: what became known after that day stays.", names[p.Tool], p.Version, day.Format(time.DateOnly)))
	f.Title = fmt.Sprintf("%s %s is no longer mended", names[p.Tool], p.Version)
	f.Severity = weight(p)
	f.Fix = &scan.Fix{Text: "Build with a line of " + names[p.Tool] + " that is mended."}
	return f
}

func weight(p Pin) scan.Severity {
	if p.Build {
		return scan.Low // it checks, and does not run where strangers come
	}
	return Check.Severity
}

// known compares a version with advisories, of which only Go's speak of versions.
func known(p Pin, days ends, w *pack.World) (part scan.Part) {
	switch p.Tool {
	case Go:
		f, err := faults(p, days, w)
		if err != nil {
			part.Outcomes = append(part.Outcomes, unsure(p, "the advisories about Go's standard library: "+err.Error(), "give a folder of OSV files with --advisories DIR"))
		} else if f != nil {
			part.Findings = append(part.Findings, *f)
		}
	case OTP:
		if n := commits(w, "erlang/otp"); n > 0 {
			part.Outcomes = append(part.Outcomes, unsure(p, fmt.Sprintf("%d advisories about Erlang/OTP name commits and no versions", n), "use the newest patch of the line, and see cna.erlef.org"))
		}
	}
	return part
}

// commits counts the advisories that speak of a repository's commits.
func commits(w *pack.World, repository string) (n int) {
	db, err := w.Advisories(pack.Hex)
	if err != nil {
		return 0
	}
	for _, r := range db.Records() {
		if slices.ContainsFunc(r.Affected, func(a osv.Affected) bool {
			return slices.ContainsFunc(a.Ranges, func(g osv.Range) bool {
				return strings.HasSuffix(strings.TrimSuffix(g.Repo, ".git"), repository)
			})
		}) {
			n++
		}
	}
	return n
}

// newest stands for the last patch of a line, where only the line is named: no line has as many.
const newest = ".9999"

// faults are the advisories that a version of Go falls under, told as one finding.
func faults(p Pin, days ends, w *pack.World) (*scan.Finding, error) {
	db, err := w.Advisories(pack.Go)
	if err != nil {
		return nil, err
	}
	text := p.Version
	if !p.whole() {
		text += newest
	}
	at, ok := gomod.Toolchain(text)
	if !ok {
		return nil, fmt.Errorf("%s is no version that they compare", p.Version)
	}
	ids, fixed, err := matches(db, at)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	what := "Go " + p.Version
	if !p.whole() {
		what = "Even the newest patch of Go " + p.Version
	}
	f := Check.Finding(p.Place, "go faults", fmt.Sprintf("%s falls under %d advisories about the standard library and the go command, the newest of which is %s.", what, len(ids), ids[len(ids)-1]))
	f.Title = fmt.Sprintf("Go %s has %d known faults", p.Version, len(ids))
	f.Severity = weight(p)
	f.Package = &scan.Package{Ecosystem: pack.Go, Name: "stdlib", Version: p.Version, Advisory: ids[len(ids)-1], Aliases: ids[:len(ids)-1]}
	f.Fix = &scan.Fix{Text: "Build with a newer Go."}
	if target := above(db, fixed, func(l line) bool { day, ok := days.of(Go, l); return ok && w.Now.After(day) }); target != "" {
		f.Package.Fixed = []string{target}
		f.Fix.Text = "Build with Go " + target + " or later: it falls under none of those that are known here."
		if p.whole() && p.End > p.Start {
			f.Fix.Edits = []scan.Edit{{File: p.Place.File, Start: p.Start, End: p.End, New: target}}
		}
	}
	return &f, nil
}

// matches gives the advisories of a version of Go, oldest first, and the versions in which they are mended.
func matches(db *osv.Database, at string) (ids, fixed []string, err error) {
	for _, name := range []string{"stdlib", "toolchain"} {
		found, err := db.Match(pack.Go, name, at)
		if err != nil {
			return nil, nil, err
		}
		for _, m := range found {
			ids = append(ids, m.ID)
			fixed = append(fixed, m.Fixed...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), fixed, nil
}

// above is the nearest of some versions that falls under nothing, and whose line has not ended.
func above(db *osv.Database, fixed []string, over func(line) bool) string {
	var order []version.Version
	text := map[string]string{}
	for _, f := range fixed {
		if l, ok := lineOf(Go, f); !ok || over(l) || strings.Contains(f, "-") { // a candidate is no release
			continue
		}
		if v, err := version.Parse(f); err == nil {
			order, text[v.String()] = append(order, v), f
		}
	}
	slices.SortFunc(order, version.Version.Compare)
	for _, v := range order {
		if ids, _, err := matches(db, text[v.String()]); err == nil && len(ids) == 0 {
			return text[v.String()]
		}
	}
	return ""
}
