package postgres

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/store"
	"palisade.dev/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, Open) }

func open(t testing.TB, dsn string) *store.DB {
	t.Helper()
	db, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// All of it is one test, so that one server serves all.
func TestPostgreSQL(t *testing.T) {
	server := storetest.Postgres(t)
	t.Run("promises", func(t *testing.T) {
		dsn := storetest.Database(t, server)
		storetest.Run(t, func(t *testing.T) *store.DB {
			db := open(t, dsn)
			empty(t, dsn)
			return db
		})
	})
	parts := 0
	for name, f := range map[string]func(t *testing.T, dsn string){
		"nothing confirmed is lost with the process":   crash,
		"a newer database is refused":                  newer,
		"several may start at once":                    atOnce,
		"back ends hear of each other's changes":       hear,
		"a lost connection is made again":              again,
		"two back ends put one ban on a subject":       twoBackEnds,
		"a backup is pg_dump's":                        backup,
		"who goes away in the middle confirms nothing": goesAway,
	} {
		t.Run(name, func(t *testing.T) {
			parts++
			f(t, storetest.Database(t, server))
		})
	}
	if parts < 8 {
		t.Fatalf("only %d parts ran", parts)
	}
}

// empty deletes all rows, which is quicker than to make the tables anew for each promise.
func empty(t *testing.T, dsn string) {
	t.Helper()
	db := storetest.Raw(t, dsn)
	names, err := tables(t.Context(), db)
	if err != nil || len(names) < 10 {
		t.Fatalf("tables %v, %v", names, err)
	}
	for _, n := range names {
		if n == "goose_db_version" {
			continue
		}
		if _, err := db.ExecContext(t.Context(), "DELETE FROM "+n); err != nil {
			t.Fatal(err)
		}
	}
}

func crash(t *testing.T, dsn string) {
	storetest.Crash(t, dsn, func(t testing.TB) *store.DB { return open(t, dsn) })
}

func newer(t *testing.T, dsn string) {
	if err := open(t, dsn).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Raw(t, dsn).ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dsn); err == nil || !strings.Contains(err.Error(), "newer Palisade (tables 99") {
		t.Fatalf("got %v", err)
	}
}

func atOnce(t *testing.T, dsn string) {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			db, err := Open(t.Context(), dsn)
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// listening gives what a back end is told of. It hears once its connection is there, so the first word is waited for with
// changes made until it comes.
func listening(t *testing.T, db, other *store.DB, site string) <-chan string {
	t.Helper()
	told := make(chan string, 1000)
	db.OnChange(func(site string, revision uint64) { told <- fmt.Sprint(site, " ", revision) })
	wake(t, other, site, told)
	return told
}

func wake(t *testing.T, other *store.DB, site string, told <-chan string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if err := other.Touch(t.Context(), "nothing", "test", 1); err != nil {
			t.Fatal(err)
		}
		select {
		case <-told:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("nothing was heard for 20 s")
}

func hear(t *testing.T, dsn string) {
	a, b := open(t, dsn), open(t, dsn)
	defer a.Close()
	defer b.Close()
	site := storetest.Site(t, a, "shop")
	told := listening(t, b, a, site)
	if _, err := a.ImposeBan(t.Context(), store.Ban{ID: "1", Site: site, Subject: "192.0.2.1", Created: 1}, func(int) int64 { return 0 }); err != nil {
		t.Fatal(err)
	}
	s, err := a.SiteByID(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	for want := fmt.Sprint(site, " ", s.Revision); ; {
		select {
		case got := <-told:
			if got == want {
				return
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("never told of %s", want)
		}
	}
}

func again(t *testing.T, dsn string) {
	a, b := open(t, dsn), open(t, dsn)
	defer a.Close()
	defer b.Close()
	site := storetest.Site(t, a, "shop")
	told := listening(t, b, a, site)
	// Everyone's listening connection is cut, ours among them.
	if _, err := storetest.Raw(t, dsn).ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN `+channel+`'`); err != nil {
		t.Fatal(err)
	}
	for len(told) > 0 {
		<-told
	}
	wake(t, a, site, told)
}

func twoBackEnds(t *testing.T, dsn string) {
	a, b := open(t, dsn), open(t, dsn)
	defer a.Close()
	defer b.Close()
	site := storetest.Site(t, a, "shop")
	const subjects, each = 20, 4
	var all sync.WaitGroup
	for i := range subjects * each {
		all.Go(func() {
			db := []*store.DB{a, b}[i/subjects%2]
			subject := fmt.Sprintf("192.0.2.%d", i%subjects)
			if _, err := db.ImposeBan(t.Context(), store.Ban{ID: fmt.Sprintf("%04d", i), Site: site, Subject: subject, Created: 1}, func(int) int64 { return 0 }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n, err := a.CountBans(t.Context(), site, 2)
	if err != nil || n != subjects {
		t.Fatalf("%d bans on %d subjects, %v", n, subjects, err)
	}
	changes, err := a.Changes(t.Context(), site, 0, 1000)
	if err != nil || len(changes) != subjects {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
}

func backup(t *testing.T, dsn string) {
	db := open(t, dsn)
	defer db.Close()
	if err := db.BackupTo(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "pg_dump") {
		t.Fatalf("got %v", err)
	}
}

// The server goes away under a write: it is an error that says what was tried, and later writes find it again.
func goesAway(t *testing.T, dsn string) {
	db := open(t, dsn)
	defer db.Close()
	site := storetest.Site(t, db, "shop")
	raw := storetest.Raw(t, dsn)
	raw.SetMaxOpenConns(1)
	_, err := db.ImposeBan(t.Context(), store.Ban{ID: "1", Site: site, Subject: "192.0.2.1", Created: 1}, func(int) int64 {
		if _, err := raw.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'`); err != nil {
			t.Error(err)
		}
		return 0
	})
	if err == nil || !strings.Contains(err.Error(), "banning 192.0.2.1") {
		t.Fatalf("got %v", err)
	}
	if _, err := db.ImposeBan(t.Context(), store.Ban{ID: "2", Site: site, Subject: "192.0.2.2", Created: 1}, func(int) int64 { return 0 }); err != nil {
		t.Fatal(err)
	}
	s, err := db.SiteByID(t.Context(), site)
	if n, cerr := db.CountBans(t.Context(), site, 2); err != nil || cerr != nil || n != 1 || s.Revision != 2 {
		t.Fatalf("%d bans at revision %d, %v, %v", n, s.Revision, err, cerr)
	}
}

// An address may hold a password; no error shows it.
func TestNoErrorShowsThePassword(t *testing.T) {
	dir := t.TempDir()
	cases := []struct{ dsn, want string }{
		{"postgres://ada:hunter2@/x?host=" + dir, "connecting to PostgreSQL at " + dir},
		{"postgres://ada:hunter2@[::1/x", "want postgres://user:password@host/name"},
		{"postgres://ada:hunter2@/x?host=" + dir + "&sslmode=perhaps", "connecting to PostgreSQL"},
		{"postgres://ada:hunter2@/hunter2?host=" + dir, "connecting to PostgreSQL"},
		{"user=ada password=hunter2 port=hunter2", "want postgres://user:password@host/name"},
	}
	for _, c := range cases {
		_, err := Open(t.Context(), c.dsn)
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
