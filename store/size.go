package store

import (
	"context"
	"fmt"
)

// Size is how many bytes the database takes, with what it has free within.
func (db *DB) Size(ctx context.Context) (n int64, err error) {
	if db.dialect == PostgreSQL {
		err = db.read.QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&n)
		return n, one(err, "the database's size")
	}
	var pages, each int64
	if err := db.read.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
		return 0, fmt.Errorf("the database's size: %w", explain(err))
	}
	err = db.read.QueryRowContext(ctx, `PRAGMA page_size`).Scan(&each)
	return pages * each, one(err, "the database's size")
}
