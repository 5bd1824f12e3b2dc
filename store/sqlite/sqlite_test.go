package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"palisade.dev/store"
	"palisade.dev/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, Open) }

func open(t testing.TB, path string) *store.DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.DB { return open(t, filepath.Join(t.TempDir(), "palisade.db")) })
}

func TestNothingConfirmedIsLostWithTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "palisade.db")
	storetest.Crash(t, path, func(t testing.TB) *store.DB { return open(t, path) })
}

// raw opens the file as any program would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// Each of these must be refused before anything is written to it, in words that say what to do.
func TestRefusesToOpen(t *testing.T) {
	cases := []struct {
		name string
		make func(t *testing.T, path string)
		want []string
	}{
		{"a newer database", func(t *testing.T, path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			exec(t, raw(t, path), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
		}, []string{"newer Palisade", "tables 99", "upgrade this program"}},
		{"a text file", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("dear diary\n", 500)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"not a database", "move it away"}},
		{"another program's database", func(t *testing.T, path string) {
			exec(t, raw(t, path), `CREATE TABLE bookmark (url TEXT)`)
		}, []string{"another program's", "a file or folder of its own"}},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, []string{"is a directory", "check who owns it"}},
		{"a database cut short", func(t *testing.T, path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, 5000); err != nil {
				t.Fatal(err)
			}
		}, []string{"malformed", "restore a backup"}},
	}
	ran := 0
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ran++
			path := filepath.Join(t.TempDir(), "palisade.db")
			c.make(t, path)
			before, _ := os.ReadFile(path)
			db, err := Open(t.Context(), path)
			if err == nil {
				_ = db.Close()
				t.Fatal("it was opened")
			}
			for _, w := range append(c.want, path) {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
	if ran < 5 {
		t.Fatalf("only %d cases ran", ran)
	}
}

func TestMakesWhatIsMissing(t *testing.T) {
	// Characters that mean something in a connection string.
	path := filepath.Join(t.TempDir(), "data of a & b?x=1#2%41", "p a.db")
	db := open(t, path)
	storetest.Site(t, db, "shop")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s is %v, want %v", file, info.Mode(), want)
		}
	}
	db = open(t, path)
	defer db.Close()
	if _, err := db.SiteByName(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
}

func TestSeveralMayStartAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "palisade.db")
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			db, err := Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.PutSetting(t.Context(), "x", []byte("y")); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestAFullDiskIsSaidAndLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "palisade.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	// The database is told that it has as many pages as it may have.
	write, err := connect(path, 1, append(slices.Clone(pragmas), "max_page_count(80)")...)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.New(t.Context(), store.Driver{Dialect: store.SQLite, Read: write, Write: write})
	if err != nil {
		t.Fatal(err)
	}
	site := storetest.Site(t, db, "shop")
	var kept, refusals int
	var mu sync.Mutex
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 30 {
				err := db.AppendEvents(t.Context(), []store.EventWrite{{Site: site, Segments: []store.Segment{{Day: int32(w), ID: int64(i + 1), Body: make([]byte, 3000)}}}})
				mu.Lock()
				if err == nil {
					kept++
				} else if refusals++; !strings.Contains(err.Error(), "keeping events: the disk is full: make room") {
					t.Errorf("%v", err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if kept == 0 || refusals == 0 {
		t.Fatalf("%d kept, %d refused", kept, refusals)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	defer db.Close()
	have := 0
	for day := range int32(4) {
		for id := range int64(30) {
			b, err := db.SegmentBody(t.Context(), site, day, id+1)
			if err != nil {
				t.Fatal(err)
			}
			if b != nil {
				have++
			}
		}
	}
	if have < kept {
		t.Fatalf("%d of %d are there", have, kept)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.PutSetting(t.Context(), "x", []byte("there is room again")); err != nil {
		t.Fatal(err)
	}
}

func TestAReadOnlyFileIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "palisade.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	write, err := connect(path, 1, append(slices.Clone(pragmas), "query_only(1)")...)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.New(t.Context(), store.Driver{Dialect: store.SQLite, Read: write, Write: write})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.PutSetting(t.Context(), "x", []byte("y"))
	if err == nil || !strings.Contains(err.Error(), "keeping setting x: the database cannot be written: check who owns its file and folder") {
		t.Fatalf("got %v", err)
	}
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "palisade.db"))
	defer db.Close()
	site := storetest.Site(t, db, "shop")
	// It is in use meanwhile: what is in the copy must be of one moment.
	ctx, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	busy.Go(func() {
		for ctx.Err() == nil {
			if err := db.PutRule(ctx, store.Rule{ID: "r", Site: site, Name: "r", Body: "{}"}); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	to := filepath.Join(dir, "copy.db")
	err := db.BackupTo(t.Context(), to)
	stop()
	busy.Wait()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(to)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if _, err := os.Stat(to + ".part"); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the part is left: %v", err)
	}
	if err := db.BackupTo(t.Context(), to); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Fatalf("a backup was written over: %v", err)
	}
	if err := db.BackupTo(t.Context(), filepath.Join(dir, "none", "copy.db")); err == nil || !strings.Contains(err.Error(), "backing up") {
		t.Fatalf("got %v", err)
	}
	again := open(t, to)
	defer again.Close()
	if err := again.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := again.SiteByName(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	changes, err := again.Changes(t.Context(), site, 0, 1<<20)
	if err != nil || uint64(len(changes)) != s.Revision-1 {
		t.Fatalf("%d changes at revision %d, %v", len(changes), s.Revision, err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "palisade.db")
	db := open(t, path)
	site := storetest.Site(t, db, "shop")
	for i := range 400 { // more pages than the tables have when they are empty: those are read when it is opened
		if err := db.PutRule(t.Context(), store.Rule{ID: string(rune('a' + i)), Site: site, Name: strings.Repeat("n", i+1), Body: "{}"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for at := info.Size() * 3 / 4; at < info.Size()-4096; at += 4096 { // the later half of each page
		if _, err := f.WriteAt([]byte(strings.Repeat("\xee", 2000)), at/4096*4096+2048); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	defer db.Close()
	if err := db.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "restore a backup") {
		t.Fatalf("got %v", err)
	}
}

// Who can write to the file can change the log, but not without its showing.
func TestAuditLogShowsTampering(t *testing.T) {
	cases := []struct{ name, statement, want string }{
		{"an entry rewritten", `UPDATE audit SET author = 'grace' WHERE n = 2`, "entry 2"},
		{"an entry taken out", `DELETE FROM audit WHERE n = 2`, "entry 2 is missing"},
		{"the end cut off", `DELETE FROM audit WHERE n >= 2`, "entries 2 to 3 are missing"},
		{"the end cut off and the head set back", `DELETE FROM audit WHERE n = 3; UPDATE audit_head SET n = 2`, "the last entry is not the one"},
		{"the head taken away", `DELETE FROM audit_head`, "its head is missing"},
		{"two entries exchanged", `UPDATE audit SET n = 9 WHERE n = 1; UPDATE audit SET n = 1 WHERE n = 2; UPDATE audit SET n = 2 WHERE n = 9`, "entry 1"},
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "palisade.db")
			db := open(t, path)
			defer db.Close()
			for i := range 3 {
				if err := db.Note(t.Context(), store.Audited{At: int64(i), Author: "ada", Action: "noting", Subject: "x"}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := db.VerifyAudit(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			exec(t, raw(t, path), c.statement)
			if _, err := db.VerifyAudit(t.Context(), nil); !errors.Is(err, store.ErrTampered) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if len(cases) < 5 {
		t.Errorf("%d cases", len(cases))
	}
}
