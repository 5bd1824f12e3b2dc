package contract

import "palisade.dev/scan/api/fixture"

func calling(inner string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route("POST /orders").Extra = `"callbacks":{"sold":{"{$request.body#/note}":{"post":{` + inner + `}}}}`
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a callback without a signature", Kind: fixture.Vulnerable, Make: calling(`"requestBody":{}`)},
	{Name: "with another header", Kind: fixture.Vulnerable, Make: calling(`"parameters":[{"name":"X-Event","in":"header","schema":{"type":"string"}}]`)},
	{Name: "signed", Kind: fixture.Fixed, Make: calling(`"parameters":[{"name":"X-Shop-Signature","in":"header","schema":{"type":"string"}}]`)},
	{Name: "calls nobody", Kind: fixture.Fixed},
}
