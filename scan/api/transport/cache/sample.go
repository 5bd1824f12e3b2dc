package cache

import (
	"net/http"

	"palisade.dev/scan/api/fixture"
)

func saying(v string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			if c.User != nil && c.R.Method == http.MethodGet {
				c.W.Header().Set("Cache-Control", v)
			}
			return false
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "for everybody", Kind: fixture.Vulnerable, Make: saying("public, max-age=60")},
	{Name: "for the edge", Kind: fixture.Vulnerable, Make: saying("max-age=0, s-maxage=300")},
	{Name: "nothing said", Kind: fixture.Vulnerable, Make: saying("")},
	{Name: "kept by the browser", Kind: fixture.Vulnerable, Make: saying("private, max-age=60")},
	{Name: "kept by nobody", Kind: fixture.Fixed},
	{Name: "in other words", Kind: fixture.Fixed, Make: saying("private, No-Store, max-age=0")},
}
