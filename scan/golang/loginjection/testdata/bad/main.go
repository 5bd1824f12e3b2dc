package main

import (
	"log"
	"net/http"
)

func handler(w http.ResponseWriter, r *http.Request) {
	log.Printf("no user %s", r.FormValue("name")) // want "a line of its own"
	log.Println("looked for", r.URL.Path)         // want "a line of its own"
	note(r.URL.Query().Get("q"))
}

func note(text string) {
	log.Print("query: " + text) // want "a line of its own"
}
