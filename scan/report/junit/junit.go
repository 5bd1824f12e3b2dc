// Package junit writes a run as JUnit XML, which build servers show as tests: a check is a test, what it found are its
// failures, what was accepted is skipped, and what could not be scanned is an error.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/clean"
)

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr"`
	Suites   []*suite `xml:"testsuite"`
}

type suite struct {
	Name     string  `xml:"name,attr"`
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Skipped  int     `xml:"skipped,attr"`
	Cases    []*test `xml:"testcase"`
}

type test struct {
	Name    string   `xml:"name,attr"`
	Class   string   `xml:"classname,attr"`
	File    string   `xml:"file,attr,omitempty"`
	Line    int      `xml:"line,attr,omitempty"`
	Failure *said    `xml:"failure,omitempty"`
	Error   *said    `xml:"error,omitempty"`
	Skipped *skipped `xml:"skipped,omitempty"`
}

type said struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type skipped struct {
	Message string `xml:"message,attr"`
}

// Write writes the run.
func Write(w io.Writer, run *scan.Run, o report.Options) error {
	all := &suites{Name: "palisade scan " + run.Kind, Time: fmt.Sprintf("%.3f", run.Ended.Sub(run.Started).Seconds())}
	by := map[string][]scan.Finding{}
	for _, f := range run.Findings {
		by[f.Check] = append(by[f.Check], f)
	}
	for _, c := range run.Checks {
		s := &suite{Name: clean.Text(c.ID)}
		for _, f := range by[c.ID] {
			s.add(finding(f, o))
		}
		if len(s.Cases) == 0 {
			s.add(&test{Name: clean.Text(c.Title), Class: clean.Text(c.ID)})
		}
		delete(by, c.ID)
		all.add(s)
	}
	for _, f := range run.Findings { // of checks that the run does not list
		if len(by[f.Check]) > 0 {
			s := &suite{Name: clean.Text(f.Check)}
			for _, f := range by[f.Check] {
				s.add(finding(f, o))
			}
			delete(by, f.Check)
			all.add(s)
		}
	}
	if len(run.Gaps) > 0 {
		s := &suite{Name: "not scanned"}
		for _, g := range run.Gaps {
			s.add(&test{Name: clean.Line(g.Where), Class: "not scanned", Error: &said{Type: "gap", Message: clean.Line(g.Why)}})
		}
		all.add(s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func finding(f scan.Finding, o report.Options) *test {
	t := &test{Name: clean.Line(f.Place.Where()), Class: clean.Line(f.Check), File: clean.Line(f.Place.File), Line: f.Place.Start.Line}
	switch {
	case f.Suppressed != nil:
		t.Skipped = &skipped{"accepted: " + clean.Line(f.Suppressed.Reason)}
	case f.Known && o.NewOnly:
		t.Skipped = &skipped{"in the baseline"}
	case f.Severity < o.Gate: // it is told and fails nothing
		t.Skipped = &skipped{fmt.Sprintf("%s, below the gate: %s", f.Severity, clean.Line(f.Message))}
	default:
		var b strings.Builder
		fmt.Fprintf(&b, "%s\n%s\n", clean.Line(f.Message), clean.Line(f.Place.Where()))
		if f.Excerpt != "" {
			fmt.Fprintf(&b, "\n%s\n", clean.Text(f.Excerpt))
		}
		for i, s := range f.Flow {
			fmt.Fprintf(&b, "%d. %s (%s)\n", i+1, clean.Line(s.Note), clean.Line(s.Place.Where()))
		}
		if f.Fix != nil {
			fmt.Fprintf(&b, "\nFix: %s\n", clean.Line(f.Fix.Text))
		}
		t.Failure = &said{Type: f.Severity.String(), Message: clean.Line(f.Title), Text: b.String()}
	}
	return t
}

func (s *suite) add(t *test) {
	s.Cases = append(s.Cases, t)
	s.Tests++
	switch {
	case t.Failure != nil:
		s.Failures++
	case t.Error != nil:
		s.Errors++
	case t.Skipped != nil:
		s.Skipped++
	}
}

func (all *suites) add(s *suite) {
	all.Suites = append(all.Suites, s)
	all.Tests += s.Tests
	all.Failures += s.Failures
	all.Errors += s.Errors
	all.Skipped += s.Skipped
}
