package osv

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The advisories for Hex lie as plain text, each with an index that says which line is about which package: a lock file has
// fifty packages, and to read all advisories for them cost more than a small application does as a whole. `go test -update`
// in this folder writes the indices anew when the text has changed.
var (
	//go:embed snapshot/hex-eef-osv.jsonl
	eefText string
	//go:embed snapshot/hex-eef-osv.index
	eefIndex string
	//go:embed snapshot/hex-ghsa.jsonl
	ghsaText string
	//go:embed snapshot/hex-ghsa.index
	ghsaIndex string
)

// shelf holds advisories that are read when somebody asks for their package.
type shelf struct {
	text    string
	count   int       // of those that were not withdrawn
	changed time.Time // the last change of any of them
	lines   map[string][]line
	read    map[line]*Record
}

// line is where an advisory lies in the text.
type line struct{ start, end int }

// open reads an index. Its first line has the number of advisories and the time of the last change, each other one the
// ecosystem, the package, and the start and end of an advisory in the text.
func open(text, index string) (*shelf, error) {
	s := &shelf{text: text, lines: map[string][]line{}, read: map[line]*Record{}}
	n := 0
	for row := range strings.Lines(index) {
		n++
		fields := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		var err error
		switch {
		case n == 1 && len(fields) == 2:
			if s.count, err = strconv.Atoi(fields[0]); err == nil {
				s.changed, err = time.Parse(time.RFC3339, fields[1])
			}
		case n > 1 && len(fields) == 4:
			var at line
			if at.start, err = strconv.Atoi(fields[2]); err == nil {
				at.end, err = strconv.Atoi(fields[3])
			}
			if err == nil && (at.start < 0 || at.end < at.start || at.end > len(text)) {
				err = fmt.Errorf("%d to %d is not in the text", at.start, at.end)
			}
			k := fields[0] + "\x00" + fields[1]
			s.lines[k] = append(s.lines[k], at)
		default:
			err = fmt.Errorf("%d fields", len(fields))
		}
		if err != nil {
			return nil, fmt.Errorf("the index of the built-in advisories, line %d: %w", n, err)
		}
	}
	return s, nil
}

// indexOf makes the index of a text.
func indexOf(text string) (string, error) {
	var b strings.Builder
	all := New()
	at := 0
	for row := range strings.Lines(text) {
		start := at
		at += len(row)
		one := New()
		if err := one.Read([]byte(row)); err != nil {
			return "", fmt.Errorf("byte %d: %w", start, err)
		}
		var keys []string
		for _, r := range one.records { // none, if it was withdrawn
			all.Add(r)
			for i := range r.Affected {
				if p := r.Affected[i].Package; p.Name != "" {
					keys = append(keys, key(p.Ecosystem, p.Name))
				}
			}
		}
		if len(one.records) > 0 && keys == nil {
			keys = []string{"\x00"} // about commits of a repository alone
		}
		slices.Sort(keys)
		for _, k := range slices.Compact(keys) {
			ecosystem, name, _ := strings.Cut(k, "\x00")
			fmt.Fprintf(&b, "%s\t%s\t%d\t%d\n", ecosystem, name, start, at)
		}
	}
	return fmt.Sprintf("%d\t%s\n%s", all.Len(), newest(all.records).Format(time.RFC3339Nano), b.String()), nil
}

// take reads what lies under a key.
func (s *shelf) take(k string) (found []entry) {
	for _, at := range s.lines[k] {
		r := s.at(at)
		for i := range r.Affected {
			a := &r.Affected[i]
			if a.Package.Name != "" && key(a.Package.Ecosystem, a.Package.Name) == k {
				a.prepare()
				found = append(found, entry{r, a})
			}
		}
	}
	return found
}

// all reads every advisory, in the order of the text.
func (s *shelf) all() (records []*Record) {
	var lines []line
	for _, of := range s.lines {
		lines = append(lines, of...)
	}
	slices.SortFunc(lines, func(a, b line) int { return a.start - b.start })
	for _, at := range slices.Compact(lines) {
		records = append(records, s.at(at))
	}
	return records
}

func (s *shelf) at(at line) *Record {
	if r := s.read[at]; r != nil {
		return r
	}
	r, err := decode([]byte(s.text[at.start:at.end]))
	if err != nil {
		// A test reads every line of what is built in.
		panic("the built-in advisories are not what their index says: " + err.Error())
	}
	s.read[at] = r
	return r
}

// has says whether any advisory is about an ecosystem.
func (s *shelf) has(ecosystem string) bool {
	for k := range s.lines {
		if strings.HasPrefix(k, ecosystem+"\x00") {
			return true
		}
	}
	return false
}
