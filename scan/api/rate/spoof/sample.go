package spoof

import (
	"net/http"
	"strings"

	"palisade.dev/scan/api/fixture"
)

// believes makes a shop that counts by a header where there is one.
func believes(header string, pick func(string) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			if v := c.R.Header.Get(header); v != "" {
				return pick(v) + r.Pattern, 20
			}
			return c.Address() + r.Pattern, 20
		}
	}
}

func whole(v string) string { return v }

// Samples are shops that believe one header each, and some that do not.
var Samples = []fixture.Sample{
	{Name: "X-Forwarded-For, the first", Kind: fixture.Vulnerable, Make: believes("X-Forwarded-For", func(v string) string { return strings.Split(v, ",")[0] })},
	{Name: "X-Forwarded-For, as it is", Kind: fixture.Vulnerable, Make: believes("X-Forwarded-For", whole)},
	{Name: "X-Real-IP", Kind: fixture.Vulnerable, Make: believes("X-Real-IP", whole)},
	{Name: "CF-Connecting-IP without Cloudflare", Kind: fixture.Vulnerable, Make: believes("CF-Connecting-IP", whole)},
	{Name: "Forwarded", Kind: fixture.Vulnerable, Make: believes("Forwarded", whole)},
	{Name: "the connection counts", Kind: fixture.Fixed},
	{Name: "a proxy's own entry counts, the last", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Add("X-Forwarded-For", (&fixture.Call{R: r}).Address())
				next.ServeHTTP(w, r)
			})
		})
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			entries := strings.Split(strings.Join(c.R.Header.Values("X-Forwarded-For"), ","), ",")
			who := strings.TrimSpace(entries[len(entries)-1])
			if c.User != nil {
				who = c.User.Name
			}
			return who + r.Pattern, 20
		}
	}},
	{Name: "claims are refused", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			if c.R.Header.Get("X-Forwarded-For") != "" {
				c.Error(400, "no such header here")
				return true
			}
			return false
		}
	}},
}
