package refresh

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"palisade.dev/scan/deps/osv"
)

// Old is the age at which a scan says that it no longer knows what there is to know.
const Old = 30 * 24 * time.Hour

// file is a copy's place: a list of advisories, a line each, that osv.Folder reads as well. Its gzip header tells the
// second of the fetch and the address, so the date cannot part from the data.
func file(dir, ecosystem string) string { return filepath.Join(dir, ecosystem+".jsonl.gz") }

// keep writes a copy whole or not at all.
func keep(dir, ecosystem, from string, at time.Time, list map[string]advisory) error {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.ModTime, z.Comment = at, from
	for _, id := range slices.Sorted(maps.Keys(list)) {
		if _, err := z.Write(append(list[id].line, '\n')); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".fetched-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file(dir, ecosystem))
}

// kept is a copy that was read.
type kept struct {
	db     *osv.Database
	source osv.Source
	at     time.Time
}

// load reads a copy; [fs.ErrNotExist] is none.
func load(dir, ecosystem string) (kept, error) {
	in, err := os.Open(file(dir, ecosystem))
	if err != nil {
		return kept{}, err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return kept{}, err
	}
	if z.ModTime.IsZero() {
		return kept{}, errors.New("it does not say when it was fetched")
	}
	k := kept{db: osv.New(), at: z.ModTime.UTC()}
	// Lines are bounded by osv; a file that is cut off here ends amid one, which is an error as well.
	if err := k.db.ReadLines(io.LimitReader(z, large.whole)); err != nil {
		return kept{}, err
	}
	if !k.db.Has(ecosystem) {
		return kept{}, fmt.Errorf("it holds nothing about %s", ecosystem)
	}
	k.source = osv.Source{
		Name:    fmt.Sprintf("%s, fetched %s", z.Comment, k.at.Format(time.DateOnly)),
		Records: k.db.Len(), Newest: newest(k.db.Records()),
	}
	return k, nil
}

func newest(records []*osv.Record) (t time.Time) {
	for _, r := range records {
		if r.Modified.After(t) {
			t = r.Modified
		}
	}
	return t
}

// built reads what is built in, and its day.
func built(ecosystem string) (*osv.Database, []osv.Source, time.Time, error) {
	db, sources, err := osv.Bundled(ecosystem)
	day := osv.BuiltOn
	for _, s := range sources {
		if s.Newest.After(day) {
			day = s.Newest
		}
	}
	return db, sources, day, err
}

// Age is of which day the advisories are that a scan used.
type Age struct {
	Ecosystem string
	Day       time.Time
	Built     bool  // in; otherwise fetched
	Fault     error // why the copy that is there was not used; nil where there is none
}

// Of is the age in words and as a length.
func (a Age) Of(now time.Time) (string, time.Duration) {
	how, age := "fetched", max(now.Sub(a.Day), 0)
	if a.Built {
		how = "built in, of"
	}
	return fmt.Sprintf("%s %s, %s old", how, a.Day.Format(time.DateOnly), days(age)), age
}

func days(age time.Duration) string {
	if n := int(age / (24 * time.Hour)); n != 1 {
		return fmt.Sprintf("%d days", n)
	}
	return "1 day"
}

// Kept gives the newer of what is built in and what was fetched, each ecosystem read at most once. It asks no network.
type Kept struct {
	Dir string

	mu   sync.Mutex
	have map[string]*answer
}

type answer struct {
	db      *osv.Database
	sources []osv.Source
	age     Age
	err     error
}

// Get is what a scan of dependencies asks for advisories. A copy that cannot be read is passed over; Ages tells.
func (k *Kept) Get(ecosystem string) (*osv.Database, []osv.Source, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a, ok := k.have[ecosystem]
	if !ok {
		a = k.choose(ecosystem)
		if k.have == nil {
			k.have = map[string]*answer{}
		}
		k.have[ecosystem] = a
	}
	return a.db, a.sources, a.err
}

func (k *Kept) choose(ecosystem string) *answer {
	a := &answer{age: Age{Ecosystem: ecosystem, Built: true}}
	a.db, a.sources, a.age.Day, a.err = built(ecosystem)
	c, err := load(k.Dir, ecosystem)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		a.age.Fault = fmt.Errorf("%s: %w", file(k.Dir, ecosystem), err)
	case c.at.After(a.age.Day):
		a.db, a.sources, a.err = c.db, []osv.Source{c.source}, nil
		a.age.Day, a.age.Built = c.at, false
	}
	return a
}

// Ages are those of what Get gave out, by ecosystem. What there is nothing about is left out.
func (k *Kept) Ages() []Age {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []Age
	for _, name := range slices.Sorted(maps.Keys(k.have)) {
		if a := k.have[name]; a.err == nil && a.db.Len() > 0 {
			list = append(list, a.age)
		}
	}
	return list
}
