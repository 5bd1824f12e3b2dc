package template

import (
	"strconv"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/late"
)

var product = late.Pattern(`\{\{(\d+)\*(\d+)\}\}`)

func greet(compute bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /greeting", Open: true, Params: `[{"name":"name","in":"query","required":true,"schema":{"type":"string","example":"Ada"}}]`, Do: func(c *fixture.Call) {
			name := c.R.URL.Query().Get("name")
			if compute {
				name = product.ReplaceAllStringFunc(name, func(s string) string {
					m := product.FindStringSubmatch(s)
					a, _ := strconv.Atoi(m[1])
					b, _ := strconv.Atoi(m[2])
					return strconv.Itoa(a * b)
				})
			}
			c.JSON(200, map[string]string{"greeting": "Dear " + name + ","})
		}})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "made part of the template", Kind: fixture.Vulnerable, Make: greet(true)},
	{Name: "given back as it is", Kind: fixture.Fixed, Make: greet(false)},
}
