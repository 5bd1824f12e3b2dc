package privileged

import "palisade.dev/scan/api/fixture"

func unchecked(s *fixture.Shop) { s.Route("GET /admin/users").Role = "" }

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "whoever is signed in, with somebody to compare", Kind: fixture.Vulnerable, Make: unchecked, As: []string{"alice", "root"}},
	{Name: "whoever is signed in", Kind: fixture.Vulnerable, Make: unchecked, As: []string{"alice"}},
	{Name: "everybody", Kind: fixture.Vulnerable, As: []string{"alice", "bob", "root"}, Make: func(s *fixture.Shop) {
		unchecked(s)
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if r.Pattern == "GET /admin/users" {
				r.Do(c)
				return true
			}
			return false
		}
	}, Also: []string{"api/authentication/unenforced"}},
	{Name: "administrators only", Kind: fixture.Fixed, As: []string{"alice", "bob", "root"}},
	{Name: "one's own export", Kind: fixture.Fixed, As: []string{"alice", "root"}, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /export", Do: func(c *fixture.Call) {
			c.JSON(200, map[string]any{"account": c.User.Name, "books": []string{"of " + c.User.Name}})
		}})
	}},
}
