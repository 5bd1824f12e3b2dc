package write

import (
	"strconv"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// acting adds a route that marks an order as cancelled, the owner's only where it is strict.
func acting(route fixture.Route, strict bool, id func(c *fixture.Call) int) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		route := route
		route.Do = func(c *fixture.Call) {
			n := id(c)
			defer c.Lock()()
			o := c.Order(n)
			if o == nil || strict && o.Owner != c.User.ID {
				c.Error(404, "no such order")
				return
			}
			o.Note = "cancelled"
			c.JSON(200, map[string]any{"id": o.ID, "status": "cancelled"})
		}
		s.Add(&route)
	}
}

var (
	cancel  = fixture.Route{Pattern: "POST /orders/{id}/cancel"}
	inQuery = fixture.Route{Pattern: "DELETE /orders", Params: `[{"name":"order_id","in":"query","required":true,"schema":{"type":"integer"}}]`}
	inBody  = fixture.Route{Pattern: "PUT /cancellations", Body: `{"type":"object","required":["order_id"],"properties":{"order_id":{"type":"integer"}}}`}
)

func byPath(c *fixture.Call) int { return c.Int("id") }

func byQuery(c *fixture.Call) int {
	n, err := strconv.Atoi(c.R.URL.Query().Get("order_id"))
	if err != nil {
		return -1
	}
	return n
}

func byBody(c *fixture.Call) int {
	n, _ := c.Body()["order_id"].(float64)
	return int(n)
}

// folder gives everybody a shelf; only a strict one keeps others from putting something there.
func folder(strict bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		type note struct {
			owner, id int
			text      string
		}
		var notes []note
		mine := func(c *fixture.Call) bool {
			if c.Int("user_id") == c.User.ID {
				return true
			}
			c.Error(404, "no such shelf")
			return false
		}
		s.Add(&fixture.Route{Pattern: "GET /users/{user_id}/notes", Do: func(c *fixture.Call) {
			if !mine(c) {
				return
			}
			defer c.Lock()()
			list := []any{}
			for _, n := range notes {
				if n.owner == c.User.ID {
					list = append(list, map[string]any{"id": n.id, "text": n.text})
				}
			}
			c.JSON(200, list)
		}})
		s.Add(&fixture.Route{Pattern: "POST /users/{user_id}/notes", Body: `{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}`, Do: func(c *fixture.Call) {
			if strict && !mine(c) {
				return
			}
			text, ok := c.Body()["text"].(string)
			if !ok {
				c.Error(422, "a note has a text")
				return
			}
			defer c.Lock()()
			n := note{c.Int("user_id"), c.Next(), text}
			notes = append(notes, n)
			c.JSON(201, map[string]any{"id": n.id, "text": n.text})
		}})
		s.Add(&fixture.Route{Pattern: "GET /users/{user_id}/notes/{note_id}", Do: func(c *fixture.Call) {
			if !mine(c) {
				return
			}
			defer c.Lock()()
			for _, n := range notes {
				if n.owner == c.User.ID && n.id == c.Int("note_id") {
					c.JSON(200, map[string]any{"id": n.id, "text": n.text})
					return
				}
			}
			c.Error(404, "no such note")
		}})
	}
}

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
	{Name: "anybody cancels", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: acting(cancel, false, byPath)},
	{Name: "named in the query", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: acting(inQuery, false, byQuery)},
	{Name: "named in the body", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: acting(inBody, false, byBody)},
	{Name: "in somebody's folder", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: folder(false)},
	{Name: "the owner cancels", Kind: fixture.Fixed, Mode: api.Intrusive, Make: acting(cancel, true, byPath)},
	{Name: "one's own, named in the query", Kind: fixture.Fixed, Mode: api.Intrusive, Make: acting(inQuery, true, byQuery)},
	{Name: "one's own, named in the body", Kind: fixture.Fixed, Mode: api.Intrusive, Make: acting(inBody, true, byBody)},
	{Name: "one's own folder", Kind: fixture.Fixed, Mode: api.Intrusive, Make: folder(true)},
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
