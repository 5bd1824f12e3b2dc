package weaksecret

import "palisade.dev/scan/api/fixture"

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a secret of a tutorial", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) { s.Key = []byte("your-256-bit-secret") }},
	{Name: "the issuer's name", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) { s.Key = []byte("shop-secret") }},
	{Name: "random", Kind: fixture.Fixed},
}
