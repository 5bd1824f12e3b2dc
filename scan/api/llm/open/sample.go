package open

import (
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/llm/fake"
)

func unguarded(m fake.Model, extra string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		r := m.Route()
		s.Add(r)
		s.Gate = func(c *fixture.Call, route *fixture.Route) bool {
			if route != r || extra == "optional" && c.R.Header.Get("Authorization") != "" && c.User == nil {
				return false
			}
			r.Do(c)
			return true
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "nobody is asked who they are", Kind: fixture.Vulnerable, Make: unguarded(fake.Model{}, "")},
	{Name: "a missing credential passes, a wrong one does not", Kind: fixture.Vulnerable, Make: unguarded(fake.Model{Chatty: true}, "optional")},
	{Name: "and the scanner is nobody", Kind: fixture.Vulnerable, As: []string{}, Make: unguarded(fake.Model{}, "")},
	{Name: "guarded", Kind: fixture.Fixed, Make: fake.Shop(fake.Model{})},
	{Name: "guarded, and talks a lot", Kind: fixture.Noisy, Make: fake.Shop(fake.Model{Chatty: true})},
	{Name: "an echo", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "POST /assistant", Open: true, Body: `{"type":"object","properties":{"message":{"type":"string"}}}`, Do: func(c *fixture.Call) {
			c.JSON(200, map[string]any{"id": 7, "status": "queued"})
		}})
	}},
	{Name: "open by design", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		m := fake.Model{Most: 200}
		r := m.Route()
		r.Open = true
		s.Add(r)
	}},
}
