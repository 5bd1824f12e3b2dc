package alias

import (
	"net/http"
	"strings"

	"palisade.dev/scan/api/fixture"
)

// reads makes a shop that reads paths leniently and counts by what was sent, or by the route.
func reads(plain func(string) string, key func(r *http.Request) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Set("X-Sent", key(r))
				r.URL.Path = plain(r.URL.Path)
				next.ServeHTTP(w, r)
			})
		})
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			who := c.Address()
			if c.User != nil {
				who = c.User.Name
			}
			return who + c.R.Header.Get("X-Sent") + r.Pattern, 20
		}
	}
}

func noSlash(p string) string { return "/" + strings.Trim(p, "/") }

func path(r *http.Request) string { return r.URL.Path }

func none(*http.Request) string { return "" }

// Samples are shops that read paths in many ways.
var Samples = []fixture.Sample{
	{Name: "slashes", Kind: fixture.Vulnerable, Make: reads(noSlash, path)},
	{Name: "capitals", Kind: fixture.Vulnerable, Make: reads(strings.ToLower, path)},
	{Name: "the query counts", Kind: fixture.Vulnerable, Make: reads(noSlash, func(r *http.Request) string { return r.URL.RawQuery })},
	{Name: "the method counts", Kind: fixture.Vulnerable, Make: reads(noSlash, func(r *http.Request) string { return r.Method })},
	{Name: "slashes and capitals, one limit", Kind: fixture.Fixed, Make: reads(func(p string) string { return strings.ToLower(noSlash(p)) }, none)},
}
