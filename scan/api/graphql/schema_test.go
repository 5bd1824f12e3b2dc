package graphql

import "testing"

const small = `{"data":{"__schema":{"queryType":{"name":"Query"},"types":[
{"kind":"OBJECT","name":"Query","fields":[{"name":"me","args":[],"type":{"kind":"OBJECT","name":"User"}},{"name":"bad name","args":[],"type":{"kind":"SCALAR","name":"Int"}}]},
{"kind":"OBJECT","name":"User","fields":[{"name":"id","args":[],"type":{"kind":"SCALAR","name":"ID"}},{"name":"friends","args":[],"type":{"kind":"LIST","ofType":{"kind":"OBJECT","name":"User"}}}]}]}}}`

func TestSchema(t *testing.T) {
	s, ok := ReadSchema([]byte(small))
	if !ok || len(s.Types["Query"]) != 1 {
		t.Fatalf("%v %v", s, ok)
	}
	if got := s.Selection("User"); got != "{id}" {
		t.Error(got)
	}
	circles := s.Circles()
	if len(circles) != 1 || circles[0].Times(2) != "{me{friends{friends{id}}}}" {
		t.Errorf("%v", circles)
	}
	if got := Aliased("me{id}", 2); got != "{a0:me{id} a1:me{id}}" {
		t.Error(got)
	}
}

func FuzzSchema(f *testing.F) {
	for _, s := range []string{small, `{"data":{"__schema":null}}`, `{"data":{"__schema":{"queryType":{"name":"Q"},"types":[{"kind":"OBJECT","name":"Q","fields":[{"name":"q","args":[{"name":"}","type":{}}],"type":{"kind":"OBJECT","name":"Q"}}]}]}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := ReadSchema(data)
		if !ok {
			return
		}
		for _, c := range s.Circles() {
			if q := c.Times(2); len(q) > 4096 {
				t.Errorf("a query of %d bytes", len(q))
			}
		}
	})
}
