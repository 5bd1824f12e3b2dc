package bypass

import (
	"net/http"
	"strings"

	"palisade.dev/scan/api/fixture"
)

// proxied is a shop that forbids in front, by comparing, and not at the route.
func proxied(forbids func(r *http.Request) bool, meant func(r *http.Request) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route("GET /admin/users").Role = ""
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if u, _ := s.Who(r); forbids(r) && (u == nil || u.Role != "admin") {
					http.Error(w, `{"error":"forbidden"}`, http.StatusForbidden)
					return
				}
				r = r.Clone(r.Context())
				r.URL.Path = meant(r)
				next.ServeHTTP(w, r)
			})
		})
	}
}

func path(r *http.Request) string { return r.URL.Path }

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "two slashes", Kind: fixture.Vulnerable, As: []string{"alice", "root"}, Make: proxied(
		func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/admin") },
		func(r *http.Request) string { return strings.ReplaceAll(r.URL.Path, "//", "/") })},
	{Name: "another address in a header", Kind: fixture.Vulnerable, As: []string{"alice", "root"}, Make: proxied(
		func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/admin") },
		func(r *http.Request) string {
			if other := r.Header.Get("X-Rewrite-URL"); other != "" {
				return other
			}
			return r.URL.Path
		})},
	{Name: "forbidden at the route", Kind: fixture.Fixed, As: []string{"alice", "root"}},
	{Name: "forbidden for all that begins so", Kind: fixture.Fixed, As: []string{"alice", "root"}, Make: proxied(
		func(r *http.Request) bool { return strings.Contains(strings.ToLower(r.URL.Path), "admin") }, path)},
}
