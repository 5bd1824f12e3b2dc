// Package tree reads a folder once, for every scanner: which files are there and which of them are somebody else's. It
// never follows a symbolic link, never leaves its root and never trusts a size: what is too large, too many or no plain
// file is told as a gap or a fact and not read.
package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"palisade.dev/scan"
)

// Limits bound what a hostile folder can cost. A field of 0 takes the default.
type Limits struct {
	Files int   // files and folders met
	Bytes int64 // of one file that is read whole
	Depth int   // folders within folders
}

// The defaults: a million entries are walked in about two seconds; the largest source file met in thirty public
// applications has 1.9 MB, the largest lock file 2.4 MB.
const (
	DefaultFiles = 1_000_000
	DefaultBytes = 16 << 20
	DefaultDepth = 200
)

// Errors of [Tree.Bytes] and [Tree.Text].
var (
	ErrLarge  = errors.New("it is larger than the limit for one file")
	ErrBinary = errors.New("it holds bytes that no text holds")
	ErrPlain  = errors.New("it is no plain file")
)

// File is a file of the project.
type File struct {
	Path string // below the root, with forward slashes
	Size int64
}

// Base is the last element of the path.
func (f File) Base() string { return path.Base(f.Path) }

// Ext is the file's ending with its dot, in lower case.
func (f File) Ext() string { return strings.ToLower(path.Ext(f.Path)) }

// Tree is a folder that was walked.
type Tree struct {
	Files  []File      // of the project, in the order of their paths
	Others []string    // folders of other people's code, which are not among the files: deps, node_modules, vendor
	Gaps   []scan.Gap  // what could not be walked
	Facts  []scan.Fact // what was left out on purpose
	limits Limits
	root   fs.FS

	mu   sync.Mutex
	kept map[string][]byte // what was read, for the next scanner
	room int               // for more of it
}

// mostKept is how much of what was read is kept: the texts of the largest of thirty public applications have 20 MB.
const mostKept = 24 << 20

// Read walks a folder. The paths that ignore says yes to are left out and counted; it may be nil.
func Read(ctx context.Context, root fs.FS, l Limits, ignore func(path string) bool) (*Tree, error) {
	if l.Files == 0 {
		l.Files = DefaultFiles
	}
	if l.Bytes == 0 {
		l.Bytes = DefaultBytes
	}
	if l.Depth == 0 {
		l.Depth = DefaultDepth
	}
	t := &Tree{root: root, limits: l, kept: map[string][]byte{}, room: mostKept}
	met, links, special, ignored := 0, 0, 0, 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			if name == "." {
				return err
			}
			t.gap(name, "it could not be opened: "+reason(err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if met++; met > l.Files {
			t.gap(name, fmt.Sprintf("the folder holds more than %d entries; the rest was not walked", l.Files))
			return fs.SkipAll
		}
		if name != "." && ignore != nil && ignore(name) {
			ignored++
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case d.IsDir():
			if strings.Count(name, "/")+1 > l.Depth {
				t.gap(name, fmt.Sprintf("it lies more than %d folders deep", l.Depth))
				return fs.SkipDir
			}
			if hidden[d.Name()] {
				return fs.SkipDir
			}
			if t.foreign(name) {
				t.Others = append(t.Others, name)
				return fs.SkipDir
			}
		case d.Type()&fs.ModeSymlink != 0:
			links++
		case !d.Type().IsRegular():
			special++
		default:
			file := File{Path: name}
			if info, err := d.Info(); err == nil {
				file.Size = info.Size()
			}
			t.Files = append(t.Files, file)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("walking the folder: %w", err)
	}
	slices.SortFunc(t.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	for _, fact := range []struct {
		name string
		n    int
	}{{"symbolic links not followed", links}, {"devices, pipes and sockets not read", special}, {"paths ignored by configuration", ignored}} {
		if fact.n > 0 {
			t.Facts = append(t.Facts, scan.Fact{Name: fact.name, Value: fmt.Sprint(fact.n)})
		}
	}
	return t, nil
}

func (t *Tree) gap(where, why string) { t.Gaps = append(t.Gaps, scan.Gap{Where: where, Why: why}) }

// hidden are folders that tools keep for themselves.
var hidden = map[string]bool{".git": true, ".hg": true, ".svn": true, ".elixir_ls": true, ".lexical": true, ".expert": true, ".nix-mix": true, ".nix-hex": true}

// foreign says whether a folder holds what a package manager put there. A name alone is not enough where people use it
// for their own code, as lib/shop/deps: then the file that the manager reads has to stand beside it.
func (t *Tree) foreign(name string) bool {
	dir := path.Dir(name)
	switch path.Base(name) {
	case "node_modules":
		return true
	case "deps", "_build":
		return t.Has(path.Join(dir, "mix.exs"))
	case "vendor":
		return t.Has(path.Join(name, "modules.txt")) || path.Base(dir) == "assets"
	}
	return false
}

// Has says whether there is such a file, of the project or of others.
func (t *Tree) Has(name string) bool {
	info, err := fs.Stat(t.root, name)
	return err == nil && info.Mode().IsRegular()
}

// FS is the folder itself, for what lies outside the files of the project.
func (t *Tree) FS() fs.FS { return t.root }

// Bytes reads a file whole. All scanners that ask for it get the same bytes, and none may change them.
func (t *Tree) Bytes(name string) ([]byte, error) { return t.read(name, false) }

// Text reads a file that people write. Its bytes are given as they are, so that offsets hold: a mark of the byte order
// and carriage returns are the reader's to skip.
func (t *Tree) Text(name string) ([]byte, error) {
	data, err := t.read(name, true)
	if err == nil && bytes.IndexByte(data, 0) >= 0 {
		return nil, ErrBinary
	}
	return data, err
}

func (t *Tree) read(name string, text bool) ([]byte, error) {
	t.mu.Lock()
	data, ok := t.kept[name]
	t.mu.Unlock()
	if ok {
		return data, nil
	}
	data, err := t.load(name, text)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(data) <= t.room {
		t.room -= len(data)
		t.kept[name] = data
	}
	return data, nil
}

// head is as much of a file as shows, for most that are none, that it is no text.
const head = 4 << 10

func (t *Tree) load(name string, text bool) ([]byte, error) {
	f, err := t.root.Open(name)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, errors.New(reason(err))
	case !info.Mode().IsRegular():
		return nil, ErrPlain
	case info.Size() > t.limits.Bytes:
		return nil, ErrLarge
	}
	// A file may grow while it is read, and some file systems say 0 for a size.
	data := make([]byte, 0, info.Size()+1)
	for {
		to := cap(data)
		if text && len(data) == 0 {
			to = min(to, head)
		}
		n, err := f.Read(data[len(data):to])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > t.limits.Bytes:
			return nil, ErrLarge
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, errors.New(reason(err))
		case text && n == len(data) && bytes.IndexByte(data, 0) >= 0:
			return nil, ErrBinary
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// reason takes the path out of an error of the file system, since it is told beside it.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
