package main

import (
	"database/sql"
	"net/http"
	"os/exec"
)

func handler(w http.ResponseWriter, r *http.Request, db *sql.DB) {
	rows, err := db.QueryContext(r.Context(), "SELECT name FROM items")
	if err == nil {
		rows.Close()
	}
	req, _ := http.NewRequestWithContext(r.Context(), "GET", "https://example.com", nil)
	_, _ = http.DefaultClient.Do(req)
	_ = exec.CommandContext(r.Context(), "convert").Run()
	after := func() { _, _ = db.Exec("UPDATE items SET seen = 1") }
	after()
}

func migrate(db *sql.DB) error {
	_, err := db.Exec("CREATE TABLE items (name TEXT)")
	return err
}
