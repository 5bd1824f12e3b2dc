package main

import (
	"net/http"
	"net/http/pprof"
)

func remove(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }

func routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /admin/items/delete", remove)             // want "nothing here asks who calls it"
	mux.HandleFunc("/debug/pprof/", pprof.Index)                   // want "/debug/pprof/"
	mux.Handle("/api/v1/internal/flush", http.HandlerFunc(remove)) // want "nothing here"
	mux.HandleFunc("/items", remove)
	mux.HandleFunc("/administration-fees", remove)
	mux.HandleFunc("/", remove)
}
