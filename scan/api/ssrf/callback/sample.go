package callback

import (
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/ssrf/fake"
)

func sample(name string, kind fixture.Kind, mode api.Mode, routes ...*fixture.Route) fixture.Sample {
	return fixture.Sample{Name: name, Kind: kind, Mode: mode, Tune: fixture.Listen, Make: fake.Adding(routes...)}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	sample("gives back what it read", fixture.Vulnerable, api.Active, fake.Fetcher{Follows: true}.Preview(true)),
	sample("says only that it read", fixture.Vulnerable, api.Active, fake.Fetcher{}.Preview(false)),
	sample("in a body that only looks", fixture.Vulnerable, api.Active, fake.Fetcher{}.Hook("/hooks/check", false)),
	sample("later, by somebody else", fixture.Vulnerable, api.Intrusive, fake.Fetcher{}.Hook("/hooks", true)),
	sample("a filter that reads the text", fixture.Vulnerable, api.Active, fake.Fetcher{Filter: fake.Text}.Preview(true)),
	sample("refuses private addresses as it connects", fixture.Fixed, api.Active, fake.Fetcher{Dial: true, Follows: true}.Preview(true)),
	sample("a list", fixture.Fixed, api.Active, fake.Fetcher{Filter: fake.List}.Preview(true)),
	sample("takes none", fixture.Fixed, api.Active),
	sample("a list, later", fixture.Fixed, api.Intrusive, fake.Fetcher{Filter: fake.List}.Hook("/hooks", true)),
	sample("an echo", fixture.Fixed, api.Active, &fixture.Route{
		Pattern: "GET /go", Params: `[{"name":"next","in":"query","schema":{"type":"string"}}]`,
		Do: func(c *fixture.Call) { c.JSON(200, map[string]string{"next": c.R.URL.Query().Get("next")}) },
	}),
	sample("refuses, with noise", fixture.Noisy, api.Active, fake.Fetcher{Dial: true}.Preview(true)),
}
