package upstream

import (
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/ssrf/fake"
)

func sample(name string, kind fixture.Kind, routes ...*fixture.Route) fixture.Sample {
	return fixture.Sample{Name: name, Kind: kind, Tune: fixture.Listen, Make: fake.Adding(routes...)}
}

// careful calls whom it is told to, and does so well; that it does at all is for the probes of ssrf to say.
var careful = fake.Fetcher{Most: 1 << 20}

func but(change func(*fake.Fetcher)) *fixture.Route {
	f := careful
	change(&f)
	return f.Preview(false)
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	sample("takes any certificate", fixture.Vulnerable, but(func(f *fake.Fetcher) { f.Careless = true })),
	sample("follows redirects", fixture.Vulnerable, but(func(f *fake.Fetcher) { f.Follows = true })),
	sample("reads all", fixture.Vulnerable, but(func(f *fake.Fetcher) { f.Most = 0 })),
	{Name: "later", Kind: fixture.Vulnerable, Mode: api.Intrusive, Tune: fixture.Listen, Make: fake.Adding(fake.Fetcher{Most: 1 << 20, Careless: true}.Hook("/hooks", true))},
	sample("calls nobody", fixture.Fixed, fake.Fetcher{Filter: fake.List}.Preview(false)),
	sample("calls nobody inside", fixture.Fixed, fake.Fetcher{Dial: true, Follows: true, Careless: true}.Preview(true)),
}
