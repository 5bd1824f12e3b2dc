package template

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"palisade.dev/config"
	"palisade.dev/guard/wire"
)

//go:embed cards.yml
var cards []byte

// Card is a template as it is offered: what it stops, what it needs, and the rules to begin with.
type Card struct {
	Name  string      `json:"name" yaml:"name"`
	Title string      `json:"title" yaml:"title"`
	Stops string      `json:"stops" yaml:"stops"`
	Needs string      `json:"needs" yaml:"needs"`
	Use   wire.Words  `json:"-" yaml:"use"` // names of defaults
	Rules []wire.Rule `json:"rules" yaml:"rules"`
}

// Cards are all templates; their rules are in rehearsal, as whatever is new ought to be. Whoever asks gets copies.
func Cards() ([]Card, error) {
	all, err := readCards()
	out := slices.Clone(all)
	for i := range out {
		out[i].Rules = slices.Clone(out[i].Rules)
	}
	return out, err
}

// readCards reads them once: it takes some milliseconds, and pages ask.
var readCards = sync.OnceValues(func() ([]Card, error) {
	var read struct {
		Cards []Card `yaml:"cards"`
	}
	if err := config.Decode("cards.yml", cards, &read); err != nil {
		return nil, err
	}
	set, err := Default()
	if err != nil {
		return nil, err
	}
	for i := range read.Cards {
		c := &read.Cards[i]
		var rules []wire.Rule
		for _, name := range c.Use {
			at := slices.IndexFunc(set.Rules, func(r wire.Rule) bool { return r.Name == name })
			if at < 0 {
				return nil, fmt.Errorf("cards.yml: card %s uses rule %s, which default.yml has not", c.Name, name)
			}
			rules = append(rules, set.Rules[at])
		}
		c.Rules = append(rules, c.Rules...)
		for j := range c.Rules {
			c.Rules[j].Mode, c.Rules[j].Source = "rehearse", ""
		}
	}
	return read.Cards, nil
})
