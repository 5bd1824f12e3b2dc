package sqlite

import (
	"path/filepath"
	"testing"

	"palisade.dev/store"
	"palisade.dev/store/storetest"
)

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
