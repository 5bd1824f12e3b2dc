package size

import (
	"strconv"

	"palisade.dev/scan/api/fixture"
)

func books(n int) []any {
	list := []any{}
	for i := range n {
		list = append(list, map[string]any{"id": 100 + i, "title": "Book " + strconv.Itoa(i)})
	}
	return list
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "as many as asked for", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Route("GET /books").Do = func(c *fixture.Call) {
			n, err := strconv.Atoi(c.R.URL.Query().Get("limit"))
			if err != nil {
				n = 5
			}
			c.JSON(200, books(min(n, 5000)))
		}
	}},
	{Name: "all at once", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Route("GET /books").Do = func(c *fixture.Call) { c.JSON(200, map[string]any{"items": books(1500)}) }
	}},
	{Name: "at most twenty", Kind: fixture.Fixed},
	{Name: "too much is refused", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Route("GET /books").Do = func(c *fixture.Call) {
			n, err := strconv.Atoi(c.R.URL.Query().Get("limit"))
			if err == nil && n > 100 {
				c.Error(400, "at most 100")
				return
			}
			c.JSON(200, books(max(n, 5)))
		}
	}},
}
