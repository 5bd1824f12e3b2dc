package threshold

import (
	"strconv"
	"time"

	"palisade.dev/scan/api/fixture"
)

func never(*fixture.Call, *fixture.Route) (string, int) { return "", 0 }

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "none at all", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) { s.Limit = never }},
	{Name: "none where people sign in", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		sound := s.Limit
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			if fixture.SignIn(r) {
				return "", 0
			}
			return sound(c, r)
		}
	}},
	{Name: "advertised and not kept", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Limit = never
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			c.W.Header().Set("X-RateLimit-Limit", "20")
			return false
		}
	}},
	{Name: "limited", Kind: fixture.Fixed},
	{Name: "slower and slower", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Limit = never
		last, delay := map[string]time.Time{}, map[string]time.Duration{}
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			defer s.Lock()()
			if s.Clock.Now().Sub(last[r.Pattern]) > time.Second {
				delay[r.Pattern] = time.Millisecond
			}
			delay[r.Pattern] = min(delay[r.Pattern]*5/4, 2*time.Second)
			s.Clock.Advance(delay[r.Pattern])
			last[r.Pattern] = s.Clock.Now()
			return false
		}
	}},
	{Name: "advertised and kept", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			c.W.Header().Set("X-RateLimit-Limit", strconv.Itoa(25))
			return false
		}
	}},
}
