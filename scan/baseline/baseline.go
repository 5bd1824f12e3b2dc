// Package baseline keeps the fingerprints of findings that were there when somebody began to look, so that a gate can
// ask for new ones only. The file is sorted and has a line for each finding: two branches that both shrink it merge.
package baseline

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"palisade.dev/scan"
)

// version is of the file's form.
const version = 1

// largest is how much is read of a baseline: some 200,000 findings.
const largest = 64 << 20

// File is a baseline.
type File struct {
	Version int     `json:"version"`
	Known   []Known `json:"known"`
	prints  map[string]bool
}

// Known is a finding of then. Only the fingerprint counts; the rest is for people who read a diff.
type Known struct {
	Fingerprint string `json:"fingerprint"`
	Check       string `json:"check"`
	Where       string `json:"where"`
}

// Of makes a baseline of a run's findings, except those that were accepted: these have a reason of their own.
func Of(run *scan.Run) *File {
	f := &File{Version: version, Known: []Known{}}
	for _, finding := range run.Findings {
		if finding.Suppressed == nil {
			where := finding.Place.File
			if where == "" {
				where = finding.Place.Where()
			}
			f.Known = append(f.Known, Known{finding.Fingerprint, finding.Check, where})
		}
	}
	slices.SortFunc(f.Known, func(a, b Known) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return f
}

// Bytes writes the file, a line for each finding.
func (f *File) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"version\": %d, \"known\": [", version)
	for i, k := range f.Known {
		line, err := json.Marshal(k)
		if err != nil {
			panic("baseline: three strings are no JSON: " + err.Error()) // strings always are
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

// Read reads a file.
func Read(data []byte) (*File, error) {
	if len(data) > largest {
		return nil, fmt.Errorf("the baseline has more than %d MB", largest>>20)
	}
	var f File
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("this is no baseline of ours: %w; write one with --write-baseline FILE", err)
	}
	if f.Version != version {
		return nil, fmt.Errorf("the baseline is of version %d, and %d is what is read here; write it again with --write-baseline FILE", f.Version, version)
	}
	f.prints = make(map[string]bool, len(f.Known))
	for i, k := range f.Known {
		if k.Fingerprint == "" {
			return nil, fmt.Errorf("entry %d of the baseline has no fingerprint", i+1)
		}
		f.prints[k.Fingerprint] = true
	}
	return &f, nil
}

// Mark says of each finding whether it is in the baseline; nil knows none.
func (f *File) Mark(findings []scan.Finding) {
	if f == nil {
		return
	}
	for i := range findings {
		findings[i].Known = f.prints[findings[i].Fingerprint]
	}
}

// Gone counts what the baseline holds and a run no longer has.
func (f *File) Gone(run *scan.Run) int {
	if f == nil {
		return 0
	}
	there := map[string]bool{}
	for _, finding := range run.Findings {
		there[finding.Fingerprint] = true
	}
	gone := 0
	for p := range f.prints {
		if !there[p] {
			gone++
		}
	}
	return gone
}
