package passthrough

import (
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/ssrf/fake"
)

func saying(status int, text string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route("GET /books").Do = func(c *fixture.Call) {
			c.JSON(status, map[string]any{"error": map[string]string{"message": text}, "more": "see the log"})
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "Go", Kind: fixture.Vulnerable, Make: saying(502, `Get "http://stock.internal/v1": dial tcp 10.2.0.7:8080: connect: connection refused`)},
	{Name: "Node.js", Kind: fixture.Vulnerable, Make: saying(500, "connect ECONNREFUSED 10.2.0.7:5432")},
	{Name: "Python", Kind: fixture.Vulnerable, Make: saying(500, "HTTPSConnectionPool(host='stock.books.test', port=443): Max retries exceeded")},
	{Name: "Elixir", Kind: fixture.Vulnerable, Make: saying(500, "%Mint.TransportError{reason: :econnrefused}")},
	{Name: "for an address that leads nowhere", Kind: fixture.Vulnerable, Make: fake.Adding(&fixture.Route{
		Pattern: "GET /preview", Params: `[{"name":"url","in":"query","required":true,"schema":{"type":"string","format":"uri"}}]`,
		Do: func(c *fixture.Call) { c.Error(422, "getaddrinfo ENOTFOUND palisade.invalid") },
	})},
	{Name: "links without TLS", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Route("GET /me").Do = func(c *fixture.Call) {
			c.JSON(200, map[string]any{"id": c.User.ID, "name": c.User.Name, "avatar": "http://images.books.test/7.png"})
		}
	}},
	{Name: "its own words", Kind: fixture.Fixed, Make: saying(502, "the stock could not be asked; see log entry 4711")},
	{Name: "links with TLS, and names of vocabularies", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Route("GET /me").Do = func(c *fixture.Call) {
			c.JSON(200, map[string]any{"id": c.User.ID, "name": c.User.Name, "email": c.User.Email, "avatar": "https://images.books.test/7.png", "@context": "http://schema.org/", "self": "http://127.0.0.1/me", "text": "dial 555 and ask"})
		}
	}},
}
