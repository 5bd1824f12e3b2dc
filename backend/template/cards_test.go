package template

import (
	"testing"

	"palisade.dev/guard"
	"palisade.dev/guard/wire"
)

// TestCards: each template's rules are sound beside the defaults, in rehearsal, and every default is offered by one.
func TestCards(t *testing.T) {
	cards, err := Cards()
	if err != nil {
		t.Fatal(err)
	}
	set, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	offered := map[string]bool{}
	for _, c := range cards {
		if c.Title == "" || c.Stops == "" || c.Needs == "" || len(c.Rules) == 0 {
			t.Errorf("%s does not say what it is for", c.Name)
		}
		for _, r := range c.Rules {
			if offered[r.Name] || r.Mode != "rehearse" {
				t.Errorf("%s is offered twice, or not in rehearsal: %+v", r.Name, r)
			}
			offered[r.Name] = true
			p := &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1, Rules: []wire.Rule{r}}
			set.Onto(p)
			if _, err := guard.Check(p, nil); err != nil {
				t.Error(err)
			}
		}
	}
	for _, r := range set.Rules {
		if !offered[r.Name] {
			t.Errorf("%s is offered by no card", r.Name)
		}
		if r.Mode != "" {
			t.Errorf("making cards changed the default %s", r.Name)
		}
	}
	if len(cards) != 6 {
		t.Errorf("%d cards", len(cards))
	}
}
