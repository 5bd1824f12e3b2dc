package tree

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"sync"
)

// Folder reads below a root as [os.Root.FS] does, and keeps the folders of the last files open. A root goes down every path
// anew, so that nobody can lead it out: for a file of a Phoenix application that is six calls of the system rather than one.
type Folder struct {
	fs.FS
	root *os.Root

	mu   sync.Mutex
	open []below // the last one asked for is last
}

type below struct {
	dir  string
	root *os.Root
}

// mostOpen is how many folders are kept: for each core one, and those above it that are come back to.
const mostOpen = 16

// Below gives the files of a root. Close it before the root.
func Below(root *os.Root) *Folder { return &Folder{FS: root.FS(), root: root} }

// Open opens a file or folder. What its folder alone will not open, as a link to somewhere else below the root, is the
// root's to decide.
func (f *Folder) Open(name string) (fs.File, error) {
	if dir, base := path.Split(name); dir != "" && fs.ValidPath(name) {
		if r := f.at(dir[:len(dir)-1]); r != nil {
			if file, err := r.Open(base); err == nil {
				return file, nil
			}
		}
	}
	return f.FS.Open(name)
}

// ReadDir, ReadFile and Stat are for package fs, which would open the file for them.

func (f *Folder) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.FS, name) }
func (f *Folder) ReadFile(name string) ([]byte, error)       { return fs.ReadFile(f.FS, name) }
func (f *Folder) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(f.FS, name) }

// at gives a folder, opened now if need be. One that is closed by now, since others were asked for, opens nothing.
func (f *Folder) at(dir string) *os.Root {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.open) - 1; i >= 0; i-- {
		if f.open[i].dir == dir {
			return f.open[i].root
		}
	}
	r, err := f.root.OpenRoot(dir)
	if err != nil {
		return nil
	}
	if len(f.open) == mostOpen {
		_ = f.open[0].root.Close()
		f.open = slices.Delete(f.open, 0, 1)
	}
	f.open = append(f.open, below{dir, r})
	return r
}

// Close lets the folders go.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.open {
		_ = b.root.Close()
	}
	f.open = nil
	return nil
}
