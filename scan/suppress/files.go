package suppress

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/strict"
	"palisade.dev/scan/suppress/sobelow"
	"palisade.dev/scan/tree"
)

// FileName is the file of acceptances, in the scanned folder.
const FileName = ".palisade-ignore.yaml"

// Item is an entry of the file. A reason is required, and something to go by.
type Item struct {
	Check       string `yaml:"check,omitempty"`
	Path        string `yaml:"path,omitempty"`
	Line        int    `yaml:"line,omitempty"`
	Symbol      string `yaml:"symbol,omitempty"`
	Package     string `yaml:"package,omitempty"`
	Fingerprint string `yaml:"fingerprint,omitempty"`
	Reason      string `yaml:"reason"`
	Author      string `yaml:"author,omitempty"`
	Until       string `yaml:"until,omitempty"`
}

// List is the file.
type List struct {
	Ignore []Item `yaml:"ignore"`
}

// Parse reads a file of acceptances. All faults are told together, each with its line.
func Parse(data []byte) ([]*Entry, error) {
	var list List
	if err := strict.Decode(data, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", FileName, err)
	}
	lines := strict.Lines(data, "ignore")
	index := scan.NewLines(data)
	starts := map[int]int{}
	at := 0
	for n, l := range strings.SplitAfter(string(data), "\n") {
		starts[n+1] = at
		at += len(l)
	}
	var entries []*Entry
	var faults []error
	for i, item := range list.Ignore {
		line := 0
		if i < len(lines) {
			line = lines[i]
		}
		e, err := item.entry()
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", FileName, line, err))
			continue
		}
		e.Source = fmt.Sprintf("%s:%d", FileName, line)
		e.Place = index.Span(FileName, starts[line], starts[line])
		entries = append(entries, e)
	}
	return entries, errors.Join(faults...)
}

func (i Item) entry() (*Entry, error) {
	e := &Entry{Path: i.Path, Symbol: i.Symbol, Package: i.Package, Fingerprint: i.Fingerprint, Reason: strings.TrimSpace(i.Reason), By: i.Author, First: i.Line, Last: i.Line}
	switch {
	case i.Check == "" && i.Fingerprint == "":
		return nil, errors.New("it names neither a check nor a fingerprint")
	case e.Reason == "":
		return nil, errors.New("it gives no reason; say why this is accepted, for whoever reads it next")
	case i.Check == "*" || i.Check != "" && !strings.Contains(i.Check, "/"):
		return nil, fmt.Errorf("%q names no check: write elixir/sqlquery, or elixir/* for all of a kind", i.Check)
	case i.Line > 0 && i.Path == "":
		return nil, errors.New("it has a line and no path")
	}
	if i.Check != "" {
		e.Checks = []string{i.Check}
	}
	if i.Path != "" {
		if err := checkGlob(i.Path); err != nil {
			return nil, err
		}
	}
	if i.Until != "" {
		day, err := time.Parse(time.DateOnly, i.Until)
		if err != nil {
			return nil, fmt.Errorf("until: %q is no day as 2027-01-31", i.Until)
		}
		e.Until = day
	}
	return e, nil
}

// fromFile reads the file of the scanned folder. What is wrong in it was told before the scan began, as misuse; in other
// places, a gap.
func (s *Set) fromFile(t *tree.Tree) []scan.Gap {
	if !t.Has(FileName) {
		return nil
	}
	data, err := t.Text(FileName)
	if err != nil {
		return []scan.Gap{{Where: FileName, Why: err.Error()}}
	}
	entries, err := Parse(data)
	if err != nil {
		return []scan.Gap{{Where: FileName, Why: err.Error()}}
	}
	s.Entries = append(s.Entries, entries...)
	return nil
}

// fromSobelow reads .sobelow-conf and .sobelow-skips beside each mix.exs, as Sobelow would.
func (s *Set) fromSobelow(t *tree.Tree) (gaps []scan.Gap) {
	for _, f := range t.Files {
		dir := path.Dir(f.Path)
		within := func(name string) string { return path.Join(dir, strings.TrimPrefix(name, "./")) }
		switch f.Base() {
		case ".sobelow-conf":
			data, err := t.Text(f.Path)
			var conf sobelow.Conf
			if err == nil {
				conf, err = sobelow.Read(data)
			}
			if err != nil {
				gaps = append(gaps, scan.Gap{Where: f.Path, Why: err.Error() + "; nothing it ignores was ignored"})
				continue
			}
			place := scan.Place{File: f.Path, Start: scan.Position{Line: 1, Column: 1}}
			for _, name := range conf.Ignore {
				for _, k := range sobelow.Find(name) {
					s.Entries = append(s.Entries, &Entry{Checks: k.Checks, Package: k.Package, Path: within("**"), Reason: "ignored as " + name, Source: f.Path, Place: place, quiet: true})
				}
			}
			for _, name := range conf.IgnoreFiles {
				s.Entries = append(s.Entries, &Entry{Checks: []string{"elixir/*"}, Path: within(name), Reason: "in ignore_files", Source: f.Path, Place: place, quiet: true})
			}
		case ".sobelow-skips":
			data, err := t.Text(f.Path)
			if err != nil {
				gaps = append(gaps, scan.Gap{Where: f.Path, Why: err.Error()})
				continue
			}
			skips, faults := sobelow.Skips(data)
			bare := 0
			for _, skip := range skips {
				place := scan.Place{File: f.Path, Start: scan.Position{Line: skip.Line, Column: 1}}
				if skip.Name == "" {
					bare++
					continue
				}
				for _, k := range sobelow.Find(skip.Name) {
					s.Entries = append(s.Entries, &Entry{
						Checks: k.Checks, Package: k.Package, File: within(skip.File), First: skip.At, Last: skip.At,
						Reason: "skipped as " + skip.Name, Source: fmt.Sprintf("%s:%d", f.Path, skip.Line), Place: place,
					})
				}
			}
			if bare > 0 {
				faults = append(faults, fmt.Sprintf("%d lines are bare hashes, which only Sobelow can tell; they hide nothing here", bare))
			}
			for _, fault := range faults {
				e := &Entry{Checks: []string{fault}, Place: scan.Place{File: f.Path, Start: scan.Position{Line: 1, Column: 1}}}
				s.notes = append(s.notes, note(unclear, e, "Not all of this file could be used: "+fault+"."))
			}
		}
	}
	return gaps
}
