package node

import (
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/fixture/gql"
)

func sample(name string, k fixture.Kind, cares func(c *fixture.Call, owner int) bool) fixture.Sample {
	g := gql.Server{TellsOwn: true, Depth: 5, Tops: 5, Limit: 24, Cares: cares}
	return fixture.Sample{Name: name, Kind: k, Make: g.Add}
}

// Samples are shops that speak GraphQL.
var Samples = []fixture.Sample{
	sample("gives any order to whoever signed in", fixture.Vulnerable, func(c *fixture.Call, _ int) bool { return c.User != nil }),
	sample("gives alice bob's, and bob nothing", fixture.Vulnerable, func(c *fixture.Call, owner int) bool {
		return c.User != nil && (c.User.Name == "alice" || c.User.ID == owner)
	}),
	sample("its owner's only", fixture.Fixed, nil),
	{Name: "no GraphQL", Kind: fixture.Fixed},
	sample("its owner's only, with noise", fixture.Noisy, nil),
}
