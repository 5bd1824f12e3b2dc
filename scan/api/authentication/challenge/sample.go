package challenge

import (
	"net/http"

	"palisade.dev/scan/api/fixture"
)

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "says nothing", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if !r.Open && c.User == nil {
				c.JSON(http.StatusUnauthorized, map[string]string{"error": "sign in first"})
				return true
			}
			return false
		}
	}},
	{Name: "says how", Kind: fixture.Fixed},
}
