package write

import (
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "anybody changes", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: func(s *fixture.Shop) {
		s.Route("PATCH /orders/{id}").Do = func(c *fixture.Call) {
			m := c.Body()
			defer c.Lock()()
			o := c.Order(c.Int("id"))
			note, ok := m["note"].(string)
			if o == nil || !ok {
				c.Error(404, "no such order")
				return
			}
			o.Note = note
			c.JSON(200, map[string]any{"id": o.ID})
		}
	}},
	{Name: "anybody removes", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: func(s *fixture.Shop) {
		s.Route("DELETE /orders/{id}").Do = func(c *fixture.Call) {
			defer c.Lock()()
			for i, o := range c.Orders {
				if o.ID == c.Int("id") {
					c.Orders = append(c.Orders[:i:i], c.Orders[i+1:]...)
					c.W.WriteHeader(204)
					return
				}
			}
			c.Error(404, "no such order")
		}
	}},
	{Name: "the owner only", Kind: fixture.Fixed, Mode: api.Intrusive},
	{Name: "says yes and does nothing", Kind: fixture.Fixed, Mode: api.Intrusive, Make: func(s *fixture.Shop) {
		for _, pattern := range []string{"PATCH /orders/{id}", "DELETE /orders/{id}"} {
			sound := s.Route(pattern).Do
			s.Route(pattern).Do = func(c *fixture.Call) {
				unlock := c.Lock()
				o := c.Order(c.Int("id"))
				theirs := o != nil && o.Owner != c.User.ID
				unlock()
				if theirs {
					c.JSON(200, map[string]bool{"ok": true})
					return
				}
				sound(c)
			}
		}
	}},
}
