package hidden

import "palisade.dev/scan/api/fixture"

func hide(pattern string, do func(*fixture.Call)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: pattern, Hidden: true, Open: true, Do: do})
	}
}

func everybody(c *fixture.Call) {
	list := []any{}
	for _, u := range c.Users {
		list = append(list, map[string]any{"id": u.ID, "email": u.Email})
	}
	c.JSON(200, list)
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "all customers", Kind: fixture.Vulnerable, Make: hide("GET /api/v1/admin/users", everybody)},
	{Name: "the environment", Kind: fixture.Vulnerable, As: []string{}, Make: hide("GET /debug", func(c *fixture.Call) {
		c.JSON(200, map[string]any{"host": "shop-1", "env_vars": map[string]string{"LANG": "C"}})
	})},
	{Name: "nothing is hidden", Kind: fixture.Fixed},
	{Name: "hidden, and for administrators", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /internal/users", Hidden: true, Role: "admin", Do: everybody})
	}},
	{Name: "the same answer for whatever is asked", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Nothing = func(c *fixture.Call) { c.JSON(200, map[string]any{"message": "welcome", "docs": "/openapi.json"}) }
	}},
	{Name: "one's own settings", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /settings", Hidden: true, Do: func(c *fixture.Call) {
			c.JSON(200, map[string]any{"language": "en", "email": c.User.Email})
		}})
	}},
}
