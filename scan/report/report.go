// Package report is what all sinks share: what they are told beside the run. A sink is a folder with a function that
// writes one run to one writer, and cleans every word that a scanned project could have chosen.
package report

import (
	"cmp"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"palisade.dev/scan"
	"palisade.dev/scan/fix"
)

// Options are what a sink may want to know.
type Options struct {
	Source  func(file string) ([]byte, error) // the scanned files; nil where there are none
	Color   bool
	ByFile  bool // group by file rather than by check
	NewOnly bool // findings of the baseline are counted and not shown
	Gate    scan.Severity
	Why     string // a folder, file or file:line of which what is in order is told as well
}

// Text gives a scanned file, and nil where it cannot be had.
func (o Options) Text(file string) []byte {
	if o.Source == nil || file == "" {
		return nil
	}
	data, err := o.Source(file)
	if err != nil {
		return nil
	}
	return data
}

// Diff shows the edits of a finding's fix, file by file; it is empty where there are none or they do not fit.
func (o Options) Diff(f scan.Finding) string {
	if f.Fix == nil {
		return ""
	}
	files, by := fix.ByFile(f.Fix.Edits)
	out := ""
	for _, name := range files {
		before := o.Text(name)
		if before == nil {
			return ""
		}
		after, err := fix.Apply(before, by[name])
		if err != nil {
			return ""
		}
		out += fix.Diff(name, before, after)
	}
	return out
}

// Tally counts what a person asks first.
type Tally struct {
	By                map[scan.Severity]int // of those that count
	Open              int
	Known, Suppressed int
}

// Count tallies a run.
func Count(run *scan.Run, newOnly bool) Tally {
	t := Tally{By: map[scan.Severity]int{}}
	for _, f := range run.Findings {
		switch {
		case f.Suppressed != nil:
			t.Suppressed++
		case f.Known && newOnly:
			t.Known++
		default:
			t.Open++
			t.By[f.Severity]++
		}
	}
	return t
}

// Severities are those of findings, the worst first.
var Severities = []scan.Severity{scan.Critical, scan.High, scan.Medium, scan.Low, scan.Info}

// Worst brings findings into the order of how bad and how sure they are; among equals that of the run stays.
func Worst(findings []scan.Finding) []scan.Finding {
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b scan.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Confidence, a.Confidence))
	})
	return findings
}

// Check finds what a run knows of a check.
func Check(run *scan.Run, id string) scan.Check {
	for _, c := range run.Checks {
		if c.ID == id {
			return c
		}
	}
	return scan.Check{ID: id, Title: id}
}

// UTF16 turns a column in bytes, from 1, of a line into one in UTF-16 units, as SARIF counts. Where the line is not to
// be had the column stays.
func UTF16(src []byte, p scan.Position) int {
	start := p.Offset - (p.Column - 1)
	if p.Column < 1 || start < 0 || p.Offset > len(src) {
		return p.Column
	}
	column := 1
	for line := src[start:p.Offset]; len(line) > 0; {
		r, n := utf8.DecodeRune(line)
		line = line[n:]
		column += max(1, utf16.RuneLen(r))
	}
	return column
}
