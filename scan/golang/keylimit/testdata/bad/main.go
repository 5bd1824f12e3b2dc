package main

import (
	"net/http"

	"github.com/didip/tollbooth/v7/limiter"
	"github.com/go-chi/httprate"
	"golang.org/x/time/rate"
)

var limiters = map[string]*rate.Limiter{}

func limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("X-API-Key") // want "writes another value each time"
		if l := limiters[key]; l != nil && !l.Allow() {
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func limiterFor(name string) *rate.Limiter { return limiters[name] }

func direct(w http.ResponseWriter, r *http.Request) {
	if !limiterFor("token:" + r.Header.Get("Authorization")).Allow() { // want "Authorization"
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

func limitKey(r *http.Request) (string, error) {
	return r.Header.Get("User-Agent"), nil // want "User-Agent"
}

func byKey() any {
	return httprate.WithKeyFuncs(func(r *http.Request) (string, error) {
		return r.Header.Get("X-Token"), nil // want "X-Token"
	})
}

func tollbooth(l *limiter.Limiter) {
	l.SetHeader("X-Access-Token", nil) // want "X-Access-Token"
}
