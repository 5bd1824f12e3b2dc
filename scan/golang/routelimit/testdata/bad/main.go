package main

import "net/http"

func routes(mux *http.ServeMux, h http.HandlerFunc) {
	mux.HandleFunc("POST /login", h)         // want "how often"
	mux.HandleFunc("/api/password/reset", h) // want "how often"
	mux.HandleFunc("GET /login", h)
	mux.HandleFunc("/catalogue/blog-index", h)
	mux.HandleFunc("/", h)
}
