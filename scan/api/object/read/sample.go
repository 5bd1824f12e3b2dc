package read

import (
	"strconv"

	"palisade.dev/scan/api/fixture"
)

func view(o *fixture.Order) map[string]any {
	return map[string]any{"id": o.ID, "item": o.Item, "card_last4": o.Card, "note": o.Note}
}

// notes are listed with their authors to whoever is signed in, and so is each with its inside.
func notes(inside string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		one := func(u *fixture.User) map[string]any {
			return map[string]any{"id": 600 + u.ID, "title": "of " + u.Name, "author": u.Email, inside: "what " + u.Name + " wrote down"}
		}
		s.Add(&fixture.Route{Pattern: "GET /notes", Do: func(c *fixture.Call) {
			list := []any{map[string]any{"id": 5, "title": "house rules", "author": "nobody@books.test"}}
			for _, u := range c.Users {
				n := one(u)
				delete(n, inside)
				list = append(list, n)
			}
			c.JSON(200, list)
		}})
		s.Add(&fixture.Route{Pattern: "GET /notes/{id}", Do: func(c *fixture.Call) {
			if c.Int("id") == 5 {
				c.JSON(200, map[string]any{"id": 5, "title": "house rules", "author": "nobody@books.test", inside: "be kind to the books"})
				return
			}
			for _, u := range c.Users {
				if c.Int("id") == 600+u.ID {
					c.JSON(200, one(u))
					return
				}
			}
			c.Error(404, "no such note")
		}})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "any order to anybody", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Route("GET /orders/{id}").Do = func(c *fixture.Call) {
			defer c.Lock()()
			if o := c.Order(c.Int("id")); o != nil {
				c.JSON(200, view(o))
				return
			}
			c.Error(404, "no such order")
		}
	}},
	{Name: "by the query", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /receipt", Params: `[{"name":"order_id","in":"query","required":true,"schema":{"type":"integer"}}]`, Do: func(c *fixture.Call) {
			defer c.Lock()()
			n, err := strconv.Atoi(c.R.URL.Query().Get("order_id"))
			if o := c.Order(n); err == nil && o != nil {
				c.JSON(200, view(o))
				return
			}
			c.Error(404, "no such order")
		}})
	}},
	{Name: "any user's page", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /users/{user_id}", Do: func(c *fixture.Call) {
			for _, u := range c.Users {
				if u.ID == c.Int("user_id") {
					c.JSON(200, map[string]any{"id": u.ID, "name": u.Name, "email": u.Email, "birth_date": "1979-04-" + strconv.Itoa(10+u.ID%20)})
					return
				}
			}
			c.Error(404, "no such user")
		}})
	}},
	{Name: "named to all, with a secret inside", Kind: fixture.Vulnerable, Make: notes("secret")},
	{Name: "one's own only", Kind: fixture.Fixed},
	{Name: "articles that all may read", Kind: fixture.Fixed, Make: notes("text")},
	{Name: "shared on purpose: in both lists", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		all := func(c *fixture.Call) {
			defer c.Lock()()
			list := []any{}
			for _, o := range c.Orders {
				list = append(list, view(o))
			}
			c.JSON(200, list)
		}
		s.Route("GET /orders").Do = all
		s.Route("GET /orders/{id}").Do = func(c *fixture.Call) {
			defer c.Lock()()
			if o := c.Order(c.Int("id")); o != nil {
				c.JSON(200, view(o))
				return
			}
			c.Error(404, "no such order")
		}
	}},
	{Name: "a public profile", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /users/{user_id}", Open: true, Do: func(c *fixture.Call) {
			for _, u := range c.Users {
				if u.ID == c.Int("user_id") {
					c.JSON(200, map[string]any{"id": u.ID, "name": "reader " + u.Name})
					return
				}
			}
			c.Error(404, "no such user")
		}})
	}},
	{Name: "the same empty answer for any number", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		sound := s.Route("GET /orders/{id}").Do
		s.Route("GET /orders/{id}").Do = func(c *fixture.Call) {
			if o := c.Order(c.Int("id")); o == nil || o.Owner != c.User.ID {
				c.JSON(200, map[string]any{"id": c.Int("id"), "item": nil, "card_last4": nil, "note": nil})
				return
			}
			sound(c)
		}
	}},
}
