package cli

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/store/postgres"
	"palisade.dev/store/storetest"
)

// TestDumpLines types the lines: what was there when the first was typed is there again after the second.
func TestDumpLines(t *testing.T) {
	database := storetest.Database(t, storetest.Postgres(t))
	db, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Site(t, db, "shop")
	_ = db.Close()
	raw := storetest.Raw(t, database)
	file := filepath.Join(t.TempDir(), "it's a copy.dump")
	for _, x := range []struct {
		tool string
		line func(dump) string
	}{
		{"pg_dump", func(d dump) string { return d.save(file) }},
		{"pg_restore", func(d dump) string { return d.load(file) }},
	} {
		err := ownTool(database, "", "", x.line)
		if !errors.As(err, new(misuse)) {
			t.Fatalf("%v", err)
		}
		_, line, _ := strings.Cut(err.Error(), "\n  ")
		if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil || !strings.HasPrefix(line, x.tool) {
			t.Fatalf("%s\n%v\n%s", line, err, out)
		}
		if x.tool == "pg_dump" {
			if _, err := raw.ExecContext(t.Context(), `DELETE FROM site`); err != nil {
				t.Fatal(err)
			}
		}
	}
	var name string
	if err := raw.QueryRowContext(t.Context(), `SELECT name FROM site`).Scan(&name); err != nil || name != "shop" {
		t.Errorf("after restoring: %q, %v", name, err)
	}
}

func TestDumpHasNoSecrets(t *testing.T) {
	cases := 0
	for database, want := range map[string]string{
		"postgres://ada:hunter2@db/x":                                        "postgres://ada@db/x",
		"postgresql://db/x?user=ada&password=hunter2":                        "postgresql://db/x?user=ada",
		"postgres://ada@/x?host=/run/a%20b&sslkey=k&sslpassword=hunter2":     "postgres://ada@/x?host=%2Frun%2Fa%20b&sslkey=k",
		"postgres://ada:hunter2@db/x?default_query_exec_mode=exec#hunter2":   "postgres://ada@db/x",
		"postgres://a'b:hunter2@[::1]:5432/x?sslmode=verify-full&timezone=x": "postgres://a%27b@[::1]:5432/x?sslmode=verify-full",
	} {
		d, err := newDump(database)
		if err != nil || d.address != want && d.address != strings.ReplaceAll(want, "%27", "'") {
			t.Errorf("%s: %q, %v", database, d.address, err)
		}
		cases++
	}
	if cases < 5 {
		t.Errorf("only %d cases ran", cases)
	}
	if _, err := newDump("ada password=hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
