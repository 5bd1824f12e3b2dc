package graphql

import (
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/fixture/gql"
)

func sample(name string, k fixture.Kind, g gql.Server) fixture.Sample {
	return fixture.Sample{Name: name, Kind: k, Make: g.Add}
}

// Samples are shops that speak GraphQL.
var Samples = []fixture.Sample{
	sample("aliases count as one", fixture.Vulnerable, gql.Server{TellsOwn: true, Depth: 5, Limit: 24}),
	sample("a batch counts as one", fixture.Vulnerable, gql.Server{Depth: 5, Tops: 5, Batch: 10, Limit: 24}),
	sample("as deep as one likes", fixture.Vulnerable, gql.Server{TellsOwn: true, Tops: 5, Limit: 24, PerField: true}),
	sample("validates nothing", fixture.Vulnerable, gql.Server{TellsOwn: true, Depth: 5, Repeats: true, Limit: 24, PerField: true}),
	sample("counts what is asked for", fixture.Fixed, gql.Server{TellsOwn: true, Depth: 5, Batch: 10, Limit: 24, PerField: true}),
	sample("few fields, no batches", fixture.Fixed, gql.Server{Depth: 5, Tops: 5, Limit: 24}),
	{Name: "no GraphQL", Kind: fixture.Fixed},
	sample("counts what is asked for, with noise", fixture.Noisy, gql.Server{TellsOwn: true, Depth: 5, Batch: 10, Limit: 24, PerField: true}),
}
