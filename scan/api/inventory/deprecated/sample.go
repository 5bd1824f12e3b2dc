package deprecated

import (
	"net/http"

	"palisade.dev/scan/api/fixture"
)

func old(header, value string, status int) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		r := s.Route("GET /books")
		r.Extra = `"deprecated":true`
		do := r.Do
		r.Do = func(c *fixture.Call) {
			if header != "" {
				c.W.Header().Set(header, value)
			}
			if status != http.StatusOK {
				c.Error(status, "this has ended")
				return
			}
			do(c)
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "says nothing", Kind: fixture.Vulnerable, Make: old("", "", 200)},
	{Name: "says when it ends", Kind: fixture.Fixed, Make: old("Sunset", "Sat, 31 Oct 2026 23:59:59 GMT", 200)},
	{Name: "says since when", Kind: fixture.Fixed, Make: old("Deprecation", "@1767225600", 200)},
	{Name: "has ended", Kind: fixture.Fixed, Make: old("", "", 410)},
}
