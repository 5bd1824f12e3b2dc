package massassignment

import (
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// taking makes a shop that keeps what it is sent, as far as take says so.
func taking(take func(o *fixture.Order, m map[string]any)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route("POST /orders").Do = func(c *fixture.Call) {
			m := c.Body()
			item, ok := m["item"].(string)
			if !ok {
				c.Error(422, "an order has an item")
				return
			}
			defer c.Lock()()
			o := &fixture.Order{ID: c.Next(), Owner: c.User.ID, Item: item, Card: "4417"}
			take(o, m)
			c.Orders = append(c.Orders, o)
			c.JSON(201, map[string]any{"id": o.ID, "item": o.Item, "card_last4": m["card_last4"]}) // an echo, true or not
		}
	}
}

// updating keeps a field that only the shop should set, on PATCH.
func updating(s *fixture.Shop) {
	sound := s.Route("PATCH /orders/{id}").Do
	s.Route("PATCH /orders/{id}").Do = func(c *fixture.Call) {
		m := c.Body()
		unlock := c.Lock()
		o := c.Order(c.Int("id"))
		card, ok := m["card_last4"].(string)
		mine := o != nil && o.Owner == c.User.ID
		if mine && ok {
			o.Card = card
		}
		unlock()
		if mine && ok {
			c.JSON(200, map[string]any{"id": o.ID})
			return
		}
		sound(c)
	}
}

// signUp makes accounts, which a list shows; the role is taken from the body where it is believed.
func signUp(believes bool, shown bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		type account struct{ name, role string }
		var accounts []account
		s.Add(&fixture.Route{Pattern: "POST /register", Open: true, Body: `{"type":"object","required":["username","password"],"properties":{"username":{"type":"string"},"password":{"type":"string"}}}`, Do: func(c *fixture.Call) {
			m := c.Body()
			name, ok := m["username"].(string)
			if !ok {
				c.Error(422, "an account has a name")
				return
			}
			defer c.Lock()()
			a := account{name, "reader"}
			if role, ok := m["role"].(string); ok && believes {
				a.role = role
			}
			accounts = append(accounts, a)
			c.JSON(201, map[string]any{"username": name, "role": m["role"]})
		}})
		if !shown {
			return
		}
		s.Add(&fixture.Route{Pattern: "GET /accounts", Do: func(c *fixture.Call) {
			defer c.Lock()()
			list := []any{}
			for _, a := range accounts {
				list = append(list, map[string]any{"username": a.name, "role": a.role})
			}
			c.JSON(200, map[string]any{"accounts": list})
		}})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a field that is read only", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: taking(func(o *fixture.Order, m map[string]any) {
		if v, ok := m["card_last4"].(string); ok {
			o.Card = v
		}
	})},
	{Name: "by a change", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: updating},
	{Name: "a role at the door, seen in a list", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: signUp(true, true)},
	{Name: "a role at the door that is dropped", Kind: fixture.Fixed, Mode: api.Intrusive, Make: signUp(false, true)},
	{Name: "a role that is echoed, and nothing shows", Kind: fixture.Fixed, Mode: api.Intrusive, Make: signUp(false, false)},
	{Name: "unknown fields are refused", Kind: fixture.Fixed, Mode: api.Intrusive},
	{Name: "unknown fields are echoed and dropped", Kind: fixture.Fixed, Mode: api.Intrusive, Make: taking(func(*fixture.Order, map[string]any) {})},
}
