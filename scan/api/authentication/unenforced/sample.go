package unenforced

import "palisade.dev/scan/api/fixture"

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a list that forgot to ask", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if r.Pattern == "GET /orders/{id}" && c.User == nil {
				c.User = s.User("alice")
				r.Do(c)
				return true
			}
			return false
		}
	}},
	{Name: "nobody to compare with, but the specification demands a credential", Kind: fixture.Vulnerable, As: []string{}, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if r.Pattern == "GET /orders" && c.User == nil {
				c.User = s.User("alice")
				r.Do(c)
				return true
			}
			return false
		}
	}},
	{Name: "all is asked for", Kind: fixture.Fixed},
	{Name: "refusals with status 200", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if !r.Open && c.User == nil {
				c.JSON(200, map[string]any{"error": "unauthorized"})
				return true
			}
			return false
		}
	}},
	{Name: "an open address that is not in need of a credential", Kind: fixture.Fixed, As: []string{}},
}
