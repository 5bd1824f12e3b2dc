package main

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"
)

func requireAuth(h http.Handler) http.Handler { return h }

func rateLimit(h http.Handler) http.Handler { return h }

func bodyLimit(h http.Handler) http.Handler { return h }

func routes(r, public chi.Router, h http.Handler) http.Handler {
	r.Use(httprate.LimitByIP(100, time.Minute))
	r.Use(requireAuth)
	r.Use(rateLimit) // by account, behind the one by address
	public.Use(rateLimit)
	r.Group(func(r chi.Router) {
		r.Use(requireAuth, bodyLimit)
	})
	return rateLimit(requireAuth(bodyLimit(h)))
}
