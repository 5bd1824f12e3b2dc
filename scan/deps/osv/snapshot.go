package osv

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"sync"
	"time"
)

// BuiltOn is the day of the advisories that are built in, where they do not say; NOTICE.md beside them says the same.
var BuiltOn = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// Those for Go; NOTICE.md beside them says whose they are and of which day.
//
//go:embed snapshot/go-osv.jsonl.gz
var goText []byte

// Source is where advisories came from, for the report.
type Source struct {
	Name    string
	Records int
	Newest  time.Time // the last change of any of them; zero where they do not say
}

func (s Source) String() string {
	text := fmt.Sprintf("%d of %s", s.Records, s.Name)
	if !s.Newest.IsZero() {
		text += ", newest of " + s.Newest.Format(time.DateOnly)
	}
	return text
}

// bundled are the advisories for Hex, and for npm those of its packages that come with Hex ones.
var bundled = map[string][]struct {
	name        string
	text, index *string
}{
	"Hex": {{"the EEF CNA (CC-BY 4.0)", &eefText, &eefIndex}, {"the GitHub Advisory Database (CC-BY 4.0)", &ghsaText, &ghsaIndex}},
	"npm": {{"the EEF CNA (CC-BY 4.0), for packages that come with Hex ones", &eefText, &eefIndex}},
}

// Bundled gives the advisories for an ecosystem that are built in. Go's cost about a tenth of a second to read, so they
// are read when somebody asks; of the others each is, when somebody asks for its package.
func Bundled(ecosystem string) (*Database, []Source, error) {
	d := New()
	d.Partial = ecosystem == "npm"
	if ecosystem == "Go" {
		z, err := gzip.NewReader(bytes.NewReader(goText))
		if err == nil {
			err = d.ReadLines(z)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("the built-in advisories for Go: %w", err)
		}
		return d, []Source{{"the Go Vulnerability Database at a752ea5 of 2026-09 (CC-BY 4.0)", d.Len(), newest(d.records)}}, nil
	}
	var sources []Source
	for _, part := range bundled[ecosystem] {
		s, err := open(*part.text, *part.index)
		if err != nil {
			return nil, nil, err
		}
		d.shelves = append(d.shelves, s)
		sources = append(sources, Source{part.name, s.count, s.changed})
	}
	return d, sources, nil
}

func newest(records []*Record) time.Time {
	var t time.Time
	for _, r := range records {
		if r.Modified.After(t) {
			t = r.Modified
		}
	}
	return t // Go's advisories carry no date of change
}

// Once is Bundled, read at most once for each ecosystem however many ask.
type Once struct {
	mu   sync.Mutex
	have map[string]loaded
}

type loaded struct {
	d       *Database
	sources []Source
	err     error
}

// Get reads what is built in for an ecosystem.
func (o *Once) Get(ecosystem string) (*Database, []Source, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, ok := o.have[ecosystem]
	if !ok {
		l.d, l.sources, l.err = Bundled(ecosystem)
		if o.have == nil {
			o.have = map[string]loaded{}
		}
		o.have[ecosystem] = l
	}
	return l.d, l.sources, l.err
}
