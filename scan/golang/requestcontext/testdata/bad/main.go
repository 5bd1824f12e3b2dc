package main

import (
	"database/sql"
	"net/http"
	"os/exec"
)

func handler(w http.ResponseWriter, r *http.Request, db *sql.DB) {
	rows, err := db.Query("SELECT name FROM items") // want "nobody waits for it"
	if err == nil {
		rows.Close()
	}
	req, _ := http.NewRequest("GET", "https://example.com", nil) // want "nobody waits"
	_, _ = http.DefaultClient.Do(req)
	_ = exec.Command("convert").Run() // want "nobody waits"
}
