package slow

import (
	"bytes"
	"io"
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// patient is a shop that reads bodies byte by byte, so long as its clock allows.
func patient(most time.Duration) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			began := s.Clock.Now()
			var body []byte
			one := make([]byte, 1)
			for len(body) < 1<<16 {
				n, err := c.R.Body.Read(one)
				body = append(body, one[:n]...)
				if err != nil {
					break
				}
				if s.Clock.Now().Sub(began) > most {
					c.Error(408, "too slow")
					return true
				}
			}
			c.R.Body = io.NopCloser(bytes.NewReader(body))
			return false
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "waits for ever", Kind: fixture.Vulnerable, Mode: api.Intrusive},
	{Name: "waits for ten minutes", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: patient(10 * time.Minute)},
	{Name: "waits for twenty seconds", Kind: fixture.Fixed, Mode: api.Intrusive, Make: patient(20 * time.Second)},
	{Name: "answers before the body is there", Kind: fixture.Fixed, Mode: api.Intrusive, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if !fixture.SignIn(r) {
				return false
			}
			c.Error(401, "e-mail or password is wrong")
			return true
		}
	}},
}
