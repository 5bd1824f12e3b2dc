package filter

import (
	"strconv"

	"palisade.dev/scan/api/fixture"
)

// list makes the shop's list one of whoever is chosen.
func list(params string, choose func(c *fixture.Call) int) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		route := s.Route("GET /orders")
		if params != "" {
			route.Params = params
		}
		route.Do = func(c *fixture.Call) {
			defer c.Lock()()
			owner := choose(c)
			list := []any{}
			for _, o := range c.Orders {
				if o.Owner == owner {
					list = append(list, map[string]any{"id": o.ID, "item": o.Item, "card_last4": o.Card, "note": o.Note})
				}
			}
			c.JSON(200, list)
		}
	}
}

const declared = `[{"name":"user_id","in":"query","schema":{"type":"integer"}},{"name":"limit","in":"query","schema":{"type":"integer","maximum":20,"example":5}}]`

// asked is whom a parameter names, or whoever asks.
func asked(c *fixture.Call, name string) int {
	if n, err := strconv.Atoi(c.R.URL.Query().Get(name)); err == nil {
		return n
	}
	return c.User.ID
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a declared filter is believed", Kind: fixture.Vulnerable, Make: list(declared, func(c *fixture.Call) int { return asked(c, "user_id") })},
	{Name: "a filter that nobody speaks of", Kind: fixture.Vulnerable, Make: list("", func(c *fixture.Call) int { return asked(c, "ownerId") })},
	{Name: "by mail address", Kind: fixture.Vulnerable, Make: list("", func(c *fixture.Call) int {
		for _, u := range c.Users {
			if u.Email == c.R.URL.Query().Get("email") {
				return u.ID
			}
		}
		return c.User.ID
	})},
	{Name: "the filter is ignored", Kind: fixture.Fixed, Make: list(declared, func(c *fixture.Call) int { return c.User.ID })},
	{Name: "the filter only narrows", Kind: fixture.Fixed, Make: list(declared, func(c *fixture.Call) int {
		if asked(c, "user_id") != c.User.ID {
			return -1
		}
		return c.User.ID
	})},
	{Name: "a list that all may read", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /reviews", Params: declared, Do: func(c *fixture.Call) {
			all := []any{}
			for _, u := range c.Users {
				if n, err := strconv.Atoi(c.R.URL.Query().Get("user_id")); err == nil && n != u.ID {
					continue
				}
				all = append(all, map[string]any{"id": u.ID + 5, "stars": 4, "text": "what the reader " + u.Name + " thinks"})
			}
			c.JSON(200, all)
		}})
	}},
}
