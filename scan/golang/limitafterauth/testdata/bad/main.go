package main

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"
)

func requireAuth(h http.Handler) http.Handler { return h }

func rateLimit(h http.Handler) http.Handler { return h }

func routes(r chi.Router, h http.Handler) http.Handler {
	r.Use(requireAuth)
	r.Use(httprate.LimitByIP(100, time.Minute)) // want "never counted"
	r.Group(func(r chi.Router) {
		r.Use(requireAuth, rateLimit) // want "never counted"
	})
	return requireAuth(rateLimit(h)) // want "never counted"
}
