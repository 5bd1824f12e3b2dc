package template

import (
	"testing"

	"palisade.dev/guard"
	"palisade.dev/guard/wire"
)

func TestDefaultCompiles(t *testing.T) {
	s, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Rules) < 13 || len(s.Traps) != 3 || len(s.Routes) != 4 {
		t.Fatalf("%d rules, %d traps, %d routes", len(s.Rules), len(s.Traps), len(s.Routes))
	}
	p := &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1}
	s.Onto(p)
	notes, err := guard.Check(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 1 { // no network lists were given
		t.Errorf("notes: %q", notes)
	}
}

func TestOwnRuleStandsInPlaceOfTheDefault(t *testing.T) {
	s, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	p := &wire.Policy{Rules: []wire.Rule{{Name: "login-pair", Limit: "99 per 1h"}}}
	s.Onto(p)
	n := 0
	for _, r := range p.Rules {
		if r.Name == "login-pair" {
			n++
			if r.Limit != "99 per 1h" {
				t.Errorf("limit %q", r.Limit)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d rules of the name", n)
	}
}
