package main

import (
	"log"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
)

func handler(w http.ResponseWriter, r *http.Request) {
	log.Printf("no user %q", r.FormValue("name"))
	log.Println("looked for", r.URL.EscapedPath())
	log.Println("agent", r.Header.Get("User-Agent"))
	log.Print(strings.ReplaceAll(r.FormValue("name"), "\n", " "))
	slog.Info("no user", "name", r.FormValue("name"))
	if n, err := strconv.Atoi(r.FormValue("n")); err == nil {
		log.Printf("%v of them", n)
	}
}
