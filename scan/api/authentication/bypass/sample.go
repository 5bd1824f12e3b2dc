package bypass

import (
	"net/http"
	"strings"

	"palisade.dev/scan/api/fixture"
)

// past makes a shop that lets some requests in as alice: seen before the routes, and then served as the address they mean.
func past(seen func(r *http.Request) (meant string)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if meant := seen(r); meant != "" && r.Header.Get("Authorization") == "" {
					r = r.Clone(r.Context())
					r.URL.Path, r.Method = meant, http.MethodGet
					r.Header.Set("Authorization", "Bearer "+s.Token("alice"))
				}
				next.ServeHTTP(w, r)
			})
		})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a slash at the end", Kind: fixture.Vulnerable, Make: past(func(r *http.Request) string {
		if p, ok := strings.CutSuffix(r.URL.Path, "/"); ok && p != "" {
			return p
		}
		return ""
	})},
	{Name: "capitals", Kind: fixture.Vulnerable, Make: past(func(r *http.Request) string {
		if lower := strings.ToLower(r.URL.Path); lower != r.URL.Path {
			return lower
		}
		return ""
	})},
	{Name: "another method in a header", Kind: fixture.Vulnerable, Make: past(func(r *http.Request) string {
		if r.Method == http.MethodPost && r.Header.Get("X-HTTP-Method-Override") == http.MethodGet {
			return r.URL.Path
		}
		return ""
	})},
	{Name: "another address in a header", Kind: fixture.Vulnerable, Make: past(func(r *http.Request) string { return r.Header.Get("X-Original-URL") })},
	{Name: "as it is written", Kind: fixture.Fixed},
	{Name: "generous, and strict all the same", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r = r.Clone(r.Context())
				if r.URL.Path != "/" {
					r.URL.Path = strings.TrimSuffix(strings.ToLower(r.URL.Path), "/")
				}
				next.ServeHTTP(w, r)
			})
		})
	}},
}
