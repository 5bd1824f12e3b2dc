package data

import (
	"palisade.dev/scan/api/fixture"
)

func saying(pattern string, v map[string]any) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route(pattern).Do = func(c *fixture.Call) {
			out := map[string]any{"name": "the shop"}
			if c.User != nil {
				out["name"] = c.User.Name
			}
			for k, val := range v {
				out[k] = val
			}
			c.JSON(200, out)
		}
	}
}

// Samples are shops with and without the fault. The secrets are made up.
var Samples = []fixture.Sample{
	{Name: "a hash", Kind: fixture.Vulnerable, Make: saying("GET /me", map[string]any{"hash": "$2b$12$abcdefghijklmnopqrstuuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"})},
	{Name: "a card number", Kind: fixture.Vulnerable, Make: saying("GET /me", map[string]any{"card": "4539 1488 0343 6467"})},
	{Name: "a database for everybody", Kind: fixture.Vulnerable, Make: saying("GET /", map[string]any{"db": "postgres://shop:s3same-open@db.internal:5432/shop"})},
	{Name: "a stack trace", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Route("GET /books").Do = func(c *fixture.Call) {
			c.W.WriteHeader(500)
			_, _ = c.W.Write([]byte("Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in books\nKeyError: 'limit'\n"))
		}
	}},
	{Name: "numbers that only look so", Kind: fixture.Fixed, Make: saying("GET /me", map[string]any{
		"order": "4539 1488 0343 6468", "test": "4111 1111 1111 1111", "key": "AKIAIOSFODNN7EXAMPLE", "password": "********", "isbn": "9780306406157", "phone": "+1 555 010 0000",
	})},
}
