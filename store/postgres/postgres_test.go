package postgres

import (
	"testing"

	"palisade.dev/store"
	"palisade.dev/store/storetest"
)

func open(t testing.TB, dsn string) *store.DB {
	t.Helper()
	db, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestPromises(t *testing.T) {
	server := storetest.Postgres(t)
	storetest.Run(t, func(t *testing.T) *store.DB { return open(t, storetest.Database(t, server)) })
}
