package indirect

import (
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/llm/fake"
)

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "obeys", Kind: fixture.Vulnerable, Tune: fixture.Listen, Make: fake.Shop(fake.Model{Opens: true, Obeys: true})},
	{Name: "obeys, though it keeps to books with users", Kind: fixture.Vulnerable, Tune: fixture.Listen, Make: fake.Shop(fake.Model{Opens: true, Obeys: true, Scoped: true, Chatty: true})},
	{Name: "opens", Kind: fixture.Vulnerable, Tune: fixture.Listen, Make: fake.Shop(fake.Model{Opens: true})},
	{Name: "opens nothing", Kind: fixture.Fixed, Tune: fixture.Listen, Make: fake.Shop(fake.Model{})},
	{Name: "opens nothing, and talks a lot", Kind: fixture.Noisy, Tune: fixture.Listen, Make: fake.Shop(fake.Model{Chatty: true})},
}
