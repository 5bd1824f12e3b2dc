package oldversion

import "palisade.dev/scan/api/fixture"

func mine(c *fixture.Call) {
	c.JSON(200, map[string]any{"account": "3107", "books": []string{"The Sea Atlas"}})
}

func versions(open bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /v2/shelf", Do: mine})
		s.Add(&fixture.Route{Pattern: "GET /v1/shelf", Open: open, Hidden: true, Do: mine})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "v1 asks nobody", Kind: fixture.Vulnerable, Make: versions(true)},
	{Name: "v1 asks too", Kind: fixture.Fixed, Make: versions(false)},
}
