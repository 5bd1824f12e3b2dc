// Package osv keeps advisories and says which of them a package at a version falls under. Advisories come in OSV's form;
// GitHub's for Hex is turned into it. A snapshot is built in, so that a scan without a network knows what was known on
// its date.
package osv

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"palisade.dev/scan/deps/version"
)

// Record is an advisory.
type Record struct {
	ID               string     `json:"id"`
	Aliases          []string   `json:"aliases"`
	Summary          string     `json:"summary"`
	Details          string     `json:"details"`
	Published        time.Time  `json:"published"`
	Modified         time.Time  `json:"modified"`
	Withdrawn        *time.Time `json:"withdrawn"`
	Severity         []Score    `json:"severity"`
	Affected         []Affected `json:"affected"`
	DatabaseSpecific struct {
		Severity string   `json:"severity"`
		CWE      []string `json:"cwe_ids"`
	} `json:"database_specific"`
	References []struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"references"`

	raw []byte // of Go's, which govulncheck reads itself
}

// Raw is the advisory as it was read, where it is about Go.
func (r *Record) Raw() []byte { return r.raw }

// Score is a CVSS vector.
type Score struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

// Affected says which versions of one package have the fault.
type Affected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Ranges    []Range  `json:"ranges"`
	Versions  []string `json:"versions"`
	Severity  []Score  `json:"severity"`
	Ecosystem struct {
		Imports []struct {
			Path    string   `json:"path"`
			Symbols []string `json:"symbols"`
		} `json:"imports"`
	} `json:"ecosystem_specific"`

	listed []version.Version // Versions and Ranges, read once
	along  [][]point
}

// Range is a list of events along the versions.
type Range struct {
	Type   string  `json:"type"`
	Repo   string  `json:"repo"`
	Events []Event `json:"events"`
}

// Event says where the fault came in, was mended, or was last seen. One of the fields is set.
type Event struct {
	Introduced   string `json:"introduced,omitempty"`
	Fixed        string `json:"fixed,omitempty"`
	LastAffected string `json:"last_affected,omitempty"`
	Limit        string `json:"limit,omitempty"`
}

// Database finds advisories by package. It is filled once and then only asked.
type Database struct {
	Partial bool // for some packages of the ecosystem only, so silence means nothing

	by      map[string][]entry
	records []*Record

	mu      sync.Mutex // of the shelves, and of what was taken from them
	shelves []*shelf
	taken   map[string][]entry
}

type entry struct {
	record   *Record
	affected *Affected
}

// New makes an empty database.
func New() *Database { return &Database{by: map[string][]entry{}, taken: map[string][]entry{}} }

// about gives what there is about a package.
func (d *Database) about(k string) []entry {
	if len(d.shelves) == 0 {
		return d.by[k]
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.taken[k]
	if !ok {
		found = slices.Clip(d.by[k])
		for _, s := range d.shelves {
			found = append(found, s.take(k)...)
		}
		d.taken[k] = found
	}
	return found
}

// key is under which a package is kept. Names on Hex are in lower case whatever an advisory writes.
func key(ecosystem, name string) string {
	// OSV names variants behind a colon, as in "Debian:12".
	ecosystem, _, _ = strings.Cut(ecosystem, ":")
	if ecosystem == "Hex" {
		name = strings.ToLower(name)
	}
	return ecosystem + "\x00" + name
}

// Add puts an advisory in. One that was withdrawn is left out; one whose identifier is there already replaces it if it
// is newer.
func (d *Database) Add(r *Record) {
	if r.Withdrawn != nil || r.ID == "" {
		return
	}
	for i := range r.Affected {
		a := &r.Affected[i]
		if a.Package.Name == "" {
			continue // only commits of a repository
		}
		a.prepare()
		k := key(a.Package.Ecosystem, a.Package.Name)
		d.by[k] = append(d.by[k], entry{r, a})
	}
	d.records = append(d.records, r)
}

// Len is how many advisories there are.
func (d *Database) Len() int {
	n := len(d.records)
	for _, s := range d.shelves {
		n += s.count
	}
	return n
}

// Has says whether there are advisories for a whole ecosystem, without which silence means nothing.
func (d *Database) Has(ecosystem string) bool {
	for k := range d.by {
		if strings.HasPrefix(k, ecosystem+"\x00") {
			return true
		}
	}
	return slices.ContainsFunc(d.shelves, func(s *shelf) bool { return s.has(ecosystem) })
}

// Records gives all advisories.
func (d *Database) Records() []*Record {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Clip(d.records)
	for _, s := range d.shelves {
		all = append(all, s.all()...)
	}
	return all
}

// Match is an advisory that a package falls under.
type Match struct {
	*Record
	Affected *Affected
	Fixed    []string // versions above with the fault mended, the nearest first
}

// Match gives the advisories that a version of a package falls under, by identifier. The error is a version that cannot
// be compared.
func (d *Database) Match(ecosystem, name, at string) ([]Match, error) {
	entries := d.about(key(ecosystem, name))
	if len(entries) == 0 {
		return nil, nil
	}
	v, err := version.Parse(at)
	if err != nil {
		return nil, err
	}
	var found []Match
	for _, e := range entries {
		if !e.affected.holds(v) {
			continue
		}
		if i := slices.IndexFunc(found, func(m Match) bool { return m.ID == e.record.ID }); i >= 0 {
			found[i].Fixed = merge(found[i].Fixed, e.affected.fixed(v))
			continue
		}
		found = append(found, Match{e.record, e.affected, merge(nil, e.affected.fixed(v))})
	}
	slices.SortFunc(found, func(a, b Match) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

// Knows says whether any advisory is about a package, at whatever version.
func (d *Database) Knows(ecosystem, name string) bool { return len(d.about(key(ecosystem, name))) > 0 }

// prepare reads the versions and ranges, so that questions need not.
func (a *Affected) prepare() {
	for _, text := range a.Versions {
		if v, err := version.Parse(text); err == nil {
			a.listed = append(a.listed, v)
		}
	}
	for _, r := range a.Ranges {
		if r.Type != "GIT" {
			a.along = append(a.along, r.points())
		}
	}
}

// holds says whether a version has the fault: it is listed, or lies in a range.
func (a *Affected) holds(v version.Version) bool {
	return slices.ContainsFunc(a.listed, func(w version.Version) bool { return w.Compare(v) == 0 }) ||
		slices.ContainsFunc(a.along, func(points []point) bool { return within(points, v) })
}

// point is an event at a version; low is below all of them.
type point struct {
	low bool
	v   version.Version
	on  bool // the fault is there from here on, or ends
	not bool // it ends behind this version and not at it
}

// points sorts the events of a range. Where the fault ends and comes back at one version it has come back.
func (r Range) points() []point {
	var points []point
	for _, e := range r.Events {
		text, p := e.Introduced, point{on: true}
		switch {
		case e.Fixed != "":
			text, p = e.Fixed, point{}
		case e.LastAffected != "":
			text, p = e.LastAffected, point{not: true}
		case e.Limit != "":
			text, p = e.Limit, point{}
		}
		if text == "0" && p.on {
			p.low = true
		} else if text == "*" {
			continue
		} else if v, err := version.Parse(text); err == nil {
			p.v = v
		} else {
			continue
		}
		points = append(points, p)
	}
	slices.SortStableFunc(points, func(a, b point) int {
		switch {
		case a.low != b.low:
			if a.low {
				return -1
			}
			return 1
		case a.low:
			return 0
		}
		if c := a.v.Compare(b.v); c != 0 {
			return c
		}
		return rank(a) - rank(b)
	})
	return points
}

func rank(p point) int {
	switch {
	case p.on:
		return 1
	case p.not:
		return 2
	}
	return 0
}

// within walks along a range up to a version.
func within(points []point, v version.Version) bool {
	there := false
	for _, p := range points {
		switch {
		case p.low:
			there = true
		case p.on && v.Compare(p.v) >= 0:
			there = true
		case !p.on && !p.not && v.Compare(p.v) >= 0:
			there = false
		case p.not && v.Compare(p.v) > 0:
			there = false
		}
	}
	return there
}

// fixed gives the versions above v at which a range ends.
func (a *Affected) fixed(v version.Version) []string {
	var list []string
	for _, r := range a.Ranges {
		if r.Type == "GIT" {
			continue
		}
		for _, e := range r.Events {
			if w, err := version.Parse(e.Fixed); e.Fixed != "" && err == nil && w.Compare(v) > 0 && !a.holds(w) {
				list = append(list, e.Fixed)
			}
		}
	}
	return list
}

// merge joins two lists of versions, the nearest first.
func merge(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(a, b string) int {
		va, _ := version.Parse(a)
		vb, _ := version.Parse(b)
		return va.Compare(vb)
	})
	return slices.Compact(all)
}

// Bounds of what is read as advisories.
const (
	largestRecord = 8 << 20
	mostRecords   = 500_000
)

// ReadLines reads advisories, one JSON object a line, in OSV's form or in the one in which GitHub's for Hex are handed
// on.
func (d *Database) ReadLines(r io.Reader) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 1<<16), largestRecord)
	for n := 1; s.Scan(); n++ {
		line := bytes.TrimSpace(s.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := d.Read(line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if len(d.records) > mostRecords {
			return fmt.Errorf("more than %d advisories", mostRecords)
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("an advisory is longer than %d MB", largestRecord>>20)
	}
	return s.Err()
}

// Read reads one advisory, or a JSON array of them.
func (d *Database) Read(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(data, &list); err != nil {
			return fmt.Errorf("this is no list of advisories: %w", err)
		}
		for i, one := range list {
			if err := d.Read(one); err != nil {
				return fmt.Errorf("advisory %d: %w", i+1, err)
			}
		}
		return nil
	}
	r, err := decode(data)
	if err == nil {
		d.Add(r)
	}
	return err
}

// decode reads one advisory of either form.
func decode(data []byte) (*Record, error) {
	var form struct {
		ID     string          `json:"id"`
		Ranges json.RawMessage `json:"vulnerable_version_ranges"`
	}
	if err := json.Unmarshal(data, &form); err != nil {
		return nil, fmt.Errorf("this is no advisory: %w", err)
	}
	if form.ID == "" {
		return nil, errors.New("this is no advisory: it has no id")
	}
	r := &Record{}
	var err error
	if form.Ranges != nil {
		r, err = github(data)
	} else {
		err = json.Unmarshal(data, r)
		if len(r.Affected) > 0 && r.Affected[0].Package.Ecosystem == "Go" {
			r.raw = bytes.Clone(data)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("advisory %.40s: %w", form.ID, err)
	}
	return r, nil
}
