package schema

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

func shelf(fail func(c *fixture.Call, shelf string)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /shelves", Open: true, Params: `[{"name":"shelf","in":"query","required":true,"schema":{"type":"integer","example":3}}]`, Do: func(c *fixture.Call) {
			fail(c, c.R.URL.Query().Get("shelf"))
		}})
	}
}

// search is an operation that reads a body, in its own way.
func search(reads func(c *fixture.Call, body string) bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{
			Pattern: "POST /orders/search", Answer: `{"type":"object"}`,
			Body: `{"type":"object","required":["item"],"properties":{"item":{"type":"string","maxLength":40,"example":"Bread at Home"}}}`,
			Do: func(c *fixture.Call) {
				body, _ := io.ReadAll(io.LimitReader(c.R.Body, 1<<20))
				if !reads(c, string(body)) {
					return
				}
				var in struct{ Item string }
				if c.R.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &in) != nil || in.Item == "" {
					c.Error(422, "an item, please")
					return
				}
				c.JSON(200, map[string]any{"for": in.Item, "orders": []int{}})
			},
		})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a word for a number", Kind: fixture.Vulnerable, Make: shelf(func(c *fixture.Call, v string) {
		n, err := strconv.Atoi(v)
		if err != nil {
			c.Error(500, "internal error")
			return
		}
		c.JSON(200, map[string]int{"shelf": n})
	})},
	{Name: "a field that is an object", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: func(s *fixture.Shop) {
		sound := s.Route("POST /orders").Do
		s.Route("POST /orders").Do = func(c *fixture.Call) {
			if c.R.Header.Get("Content-Type") != "application/json" {
				c.Error(http.StatusInternalServerError, "internal error")
				return
			}
			sound(c)
		}
	}},
	{Name: "a field twice", Kind: fixture.Vulnerable, Make: search(func(c *fixture.Call, body string) bool {
		if strings.Count(body, `"item"`) > 1 {
			c.Error(500, "internal error")
			return false
		}
		return true
	})},
	{Name: "bytes that are no text", Kind: fixture.Vulnerable, Make: search(func(c *fixture.Call, body string) bool {
		if !utf8.ValidString(body) {
			c.Error(500, "internal error")
			return false
		}
		return true
	})},
	{Name: "more letters than a column holds", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /find", Open: true, Params: `[{"name":"author","in":"query","required":true,"schema":{"type":"string","example":"melville"}}]`, Do: func(c *fixture.Call) {
			if len(c.R.URL.Query().Get("author")) > 255 {
				c.Error(500, "internal error")
				return
			}
			c.JSON(200, []string{"Moby-Dick"})
		}})
	}},
	{Name: "more letters than are allowed", Kind: fixture.Vulnerable, Make: search(func(*fixture.Call, string) bool { return true })},
	{Name: "all is checked", Kind: fixture.Fixed, Mode: api.Intrusive},
	{Name: "words are taken for nothing", Kind: fixture.Fixed, Make: shelf(func(c *fixture.Call, v string) {
		n, _ := strconv.Atoi(v)
		c.JSON(200, map[string]int{"shelf": n})
	})},
	{Name: "fails now and then, whatever is asked", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		n := 0
		shelf(func(c *fixture.Call, _ string) {
			unlock := c.Lock()
			n++
			bad := n%3 == 0
			unlock()
			if bad {
				c.Error(500, "internal error")
				return
			}
			c.JSON(200, map[string]int{"shelf": 3})
		})(s)
	}},
}
