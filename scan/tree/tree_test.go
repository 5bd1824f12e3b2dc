package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"palisade.dev/scan"
)

func paths(t *Tree) []string {
	var list []string
	for _, f := range t.Files {
		list = append(list, f.Path)
	}
	return list
}

func TestWhatIsOnesOwn(t *testing.T) {
	root := fstest.MapFS{}
	for _, name := range []string{
		"mix.exs", "lib/a.ex", "lib/deps/own.ex", "deps/plug/lib/plug.ex", "_build/dev/x", "assets/node_modules/x/i.js", "assets/vendor/topbar.js",
		"vendor/modules.txt", "vendor/x/x.go", "sub/vendor/own.go", ".git/config", ".formatter.exs", "apps/a/mix.exs", "apps/a/deps/x.ex", "priv/skip/x",
	} {
		root[name] = &fstest.MapFile{Data: []byte("x")}
	}
	tr, err := Read(context.Background(), root, Limits{}, func(p string) bool { return p == "priv/skip" })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".formatter.exs", "apps/a/mix.exs", "lib/a.ex", "lib/deps/own.ex", "mix.exs", "sub/vendor/own.go"}
	if !slices.Equal(paths(tr), want) {
		t.Errorf("the project's own are %v", paths(tr))
	}
	if others := []string{"_build", "apps/a/deps", "assets/node_modules", "assets/vendor", "deps", "vendor"}; !slices.Equal(tr.Others, others) {
		t.Errorf("others' are %v", tr.Others)
	}
	if len(tr.Facts) != 1 || tr.Facts[0] != (scan.Fact{Name: "paths ignored by configuration", Value: "1"}) {
		t.Errorf("%v", tr.Facts)
	}
}

// TestHostileFolder is about links in circles and to elsewhere, pipes, folders without rights and files that are too
// large.
func TestHostileFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("lib/a.ex", "fine")
	write("lib/binary.ex", "a\x00b")
	write("lib/latin.ex", "caf\xe9")
	for link, to := range map[string]string{"lib/loop": "..", "lib/self": "self", "passwd": "/etc/passwd"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(dir, "huge.ex")); err != nil || f.Truncate(1<<30) != nil || f.Close() != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	tr, err := Read(context.Background(), root.FS(), Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"huge.ex", "lib/a.ex", "lib/binary.ex", "lib/latin.ex"}; !slices.Equal(paths(tr), want) {
		t.Errorf("files are %v", paths(tr))
	}
	if got := fmt.Sprint(tr.Facts); got != "[{symbolic links not followed 3} {devices, pipes and sockets not read 1}]" {
		t.Error(got)
	}
	for name, want := range map[string]error{"lib/a.ex": nil, "lib/latin.ex": nil, "lib/binary.ex": ErrBinary, "huge.ex": ErrLarge, "lib": ErrPlain} {
		if _, err := tr.Text(name); !errors.Is(err, want) {
			t.Errorf("%s gives %v, want %v", name, err, want)
		}
	}
	if _, err := tr.Bytes("passwd"); err == nil {
		t.Error("a link out of the folder was followed")
	}
	if _, err := tr.Bytes("absent"); fmt.Sprint(err) != "no such file or directory" {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	root := fstest.MapFS{strings.Repeat("d/", 6) + "deep": {Data: []byte("x")}}
	for i := range 50 {
		root[fmt.Sprintf("f%02d", i)] = &fstest.MapFile{Data: []byte("x")}
	}
	tr, err := Read(context.Background(), root, Limits{Depth: 4}, nil)
	if err != nil || len(tr.Files) != 50 || len(tr.Gaps) != 1 || tr.Gaps[0] != (scan.Gap{Where: "d/d/d/d/d", Why: "it lies more than 4 folders deep"}) {
		t.Errorf("%d files, %v, %v", len(tr.Files), tr.Gaps, err)
	}
	tr, err = Read(context.Background(), root, Limits{Files: 20}, nil)
	if err != nil || len(tr.Gaps) != 1 || !strings.HasPrefix(tr.Gaps[0].Why, "the folder holds more than 20 entries") {
		t.Errorf("%v, %v", tr.Gaps, err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(gone, root, Limits{}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// closed is a folder of which a part cannot be opened.
type closed struct{ fstest.MapFS }

func (c closed) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "shut" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return c.MapFS.ReadDir(name)
}

func TestWhatCannotBeOpenedIsAGap(t *testing.T) {
	tr, err := Read(context.Background(), closed{fstest.MapFS{"shut/x": {}, "a": {}}}, Limits{}, nil)
	if err != nil || len(tr.Files) != 1 || len(tr.Gaps) != 1 || tr.Gaps[0] != (scan.Gap{Where: "shut", Why: "it could not be opened: permission denied"}) {
		t.Errorf("%v %v %v", tr.Files, tr.Gaps, err)
	}
}

func TestEach(t *testing.T) {
	var items []string
	for i := range 500 {
		items = append(items, fmt.Sprintf("%03d", i))
	}
	work := func(_ context.Context, s string) scan.Part {
		if s == "077" {
			panic("a fault of ours")
		}
		return scan.Part{Findings: []scan.Finding{{Key: s}}, Read: 1}
	}
	part, err := Each(context.Background(), items, func(s string) string { return s }, work)
	if err != nil || part.Read != 499 || len(part.Gaps) != 1 || part.Gaps[0].Where != "077" || !strings.Contains(part.Gaps[0].Why, "(please report it): a fault of ours at tree/tree_test.go:") {
		t.Errorf("%d read, %v, %v", part.Read, part.Gaps, err)
	}
	if !slices.IsSortedFunc(part.Findings, func(a, b scan.Finding) int { return strings.Compare(a.Key, b.Key) }) {
		t.Error("findings are not in the order of the files")
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Each(gone, items, func(s string) string { return s }, work); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
