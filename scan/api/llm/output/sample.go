package output

import (
	"html"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/llm/fake"
)

func page(m fake.Model, escape func(string) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) { own := m; s.Add(own.Page(escape)) }
}

func asItIs(s string) string { return s }

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "into a page as it is", Kind: fixture.Vulnerable, Make: page(fake.Model{}, asItIs)},
	{Name: "into a page as it is, with words around", Kind: fixture.Vulnerable, Make: page(fake.Model{Chatty: true}, asItIs)},
	{Name: "images from anywhere", Kind: fixture.Vulnerable, Make: fake.Shop(fake.Model{Images: true})},
	{Name: "escaped", Kind: fixture.Fixed, Make: page(fake.Model{}, html.EscapeString)},
	{Name: "JSON, which a page has to escape", Kind: fixture.Fixed, Make: fake.Shop(fake.Model{})},
	{Name: "JSON, and talks a lot", Kind: fixture.Noisy, Make: fake.Shop(fake.Model{Chatty: true})},
}
