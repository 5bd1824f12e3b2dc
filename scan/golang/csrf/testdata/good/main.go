package main

import (
	"net/http"

	"github.com/gorilla/sessions"
)

var store = sessions.NewCookieStore([]byte("k"))

func routes(r *http.ServeMux, h http.HandlerFunc) http.Handler {
	r.HandleFunc("POST /orders", h)
	return http.NewCrossOriginProtection().Handler(r)
}
