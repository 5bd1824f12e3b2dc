package method

import (
	"net/http"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// keepers makes removing orders the keeper's affair; who checks nothing lets everybody.
func keepers(check bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		r := s.Route("DELETE /orders/{id}")
		r.Extra = `"x-roles":["admin"]`
		own := r.Do
		r.Do = func(c *fixture.Call) {
			if check && c.User.Role != "admin" {
				c.Error(403, "not for you")
				return
			}
			if !check {
				own(c)
				return
			}
			remove(c, false)
		}
	}
}

// remove removes an order, the caller's only where own says so.
func remove(c *fixture.Call, own bool) {
	defer c.Lock()()
	for i, o := range c.Orders {
		if o.ID == c.Int("id") && (!own || o.Owner == c.User.ID) {
			c.Orders = append(c.Orders[:i:i], c.Orders[i+1:]...)
			c.W.WriteHeader(204)
			return
		}
	}
	c.Error(404, "no such order")
}

// override reads the method from a header, or the query, behind the check of the method on the wire.
func override(s *fixture.Shop) {
	keepers(true)(s)
	s.Add(&fixture.Route{Pattern: "POST /orders/{id}", Hidden: true, Do: func(c *fixture.Call) {
		if c.R.Header.Get("X-Http-Method-Override") == http.MethodDelete {
			remove(c, false)
			return
		}
		c.Error(405, "no such method")
	}})
}

// unsaid serves a method that no specification mentions.
func unsaid(own bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		r := s.Route("DELETE /orders/{id}")
		r.Hidden = true
		r.Do = func(c *fixture.Call) { remove(c, own) }
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "the keeper's method for everybody", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: keepers(false)},
	{Name: "the method in a header", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: override, As: []string{"alice", "bob", "root"}},
	{Name: "a method that nobody speaks of, on anybody's", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: unsaid(false)},
	{Name: "the keeper's list filled by a customer", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: adminBooks("")},
	{Name: "the keeper's method for the keeper", Kind: fixture.Fixed, Mode: api.Intrusive, Make: keepers(true), As: []string{"alice", "bob", "root"}},
	{Name: "a method that nobody speaks of, on one's own", Kind: fixture.Fixed, Mode: api.Intrusive, Make: unsaid(true)},
	{Name: "the keeper's list filled by the keeper", Kind: fixture.Fixed, Mode: api.Intrusive, Make: adminBooks("admin"), As: []string{"alice", "bob", "root"}},
}

// adminBooks adds a list of the keeper's, for the role that is named.
func adminBooks(role string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		titles := map[int]string{}
		s.Add(&fixture.Route{Pattern: "POST /admin/books", Role: role, Body: `{"type":"object","required":["title"],"properties":{"title":{"type":"string"}}}`, Do: func(c *fixture.Call) {
			title, ok := c.Body()["title"].(string)
			if !ok {
				c.Error(422, "a book has a title")
				return
			}
			defer c.Lock()()
			id := c.Next()
			titles[id] = title
			c.JSON(201, map[string]any{"id": id, "title": title})
		}})
		s.Add(&fixture.Route{Pattern: "GET /admin/books/{id}", Role: role, Do: func(c *fixture.Call) {
			defer c.Lock()()
			title, ok := titles[c.Int("id")]
			if !ok {
				c.Error(404, "no such book")
				return
			}
			c.JSON(200, map[string]any{"id": c.Int("id"), "title": title})
		}})
	}
}
