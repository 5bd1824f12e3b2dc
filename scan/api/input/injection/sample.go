package injection

import (
	"strings"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/late"
)

var condition = late.Pattern(`^(\w+)(['"]?) AND (['"]?)(\d+)['"]?=['"]?(\d+)$`)

// search plays a database behind GET /search: quoted or not.
func search(quote string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /search", Open: true, Params: `[{"name":"author","in":"query","required":true,"schema":{"type":"string","example":"melville"}}]`, Do: func(c *fixture.Call) {
			v := c.R.URL.Query().Get("author")
			if m := condition.FindStringSubmatch(v); quote != "none" && m != nil && m[2] == quote {
				if m[4] != m[5] {
					c.JSON(200, map[string]any{"books": []string{}})
					return
				}
				v = m[1]
			}
			if quote == "complains" && strings.Count(v, "'")%2 == 1 {
				c.W.WriteHeader(500)
				_, _ = c.W.Write([]byte(`ERROR: syntax error at or near "'"`))
				return
			}
			books := []string{}
			if v == "melville" {
				books = []string{"Moby-Dick", "Typee", "Omoo"}
			}
			c.JSON(200, map[string]any{"books": books})
		}})
	}
}

// documents plays a document database that takes what is sent for a filter, in the query or in a body.
func documents(s *fixture.Shop) {
	answer := func(c *fixture.Call, filter any) {
		books := map[string][]string{"melville": {"Moby-Dick", "Typee", "Omoo"}, "conrad": {"Typhoon"}}
		found := []string{}
		for _, author := range []string{"melville", "conrad"} {
			o, isOperator := filter.(map[string]any)
			if filter == author || isOperator && (o["$eq"] == author || o["$ne"] != nil && o["$ne"] != author) {
				found = append(found, books[author]...)
			}
		}
		c.JSON(200, map[string]any{"books": found})
	}
	s.Add(&fixture.Route{Pattern: "GET /find", Open: true, Params: `[{"name":"author","in":"query","required":true,"schema":{"type":"string","example":"melville"}}]`, Do: func(c *fixture.Call) {
		q := c.R.URL.Query()
		for _, o := range []string{"$eq", "$ne"} {
			if v := q.Get("author[" + o + "]"); v != "" {
				answer(c, map[string]any{o: v})
				return
			}
		}
		answer(c, q.Get("author"))
	}})
	s.Add(&fixture.Route{
		Pattern: "POST /books/search", Open: true, Body: `{"type":"object","required":["author"],"properties":{"author":{"type":"string","example":"melville"}}}`,
		Do: func(c *fixture.Call) { answer(c, c.Body()["author"]) },
	})
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "in quotes", Kind: fixture.Vulnerable, Make: search("'")},
	{Name: "bare", Kind: fixture.Vulnerable, Make: search("")},
	{Name: "the database complains", Kind: fixture.Vulnerable, Make: search("complains")},
	{Name: "a filter of a document database", Kind: fixture.Vulnerable, Make: documents},
	{Name: "a filter of a document database, in a body", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		documents(s)
		s.Route("GET /find").Hidden = true
	}},
	{Name: "bound", Kind: fixture.Fixed, Make: search("none")},
	{Name: "any word gives the same", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /search", Open: true, Params: `[{"name":"author","in":"query","required":true,"schema":{"type":"string"}}]`, Do: func(c *fixture.Call) {
			c.JSON(200, map[string]any{"books": []string{"Moby-Dick"}, "for": c.R.URL.Query().Get("author")})
		}})
	}},
}
