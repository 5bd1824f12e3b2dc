package undeclared

import "palisade.dev/scan/api/fixture"

func linking(to string, there bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route("GET /").Do = func(c *fixture.Call) {
			c.JSON(200, map[string]any{"name": "Bookshop", "links": []string{"/books", to, "/orders/70412", "https://else.test/internal"}})
		}
		if there {
			s.Add(&fixture.Route{Pattern: "GET " + to, Hidden: true, Do: func(c *fixture.Call) { c.JSON(200, map[string]any{"user": c.User.Name, "sold": 12}) }})
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a link", Kind: fixture.Vulnerable, Make: linking("/internal/report", true)},
	{Name: "in robots.txt", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /robots.txt", Open: true, Hidden: true, Do: func(c *fixture.Call) {
			c.W.Header().Set("Content-Type", "text/plain")
			_, _ = c.W.Write([]byte("User-agent: *\nDisallow: /export/all\n"))
		}})
		s.Add(&fixture.Route{Pattern: "GET /export/all", Hidden: true, Do: func(c *fixture.Call) { c.JSON(200, map[string]any{"user": c.User.Name, "rows": 7}) }})
	}},
	{Name: "a link that leads nowhere", Kind: fixture.Fixed, Make: linking("/internal/report", false)},
	{Name: "links to what is declared", Kind: fixture.Fixed, Make: linking("/me", false)},
}
