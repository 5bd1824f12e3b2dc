package main

import "net/http"

func routes(mux *http.ServeMux, h http.HandlerFunc) {
	mux.Handle("POST/orders", h)         // want "name of a host"
	mux.HandleFunc("post /orders", h)    // want "as they are written"
	http.HandleFunc("Delete /orders", h) // want "as they are written"
	mux.HandleFunc("/orders", h)
	mux.HandleFunc("GET /orders/{id}", h)
	mux.HandleFunc("example.com/orders", h)
}
