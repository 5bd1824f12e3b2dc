package tree_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"palisade.dev/scan/tree"
)

// TestBelow holds that a folder opens what its root opens, and nothing else, whichever folders it has open at the time.
func TestBelow(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for i := range 40 { // more folders than are kept open
		for j := range 3 {
			name := fmt.Sprintf("lib/%d/deep/%d.ex", i, j)
			write(filepath.Join(dir, name), name)
			names = append(names, name)
		}
	}
	write(filepath.Join(outside, "secret"), "not for a scan")
	for link, to := range map[string]string{"lib/0/beside": "../1/deep/2.ex", "lib/0/out": filepath.Join(outside, "secret"), "lib/0/up": "../../../" + filepath.Base(outside)} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	f := tree.Below(root)
	defer f.Close()
	read, err := tree.Read(context.Background(), f, tree.Limits{}, nil)
	if err != nil || len(read.Files) != len(names) {
		t.Fatalf("%d files, %v", len(read.Files), err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for _, name := range names {
				data, err := fs.ReadFile(openOnly{f}, name)
				if err != nil || string(data) != name {
					t.Errorf("%s: %q, %v", name, data, err)
				}
			}
		})
	}
	group.Wait()
	for _, name := range []string{"lib/0/beside", "lib/0/out", "lib/0/up/secret", "lib/../lib/0/deep/0.ex", "/lib/0/deep/0.ex", "lib/0/deep/", "lib//0", "lib/none/x", "."} {
		want, wrong := root.FS().Open(name)
		got, err := f.Open(name)
		if (err == nil) != (wrong == nil) {
			t.Errorf("%s: %v rather than %v", name, err, wrong)
		}
		for _, file := range []fs.File{want, got} {
			if file != nil {
				_ = file.Close()
			}
		}
	}
}

// openOnly hides the other methods, so that package fs opens files by Open.
type openOnly struct{ fs.FS }

// TestBytesAreReadOnce: a second scanner gets what the first one got, and what is no text is told as that both times.
func TestBytesAreReadOnce(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.ex")
	if err := os.WriteFile(name, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "late.bin"), append([]byte("text"), make([]byte, 8000)...), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := tree.Read(context.Background(), os.DirFS(dir), tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if data, err := read.Text("a.ex"); err != nil || string(data) != "first" {
			t.Errorf("%q, %v", data, err)
		}
		if _, err := read.Text("late.bin"); err == nil || err.Error() != tree.ErrBinary.Error() {
			t.Errorf("a file of zeros: %v", err)
		}
		if data, err := read.Bytes("late.bin"); err != nil || len(data) != 8004 {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		if err := os.WriteFile(name, []byte("second"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
