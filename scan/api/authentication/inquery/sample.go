package inquery

import (
	"net/http"

	"palisade.dev/scan/api/fixture"
)

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "read from the address too", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		sound := s.Who
		s.Who = func(r *http.Request) (*fixture.User, bool) {
			if t := r.URL.Query().Get("access_token"); t != "" {
				u := s.Verify(t)
				return u, u == nil
			}
			return sound(r)
		}
	}},
	{Name: "read from the header", Kind: fixture.Fixed},
	{Name: "a key that is no credential", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			if c.R.URL.Query().Has("token") {
				c.W.Header().Set("X-Token-Seen", "yes")
			}
			return false
		}
	}},
}
