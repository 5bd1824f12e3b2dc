package main

import (
	"net/http"

	"github.com/gorilla/mux"
	"github.com/gorilla/sessions"
)

var store = sessions.NewCookieStore([]byte("k")) // want "nothing tells the forms"

func routes(r *http.ServeMux, m *mux.Router, h http.HandlerFunc) {
	r.HandleFunc("POST /orders", h)
}
