// Package suppress honours what people accepted: a comment beside the code, an entry of .palisade-ignore.yaml with a
// reason, an author and an end, and what a team that comes from Sobelow already has. An acceptance that ran out, or that
// no longer matches anything, is told as a finding, so that none of them outlives its reason unseen.
package suppress

import (
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
)

// Entry is one acceptance.
type Entry struct {
	Checks      []string // patterns: elixir/sqlquery, elixir/*
	Path        string   // a pattern of paths; empty is any
	File        string   // a path as it is; empty is any
	First, Last int      // lines that it covers; 0 is the whole file
	Symbol      string
	Package     string
	Fingerprint string
	Reason      string
	By          string
	Until       time.Time // the last day on which it holds; zero is for ever
	Source      string    // told with what it hides: "comment lib/a.ex:12"
	Place       scan.Place
	quiet       bool // not told when it matches nothing, since it never names a place
	used        bool
}

// Set is all acceptances of a tree.
type Set struct {
	Entries []*Entry
	notes   []scan.Finding // of acceptances that could not be read
}

//go:embed stale/doc.md
var staleDoc string

//go:embed expired/doc.md
var expiredDoc string

//go:embed unclear/doc.md
var unclearDoc string

// The checks of this package look at acceptances, not at code.
var (
	stale   = scan.Check{ID: "suppress/stale", Title: "An acceptance hides nothing", Severity: scan.Info, Tags: []string{"housekeeping"}, Doc: staleDoc}
	expired = scan.Check{ID: "suppress/expired", Title: "An acceptance has run out", Severity: scan.Low, Tags: []string{"housekeeping"}, Doc: expiredDoc}
	unclear = scan.Check{ID: "suppress/unclear", Title: "An acceptance cannot be read", Severity: scan.Low, Tags: []string{"housekeeping"}, Doc: unclearDoc}
)

// Checks lists them.
func Checks() []scan.Check { return []scan.Check{expired, stale, unclear} }

// Apply marks the findings that were accepted, and gives what is to be said of the acceptances themselves. Whether a
// check ran matters for the stale ones: where nobody looked, nothing could match.
func (s *Set) Apply(findings []scan.Finding, now time.Time, ran func(check string) bool) []scan.Finding {
	byFile := map[string][]*Entry{}
	var anywhere []*Entry
	for _, e := range s.Entries {
		if e.File != "" {
			byFile[e.File] = append(byFile[e.File], e)
		} else {
			anywhere = append(anywhere, e)
		}
	}
	for i := range findings {
		f := &findings[i]
		for _, list := range [][]*Entry{byFile[f.Place.File], anywhere} {
			for _, e := range list {
				if !e.covers(*f) {
					continue
				}
				e.used = true
				if f.Suppressed == nil && !e.over(now) {
					f.Suppressed = &scan.Suppressed{By: e.By, Reason: e.Reason, Until: e.Until, Source: e.Source}
				}
			}
		}
	}
	notes := slices.Clone(s.notes)
	for _, e := range s.Entries {
		switch {
		case e.used && e.over(now):
			notes = append(notes, note(expired, e, fmt.Sprintf("This acceptance of %s ended on %s, so what it hid counts again. Mend it, or accept it anew with a later date.", strings.Join(e.Checks, ", "), e.Until.Format(time.DateOnly))))
		case !e.used && !e.quiet && e.looked(ran):
			notes = append(notes, note(stale, e, fmt.Sprintf("Nothing of %s is found here any more. Take the acceptance out, lest it hide the next one.", e.what())))
		}
	}
	return notes
}

func note(c scan.Check, e *Entry, message string) scan.Finding {
	return scan.Finding{
		Check: c.ID, Title: c.Title, Message: message, Severity: c.Severity, Confidence: scan.Confirmed, Place: e.Place,
		Key: strings.Join(e.Checks, ",") + " " + e.Path + " " + e.Symbol + " " + e.Fingerprint,
	}
}

func (e *Entry) what() string {
	if len(e.Checks) == 0 {
		return "the finding " + e.Fingerprint
	}
	return strings.Join(e.Checks, ", ")
}

// over says whether an acceptance has ended: it holds through its last day, wherever on earth that is still this day.
func (e *Entry) over(now time.Time) bool {
	return !e.Until.IsZero() && now.After(e.Until.Add(36*time.Hour))
}

func (e *Entry) looked(ran func(string) bool) bool {
	for _, c := range e.Checks {
		if strings.Contains(c, "*") || ran(c) {
			return true
		}
	}
	return len(e.Checks) == 0
}

func (e *Entry) covers(f scan.Finding) bool {
	switch {
	case len(e.Checks) > 0 && !slices.ContainsFunc(e.Checks, func(p string) bool { return Matches(p, f.Check) }):
		return false
	case e.Path != "" && !glob(e.Path, f.Place.File):
		return false
	case e.File != "" && e.File != f.Place.File:
		return false
	case e.Symbol != "" && e.Symbol != f.Place.Symbol:
		return false
	case e.Package != "" && (f.Package == nil || f.Package.Name != e.Package):
		return false
	case e.Fingerprint != "" && e.Fingerprint != f.Fingerprint:
		return false
	case e.First > 0 && (f.Place.Start.Line > e.Last || max(f.Place.Start.Line, f.Place.End.Line) < e.First):
		return false
	case e.First > 0 && f.Place.Start.Line < e.First-1:
		// A finding that only ends here began before what the comment is about: a whole module is not accepted by a
		// comment within it. The line before belongs to a statement that the comment stands in.
		return false
	}
	return true
}

// Matches says whether a pattern names a check: its identifier, or its beginning and an asterisk.
func Matches(pattern, check string) bool {
	if start, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(check, start)
	}
	return pattern == check
}

// glob matches a path element by element; ** is any number of elements, and a pattern that names a folder covers what
// is in it.
func glob(pattern, name string) bool {
	return elements(strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(name, "/"), 0)
}

// elements walks both lists. Each ** may take any number, so its price is bounded by counting them.
func elements(pattern, name []string, stars int) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			if stars > 3 {
				return false
			}
			for i := range len(name) + 1 {
				if elements(pattern[1:], name[i:], stars+1) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, err := path.Match(pattern[0], name[0]); err != nil || !ok {
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return true // what is left of the name lies in the folder
}

// Glob compiles patterns of paths into a question; it says which of them is none.
func Glob(patterns []string) (func(string) bool, error) {
	for _, p := range patterns {
		if err := checkGlob(p); err != nil {
			return nil, err
		}
	}
	return func(name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, name) })
	}, nil
}

func checkGlob(pattern string) error {
	if pattern == "" || strings.HasPrefix(pattern, "/") || slices.Contains(strings.Split(pattern, "/"), "..") {
		return fmt.Errorf("%q is no pattern of paths below the scanned folder, as lib/**/*.ex", pattern)
	}
	if strings.Count(pattern, "**") > 4 {
		return fmt.Errorf("%q has more than four **", pattern)
	}
	for _, e := range strings.Split(pattern, "/") {
		if _, err := path.Match(e, ""); err != nil {
			return fmt.Errorf("%q is no pattern of paths: %w", pattern, err)
		}
	}
	return nil
}
