package wellformed

import (
	"strings"

	"palisade.dev/scan/api/fixture"
)

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "any header", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		sound := s.Verify
		s.Verify = func(token string) *fixture.User {
			if u := sound(token); u != nil || token == "" {
				return u
			}
			return s.User("alice")
		}
	}},
	{Name: "anything with two dots", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		sound := s.Verify
		s.Verify = func(token string) *fixture.User {
			if u := sound(token); u != nil || strings.Count(token, ".") != 2 {
				return u
			}
			return s.User("alice")
		}
	}},
	{Name: "all is looked up", Kind: fixture.Fixed},
	{Name: "403 for a wrong credential, 401 for none", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if c.User == nil && c.R.Header.Get("Authorization") != "" && !r.Open {
				c.Error(403, "unknown token")
				return true
			}
			return false
		}
	}},
}
