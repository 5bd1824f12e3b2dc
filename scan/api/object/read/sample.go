package read

import (
	"fmt"
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

// lookup is an order by what a function reads off the request; strict gives it to its owner only.
func lookup(pattern, params, body string, strict bool, ids func(c *fixture.Call) []any) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: pattern, Params: params, Body: body, Do: func(c *fixture.Call) {
			list := []any{}
			wanted := ids(c)
			defer c.Lock()()
			for _, id := range wanted {
				n, _ := strconv.Atoi(fmt.Sprint(id))
				if o := c.Order(n); o != nil && (!strict || o.Owner == c.User.ID) {
					list = append(list, view(o))
				}
			}
			if len(list) == 0 {
				c.Error(404, "no such order")
				return
			}
			c.JSON(200, list)
		}})
	}
}

func inBody(c *fixture.Call) []any {
	order, _ := c.Body()["order"].(map[string]any)
	return []any{order["id"]}
}

func batch(c *fixture.Call) []any {
	ids, _ := c.Body()["ids"].([]any)
	return ids
}

const (
	orderBody = `{"type":"object","required":["order"],"properties":{"order":{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}}}}`
	batchBody = `{"type":"object","required":["ids"],"properties":{"ids":{"type":"array","minItems":1,"items":{"type":"integer"}}}}`
)

// nested checks whose the folder is, and whose the thing in it only where it is strict.
func nested(strict bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /users/{user_id}/orders/{order_id}", Do: func(c *fixture.Call) {
			defer c.Lock()()
			o := c.Order(c.Int("order_id"))
			if c.Int("user_id") != c.User.ID || o == nil || strict && o.Owner != c.User.ID {
				c.Error(404, "no such order")
				return
			}
			c.JSON(200, view(o))
		}})
	}
}

// envelope lists orders inside an object, at an address that does not say what it lists.
func envelope(strict bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /mine", Do: func(c *fixture.Call) {
			defer c.Lock()()
			list := []any{}
			for _, o := range c.Orders {
				if o.Owner == c.User.ID {
					list = append(list, map[string]any{"id": o.ID + 5, "note": o.Note})
				}
			}
			c.JSON(200, map[string]any{"success": true, "parcels": list})
		}})
		s.Add(&fixture.Route{Pattern: "GET /show/{parcel_id}", Do: func(c *fixture.Call) {
			defer c.Lock()()
			o := c.Order(c.Int("parcel_id") - 5)
			if o == nil || strict && o.Owner != c.User.ID {
				c.Error(404, "no such parcel")
				return
			}
			c.JSON(200, map[string]any{"success": true, "parcels": []any{map[string]any{"id": o.ID + 5, "note": o.Note}}})
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
	{Name: "by a header", Kind: fixture.Vulnerable, Make: lookup("GET /receipts", `[{"name":"X-Order-Id","in":"header","required":true,"schema":{"type":"integer"}}]`, "", false,
		func(c *fixture.Call) []any { return []any{c.R.Header.Get("X-Order-Id")} })},
	{Name: "deep in a body", Kind: fixture.Vulnerable, Make: lookup("POST /receipts/search", "", orderBody, false, inBody)},
	{Name: "in a list of many", Kind: fixture.Vulnerable, Make: lookup("POST /orders/lookup", "", batchBody, false, batch)},
	{Name: "in one's own folder", Kind: fixture.Vulnerable, Make: nested(false)},
	{Name: "known from an envelope elsewhere", Kind: fixture.Vulnerable, Make: envelope(false)},
	{Name: "an envelope with one's own", Kind: fixture.Fixed, Make: envelope(true)},
	{Name: "a body that names one's own only", Kind: fixture.Fixed, Make: lookup("POST /receipts/search", "", orderBody, true, inBody)},
	{Name: "a list that leaves out what is not one's own", Kind: fixture.Fixed, Make: lookup("POST /orders/lookup", "", batchBody, true, batch)},
	{Name: "folder and thing are both checked", Kind: fixture.Fixed, Make: nested(true)},
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
