package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"palisade.dev/config"
	"palisade.dev/store"
	"palisade.dev/store/postgres"
	"palisade.dev/store/sqlite"
)

// databaseFile is the database in the data folder.
const databaseFile = "palisade.db"

// openStore opens the database that a configuration names.
func openStore(ctx context.Context, c *config.Config) (*store.DB, error) {
	switch {
	case c.Database == "":
		return sqlite.Open(ctx, filepath.Join(c.Data, databaseFile))
	case strings.HasPrefix(c.Database, "postgres://"), strings.HasPrefix(c.Database, "postgresql://"):
		return postgres.Open(ctx, c.Database)
	}
	return nil, misuse{fmt.Errorf("database: want postgres://user@host/name, or nothing for SQLite in the data folder")}
}
