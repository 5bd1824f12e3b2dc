package main

import (
	"net/http"

	"golang.org/x/time/rate"
)

var limiters = map[string]*rate.Limiter{}

type account struct{ id string }

func lookup(key string) (account, bool) { return account{key}, key != "" }

func limit(w http.ResponseWriter, r *http.Request) {
	known, ok := lookup(r.Header.Get("X-API-Key"))
	if !ok || !limiters[known.id].Allow() {
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

func logged(w http.ResponseWriter, r *http.Request) {
	agent := r.Header.Get("User-Agent")
	if !limiters[r.RemoteAddr].Allow() {
		w.Header().Set("X-Agent", agent)
	}
}

var names = map[string]string{}

func name(r *http.Request) string { return names[r.Header.Get("X-Device-Id")] }

func language(r *http.Request) bool { return limiters[r.Header.Get("Accept-Language")] == nil }
