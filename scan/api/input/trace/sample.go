package trace

import (
	"net/http"
	"net/http/httputil"

	"palisade.dev/scan/api/fixture"
)

// tracing is a shop that gives requests back, where the method is one of some.
func tracing(methods ...string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, m := range methods {
					if r.Method == m {
						dump, _ := httputil.DumpRequest(r, false)
						w.Header().Set("Content-Type", "message/http")
						_, _ = w.Write(dump)
						return
					}
				}
				if r.Method == http.MethodTrace || r.Method == "TRACK" {
					w.WriteHeader(http.StatusMethodNotAllowed)
					return
				}
				next.ServeHTTP(w, r)
			})
		})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "gives requests back", Kind: fixture.Vulnerable, Make: tracing("TRACE")},
	{Name: "gives them back by another name", Kind: fixture.Vulnerable, Make: tracing("TRACK")},
	{Name: "not allowed", Kind: fixture.Fixed, Make: tracing()},
	{Name: "shows headers to whoever asks, whatever the method", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Route("GET /").Do = func(c *fixture.Call) { c.JSON(200, c.R.Header) }
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodTrace {
					r.Method = http.MethodGet
				}
				next.ServeHTTP(w, r)
			})
		})
	}},
	{Name: "no such method", Kind: fixture.Fixed},
}
