package refusal

import (
	"net/http"
	"strconv"
	"time"

	"palisade.dev/scan/api/fixture"
)

func refusing(how func(c *fixture.Call, wait time.Duration)) func(*fixture.Shop) {
	return func(s *fixture.Shop) { s.Refuse = how }
}

// Samples are shops that refuse in many words.
var Samples = []fixture.Sample{
	{Name: "no Retry-After", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, _ time.Duration) { c.Error(429, "too many requests") })},
	{Name: "503", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, _ time.Duration) { c.W.Header().Set("Retry-After", "5"); c.Error(503, "busy") })},
	{Name: "half the time it takes", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, wait time.Duration) {
		c.W.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)/2))
		c.Error(429, "too many requests")
	})},
	{Name: "milliseconds", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, _ time.Duration) {
		c.W.Header().Set("Retry-After", "2.5s")
		c.Error(429, "too many requests")
	})},
	{Name: "three days", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, _ time.Duration) {
		c.W.Header().Set("Retry-After", "259200")
		c.Error(429, "too many requests")
	})},
	{Name: "a page", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, _ time.Duration) {
		c.W.Header().Set("Retry-After", "10")
		http.Error(c.W, "<h1>Slow down</h1>", http.StatusTooManyRequests)
	})},
	{Name: "for caches", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, _ time.Duration) {
		c.W.Header().Set("Retry-After", "10")
		c.W.Header().Set("Cache-Control", "public, max-age=60")
		c.Error(429, "too many requests")
	})},
	{Name: "seconds", Kind: fixture.Fixed},
	{Name: "a date", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Refuse = func(c *fixture.Call, wait time.Duration) {
			c.W.Header().Set("Retry-After", s.Clock.Now().Add(wait+time.Second).UTC().Format(http.TimeFormat))
			c.Error(429, "too many requests")
		}
	}},
}
