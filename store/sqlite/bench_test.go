package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"

	"palisade.dev/store"
	"palisade.dev/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(b *testing.B) (*store.DB, func(string)) {
		path := filepath.Join(b.TempDir(), "palisade.db")
		db, err := Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		return db, func(statement string) {
			b.Helper()
			beside, err := sql.Open("sqlite", path)
			if err != nil {
				b.Fatal(err)
			}
			defer beside.Close()
			if _, err := beside.ExecContext(b.Context(), statement); err != nil {
				b.Fatal(err)
			}
		}
	})
}
