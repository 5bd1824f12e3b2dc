package self

import (
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/ssrf/fake"
)

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "reads itself", Kind: fixture.Vulnerable, Make: fake.Adding(fake.Fetcher{}.Preview(true))},
	{Name: "refuses private addresses as it connects", Kind: fixture.Fixed, Make: fake.Adding(fake.Fetcher{Dial: true}.Preview(true))},
	{Name: "takes none", Kind: fixture.Fixed},
	{Name: "an echo", Kind: fixture.Fixed, Make: fake.Adding(&fixture.Route{
		Pattern: "GET /go", Params: `[{"name":"next","in":"query","schema":{"type":"string"}}]`,
		Do: func(c *fixture.Call) { c.JSON(200, map[string]string{"next": c.R.URL.Query().Get("next")}) },
	})},
	{Name: "always says the same", Kind: fixture.Fixed, Make: fake.Adding(&fixture.Route{
		Pattern: "GET /go", Params: `[{"name":"next","in":"query","schema":{"type":"string"}}]`, Do: fixture.Books,
	})},
}
