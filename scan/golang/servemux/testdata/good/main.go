package main

import "net/http"

func routes(mux *http.ServeMux, h http.HandlerFunc) {
	mux.Handle("POST /orders", h)
	mux.HandleFunc("GET\t/orders", h)
	mux.HandleFunc("PROPFIND /orders", h)
	mux.HandleFunc("shop.example/get/orders", h)
	mux.HandleFunc("/", h)
}
