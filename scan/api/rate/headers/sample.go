package headers

import (
	"fmt"
	"strconv"

	"palisade.dev/scan/api/fixture"
)

func telling(tell func(c *fixture.Call, left int)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		n := 0
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			unlock := s.Lock()
			n = (n + 1) % 50
			left := 49 - n
			unlock()
			tell(c, left)
			return false
		}
	}
}

// Samples are shops that tell of their limits.
var Samples = []fixture.Sample{
	{Name: "never counts down", Kind: fixture.Vulnerable, Make: telling(func(c *fixture.Call, _ int) {
		c.W.Header().Set("X-RateLimit-Limit", "50")
		c.W.Header().Set("X-RateLimit-Remaining", "50")
	})},
	{Name: "no number", Kind: fixture.Vulnerable, Make: telling(func(c *fixture.Call, _ int) { c.W.Header().Set("X-RateLimit-Limit", "many") })},
	{Name: "anew in the past", Kind: fixture.Vulnerable, Make: telling(func(c *fixture.Call, left int) {
		c.W.Header().Set("X-RateLimit-Remaining", strconv.Itoa(left))
		c.W.Header().Set("X-RateLimit-Reset", "1500000000")
	})},
	{Name: "strangers are told otherwise", Kind: fixture.Vulnerable, Make: telling(func(c *fixture.Call, left int) {
		if c.User == nil {
			c.W.Header().Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=9`, left))
			return
		}
		c.W.Header().Set("X-RateLimit-Limit", "50")
		c.W.Header().Set("X-RateLimit-Remaining", strconv.Itoa(left))
	})},
	{Name: "the draft's form", Kind: fixture.Fixed, Make: telling(func(c *fixture.Call, left int) {
		c.W.Header().Set("RateLimit-Policy", `"default";q=50;w=10`)
		c.W.Header().Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=9`, left))
	})},
	{Name: "none", Kind: fixture.Fixed},
}
