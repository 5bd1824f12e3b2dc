package postgres_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palisade.dev/store"
	"palisade.dev/store/postgres"
	"palisade.dev/store/storetest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A server of its own, as it is given a password and stopped.
func TestTheServerSaysNo(t *testing.T) {
	var db *store.DB
	parts := 0
	t.Run("while it runs", func(t *testing.T) {
		server := storetest.Postgres(t) // ends with this part
		parts++
		wrongPassword(t, server)
		var err error
		db, err = postgres.Open(t.Context(), server)
		must(t, err)
		storetest.Site(t, db, "shop")
	})
	if db == nil {
		if os.Getenv("PALISADE_SKIP_POSTGRES") == "1" {
			t.Skip("no server was wanted")
		}
		t.Fatal("nothing was opened")
	}
	t.Run("when it is gone", func(t *testing.T) {
		parts++
		for i := range 2 { // over the connections that there were, and over new ones
			_, rerr := db.SiteByName(t.Context(), "shop")
			_, lerr := db.Sites(t.Context())
			werr := db.PutSetting(t.Context(), "x", []byte("y"))
			for what, err := range map[string]error{"site shop": rerr, "reading the sites": lerr, "keeping setting x": werr} {
				if err == nil || errors.Is(err, store.ErrNotFound) || !strings.HasPrefix(err.Error(), what+": the database server cannot be reached: is it running?") {
					t.Errorf("time %d: got %v, want %s", i, err, what)
				}
			}
		}
		began := time.Now()
		must(t, db.Close())
		if took := time.Since(began); took > 5*time.Second { // what listens is between two attempts
			t.Errorf("closing took %v", took)
		}
	})
	if parts != 2 {
		t.Fatalf("only %d parts ran", parts)
	}
}

func wrongPassword(t *testing.T, server string) {
	raw := storetest.Raw(t, server)
	for _, s := range []string{`CREATE ROLE ada LOGIN PASSWORD 'lovelace-1815'`, `SELECT 1`} {
		if _, err := raw.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	u, err := url.Parse(server)
	must(t, err)
	hba := filepath.Join(u.Query().Get("host"), "data", "pg_hba.conf")
	must(t, os.WriteFile(hba, []byte("local all ada scram-sha-256\nlocal all all trust\n"), 0o600))
	_, err = raw.ExecContext(t.Context(), `SELECT pg_reload_conf()`)
	must(t, err)
	u.User = url.UserPassword("ada", "hunter2-wrong")
	for end := time.Now().Add(10 * time.Second); ; { // the server reads it when it gets to it
		db, err := postgres.Open(t.Context(), u.String())
		if err == nil {
			_ = db.Close()
			if time.Now().Before(end) {
				continue
			}
			t.Fatal("a wrong password was accepted")
		}
		if strings.Contains(err.Error(), "permission denied for schema") && time.Now().Before(end) {
			continue // it was let in without one, and may make nothing
		}
		if !strings.Contains(err.Error(), "password authentication failed") || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "lovelace") {
			t.Errorf("got %v", err)
		}
		return
	}
}
