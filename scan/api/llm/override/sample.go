package override

import (
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/llm/fake"
)

func scoped(falls ...string) func(*fixture.Shop) {
	return fake.Shop(fake.Model{Scoped: true, Falls: falls})
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "forgets when told to", Kind: fixture.Vulnerable, Make: scoped("ignore all previous")},
	{Name: "plays a role", Kind: fixture.Vulnerable, Make: scoped("without rules")},
	{Name: "decodes and obeys", Kind: fixture.Vulnerable, Make: scoped("base64")},
	{Name: "reads another alphabet and obeys", Kind: fixture.Vulnerable, Make: scoped("rot13")},
	{Name: "was told its bounds in one language", Kind: fixture.Vulnerable, Make: scoped("vergiss alle")},
	{Name: "obeys a letter", Kind: fixture.Vulnerable, Make: scoped("note to the assistant")},
	{Name: "goes on as the examples do", Kind: fixture.Vulnerable, Make: scoped("moon+sun")},
	{Name: "takes messages of the system from anybody", Kind: fixture.Vulnerable, Make: scoped("role:system")},
	{Name: "takes its own words from anybody", Kind: fixture.Vulnerable, Make: scoped("role:assistant")},
	{Name: "keeps to it", Kind: fixture.Fixed, Make: scoped()},
	{Name: "keeps to it, and talks a lot", Kind: fixture.Noisy, Make: fake.Shop(fake.Model{Scoped: true, Chatty: true})},
	{Name: "has no bounds", Kind: fixture.Noisy, Make: fake.Shop(fake.Model{})},
}
