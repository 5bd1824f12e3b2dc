package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/lock"
	"palisade.dev/scan/fix"
	"palisade.dev/scan/report"
)

// mending makes the changes that findings propose. They are tried in memory first: a second scan over the changed files
// has to find nothing new, or the changes of that file are left out.
type mending struct {
	*session
	root    *os.Root
	folder  fs.FS
	scan    func(fs.FS) (*scan.Run, error)
	newOnly bool

	left []string // what was not changed, and why
}

// plan gives the changed files. Of edits that collide the one of the worse finding is taken.
func (m *mending) plan(run *scan.Run, without map[string]bool) map[string][]byte {
	edits := map[string][]scan.Edit{}
	after := map[string][]byte{}
	m.left = nil
	for _, f := range report.Worst(run.Open(m.newOnly)) {
		if f.Fix == nil || len(f.Fix.Edits) == 0 {
			continue
		}
		files, by := fix.ByFile(f.Fix.Edits)
		tried := map[string][]byte{}
		why := ""
		for _, name := range files {
			if without[name] {
				why = "a second scan found something new in " + name + " after the change"
				break
			}
			before, err := fs.ReadFile(m.folder, name)
			if err != nil {
				why = name + ": " + cause(err).Error()
				break
			}
			both := append(slices.Clone(edits[name]), by[name]...)
			if tried[name], err = fix.Apply(before, both); err != nil {
				why = err.Error()
				break
			}
		}
		if why != "" {
			m.left = append(m.left, fmt.Sprintf("%s at %s: %s", f.Check, f.Place.Where(), why))
			continue
		}
		for _, name := range files {
			edits[name] = append(edits[name], by[name]...)
			after[name] = tried[name]
		}
	}
	return after
}

// good drops changes after which a scan finds something that was not there before, or can read less than before.
func (m *mending) good(run *scan.Run) (after map[string][]byte, then *scan.Run, err error) {
	without := map[string]bool{}
	for {
		after = m.plan(run, without)
		if len(after) == 0 {
			return after, run, nil
		}
		if then, err = m.scan(overlay{m.folder, after}); err != nil {
			return nil, nil, err
		}
		again := false
		worse := func(name string) {
			name, _, _ = strings.Cut(name, ":")
			if after[name] != nil && !without[name] {
				without[name], again = true, true
			}
		}
		for _, f := range then.Open(false) {
			if f.Check == lock.Check.ID { // a lock file that lags behind a raised requirement is what the raise is for
				continue
			}
			if !slices.ContainsFunc(run.Findings, func(g scan.Finding) bool { return g.Fingerprint == f.Fingerprint }) {
				worse(f.Place.File)
			}
		}
		for _, g := range then.Gaps {
			if !slices.Contains(run.Gaps, g) {
				worse(g.Where)
			}
		}
		if !again {
			return after, then, nil
		}
	}
}

// diff shows the changes and makes none.
func (m *mending) diff(run *scan.Run) error {
	after, _, err := m.good(run)
	if err != nil {
		return err
	}
	for _, name := range names(after) {
		before, err := fs.ReadFile(m.folder, name)
		if err != nil {
			return err
		}
		fmt.Fprint(m.Out, fix.Diff(name, before, after[name]))
	}
	m.explain(len(after), "would be changed")
	return nil
}

// fix writes the changed files, each whole or not at all, and gives the run that is true afterwards.
func (m *mending) fix(run *scan.Run) (*scan.Run, error) {
	after, then, err := m.good(run)
	if err != nil {
		return nil, err
	}
	for _, name := range names(after) {
		if err := m.write(name, after[name]); err != nil {
			return nil, fmt.Errorf("writing %s: %w; files before it in the alphabet are changed", name, err)
		}
	}
	m.explain(len(after), "changed")
	if slices.ContainsFunc(names(after), func(name string) bool { return path.Base(name) == "mix.exs" || path.Base(name) == "package.json" }) {
		fmt.Fprintln(m.Err, "Requirements were raised; the lock files follow with: mix deps.get, or npm install")
	}
	return then, nil
}

func (m *mending) write(name string, data []byte) error {
	info, err := m.root.Stat(name)
	if err != nil {
		return cause(err)
	}
	temporary := path.Join(path.Dir(name), ".palisade-"+path.Base(name))
	f, err := m.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return cause(err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = m.root.Rename(temporary, name)
	}
	if err != nil {
		_ = m.root.Remove(temporary)
	}
	return err
}

func (m *mending) explain(n int, what string) {
	noun := "files"
	if n == 1 {
		noun = "file"
	}
	fmt.Fprintf(m.Err, "%d %s %s.\n", n, noun, what)
	for _, l := range m.left {
		fmt.Fprintf(m.Err, "Left as it is: %s\n", word(l))
	}
}

func names(files map[string][]byte) []string {
	var list []string
	for name := range files {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// overlay is a folder in which some files have other contents.
type overlay struct {
	fs.FS
	files map[string][]byte
}

func (o overlay) Open(name string) (fs.File, error) {
	if data, ok := o.files[name]; ok {
		return &memory{bytes.NewReader(data), path.Base(name), int64(len(data))}, nil
	}
	return o.FS.Open(name)
}

// memory is a file of an overlay.
type memory struct {
	*bytes.Reader
	name string
	size int64
}

func (m *memory) Stat() (fs.FileInfo, error) { return m, nil }
func (m *memory) Close() error               { return nil }
func (m *memory) Name() string               { return m.name }
func (m *memory) Size() int64                { return m.size }
func (m *memory) Mode() fs.FileMode          { return 0o644 }
func (m *memory) ModTime() time.Time         { return time.Time{} }
func (m *memory) IsDir() bool                { return false }
func (m *memory) Sys() any                   { return nil }
