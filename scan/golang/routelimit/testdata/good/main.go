package main

import (
	"net/http"

	"golang.org/x/time/rate"
)

var slow = rate.NewLimiter(1, 5)

func routes(mux *http.ServeMux, h http.HandlerFunc) {
	mux.HandleFunc("POST /login", h)
}
