package oldversion

import (
	"net/http"
	"strings"

	"palisade.dev/scan/api/fixture"
)

func mine(c *fixture.Call) {
	c.JSON(200, map[string]any{"account": "3107", "books": []string{"The Sea Atlas"}})
}

func versions(open bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /v2/shelf", Do: mine})
		s.Add(&fixture.Route{Pattern: "GET /v1/shelf", Open: open, Hidden: true, Do: mine})
	}
}

// anyone believes whatever credential comes.
func anyone(s *fixture.Shop) {
	versions(false)(s)
	s.Route("GET /v1/shelf").Open = true
	s.Route("GET /v1/shelf").Do = func(c *fixture.Call) {
		if c.R.Header.Get("Authorization") == "" {
			c.Error(401, "sign in first")
			return
		}
		mine(c)
	}
	who := s.Who
	s.Who = func(r *http.Request) (*fixture.User, bool) {
		u, bad := who(r)
		return u, bad && !strings.HasPrefix(r.URL.Path, "/v1/")
	}
}

// fields gives some more under the old version.
func fields(more map[string]any) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		one := func(extra map[string]any) func(c *fixture.Call) {
			return func(c *fixture.Call) {
				m := map[string]any{"name": c.User.Name, "shelf": c.User.ID + 11}
				for k, v := range extra {
					m[k] = v
				}
				c.JSON(200, m)
			}
		}
		s.Add(&fixture.Route{Pattern: "GET /v2/reader", Do: one(nil)})
		s.Add(&fixture.Route{Pattern: "GET /v1/reader", Hidden: true, Do: one(more)})
	}
}

// orders serves orders under two versions; only the new one asks whose they are, unless both do.
func orders(both bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		one := func(strict bool) func(c *fixture.Call) {
			return func(c *fixture.Call) {
				defer c.Lock()()
				o := c.Order(c.Int("order_id"))
				if o == nil || strict && o.Owner != c.User.ID {
					c.Error(404, "no such order")
					return
				}
				c.JSON(200, map[string]any{"id": o.ID, "item": o.Item, "note": o.Note})
			}
		}
		s.Add(&fixture.Route{Pattern: "GET /v2/orders/{order_id}", Do: one(true)})
		s.Add(&fixture.Route{Pattern: "GET /v1/orders/{order_id}", Hidden: true, Do: one(both)})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "v1 asks nobody", Kind: fixture.Vulnerable, Make: versions(true)},
	{Name: "v1 believes any credential", Kind: fixture.Vulnerable, Make: anyone},
	{Name: "v1 asks who, and not whose", Kind: fixture.Vulnerable, Make: orders(false)},
	{Name: "v1 gives the address as well", Kind: fixture.Vulnerable, Make: fields(map[string]any{"birth_date": "1979-04-11"})},
	{Name: "v1 asks too", Kind: fixture.Fixed, Make: versions(false)},
	{Name: "v1 asks whose too", Kind: fixture.Fixed, Make: orders(true)},
	{Name: "v1 gives a colour as well", Kind: fixture.Fixed, Make: fields(map[string]any{"colour": "red", "request_id": "r-1"})},
}
