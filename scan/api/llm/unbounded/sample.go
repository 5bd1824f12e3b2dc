package unbounded

import (
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/llm/fake"
)

// short refuses questions of more than four kilobytes.
func short(m fake.Model) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		own := m
		r := own.Route()
		do := r.Do
		r.Do = func(c *fixture.Call) {
			if c.R.ContentLength > 4<<10 {
				c.Error(413, "a question has at most 4000 letters")
				return
			}
			do(c)
		}
		s.Add(r)
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "long answers", Kind: fixture.Vulnerable, Make: short(fake.Model{Most: 100_000})},
	{Name: "long questions", Kind: fixture.Vulnerable, Make: fake.Shop(fake.Model{Most: 200})},
	{Name: "bounded", Kind: fixture.Fixed, Make: short(fake.Model{Most: 200})},
	{Name: "bounded, and talks a lot", Kind: fixture.Noisy, Make: short(fake.Model{Most: 200, Chatty: true})},
}
