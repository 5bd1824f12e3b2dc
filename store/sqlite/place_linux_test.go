package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"palisade.dev/store"
	"palisade.dev/store/sqlite"
	"palisade.dev/store/storetest"
)

// A disk that takes no more, a folder of someone else: these belong to a whole process, so the test starts itself as a child
// that plays its part and says on stdout what it met.
const placeEnv = "PALISADE_SQLITE_PLACE"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path)
	must(t, err)
	return db
}

// child runs one test of this program in a process of its own.
func child(t *testing.T, as *syscall.SysProcAttr, env ...string) string {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env, c.SysProcAttr = append(os.Environ(), env...), as
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("the child: %v\n%s", err, out)
	}
	return string(out)
}

// fill appends until it is refused, and says what was kept and why no more is.
func fill(db *store.DB, site string, out io.Writer) int {
	for n := 1; ; n++ {
		w := store.EventWrite{Site: site, Segments: []store.Segment{{Day: 1, ID: int64(n), First: 86_400_000_000, Last: 86_400_000_001, Body: make([]byte, 20_000)}}}
		if err := db.AppendEvents(context.Background(), []store.EventWrite{w}); err != nil {
			fmt.Fprintf(out, "kept=%d error=%v\n", n-1, err)
			return n - 1
		}
	}
}

func kept(t *testing.T, db *store.DB, site string, want int) {
	t.Helper()
	for id := range want + 1 {
		b, err := db.SegmentBody(context.Background(), site, 1, int64(id+1))
		if err != nil || (b != nil) != (id < want) {
			t.Errorf("segment %d of %d: there %v, %v", id+1, want, b != nil, err)
		}
	}
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

// The file may not grow beyond what its user is granted, as with a quota.
func TestAFileThatMayNotGrow(t *testing.T) {
	if path := os.Getenv(placeEnv); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		db := open(t, path)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		n := fill(db, "site-shop", os.Stdout)
		kept(t, db, "site-shop", n) // reading goes on
		os.Exit(0)                  // without closing: what was confirmed must not need that
	}
	path := filepath.Join(t.TempDir(), "palisade.db")
	db := open(t, path)
	site := storetest.Site(t, db, "shop")
	must(t, db.Close())
	out := child(t, nil, placeEnv+"="+path)
	before, reason, _ := strings.Cut(out, " error=")
	n, err := strconv.Atoi(strings.TrimPrefix(before, "kept="))
	if err != nil || n < 10 || !strings.Contains(reason, "keeping events: the disk refused a write") || !strings.Contains(reason, "quota") {
		t.Fatalf("the child said %q", out)
	}
	db = open(t, path)
	defer db.Close()
	kept(t, db, site, n)
	must(t, db.PutSetting(t.Context(), "x", []byte("it may grow again")))
}

// A real disk that fills up, where this user may make one: in a space of its own, so that nothing is left behind.
func TestADiskThatFillsUp(t *testing.T) {
	if dir := os.Getenv(placeEnv); dir != "" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
			t.Fatal(err)
		}
		db := open(t, filepath.Join(dir, "palisade.db"))
		site := storetest.Site(t, db, "shop")
		ballast := filepath.Join(dir, "ballast")
		must(t, os.WriteFile(ballast, make([]byte, 1<<20), 0o600))
		n := fill(db, site, os.Stdout)
		kept(t, db, site, n)
		must(t, os.Remove(ballast))
		must(t, db.PutSetting(t.Context(), "x", []byte("there is room again")))
		must(t, db.Close())
		db = open(t, filepath.Join(dir, "palisade.db"))
		kept(t, db, site, n)
		must(t, db.Close())
		return
	}
	as := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	if os.Geteuid() == 0 {
		as = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS}
	}
	probe := exec.Command("true")
	probe.SysProcAttr = as
	if err := probe.Run(); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENOSPC) {
		t.Logf("this user may mount no disk (%v): TestAFileThatMayNotGrow alone speaks for full ones", err)
		return
	}
	out := child(t, as, placeEnv+"="+t.TempDir())
	if !strings.HasPrefix(out, "kept=") || strings.HasPrefix(out, "kept=0 ") || !strings.Contains(out, "keeping events: the disk is full: make room; nothing that was confirmed is lost") {
		t.Fatalf("the child said %q", out)
	}
}

// A user who may not write where the database is, or is to be.
func TestAFolderOfSomeoneElse(t *testing.T) {
	const nobody = 65534
	if path := os.Getenv(placeEnv); path != "" {
		if os.Geteuid() == 0 {
			must(t, syscall.Setgroups(nil))
			must(t, syscall.Setgid(nobody))
			must(t, syscall.Setuid(nobody))
		}
		db, err := sqlite.Open(t.Context(), path)
		if err == nil {
			err = db.PutSetting(t.Context(), "x", []byte("y"))
		}
		fmt.Printf("error=%v\n", err)
		return
	}
	cases := []struct {
		name         string
		exists       bool
		folder, file os.FileMode
		want         string
	}{
		{"no database there yet", false, 0o555, 0, "permission denied; check who owns it and its folder"},
		{"a file that may only be read", true, 0o777, 0o444, "permission denied; check who owns it and its folder"},
		{"a folder that may only be read", true, 0o555, 0o666, "check who owns its file and folder"},
		{"a folder above that may only be read", false, 0, 0, "making the data folder: mkdir"},
	}
	for _, c := range cases {
		// Not t.TempDir, whose parent is closed to others.
		dir, err := os.MkdirTemp("", "palisade-place-")
		must(t, err)
		t.Cleanup(func() {
			_ = os.Chmod(dir, 0o700)
			_ = os.RemoveAll(dir)
		})
		path := filepath.Join(dir, "palisade.db")
		if c.exists {
			must(t, open(t, path).Close())
			must(t, os.Chmod(path, c.file))
		}
		if c.folder == 0 {
			c.folder, path = 0o555, filepath.Join(dir, "data", "palisade.db")
		}
		must(t, os.Chmod(dir, c.folder))
		out := child(t, nil, placeEnv+"="+path)
		if !strings.Contains(out, c.want) || !strings.Contains(out, dir) || strings.Contains(out, "move it away") {
			t.Errorf("%s: the child said %q, want %q", c.name, out, c.want)
		}
	}
	if len(cases) < 4 {
		t.Fatalf("only %d cases", len(cases))
	}
}
