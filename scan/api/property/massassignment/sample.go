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

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a field that is read only", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: taking(func(o *fixture.Order, m map[string]any) {
		if v, ok := m["card_last4"].(string); ok {
			o.Card = v
		}
	})},
	{Name: "unknown fields are refused", Kind: fixture.Fixed, Mode: api.Intrusive},
	{Name: "unknown fields are echoed and dropped", Kind: fixture.Fixed, Mode: api.Intrusive, Make: taking(func(*fixture.Order, map[string]any) {})},
}
