package postgres

import (
	"testing"

	"palisade.dev/store"
	"palisade.dev/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	server := storetest.Postgres(b)
	storetest.Bench(b, func(b *testing.B) (*store.DB, func(string)) {
		dsn := storetest.Database(b, server)
		db, err := Open(b.Context(), dsn)
		if err != nil {
			b.Fatal(err)
		}
		beside := storetest.Raw(b, dsn)
		return db, func(statement string) {
			b.Helper()
			if _, err := beside.ExecContext(b.Context(), statement); err != nil {
				b.Fatal(err)
			}
		}
	})
}
