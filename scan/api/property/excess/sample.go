package excess

import "palisade.dev/scan/api/fixture"

const cardSchema = `{"type":"object","properties":{"id":{"type":"integer"},"name":{"type":"string"},"address":{"type":"object","properties":{"city":{"type":"string"}}}}}`

// card is a page whose answer holds more than it says.
func card(schema string, more map[string]any) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /cards", Answer: `{"type":"array","items":` + schema + `}`, Do: func(c *fixture.Call) {
			m := map[string]any{"id": c.User.ID + 9000, "name": "card of " + c.User.Name, "address": map[string]any{"city": "Mill Lane"}}
			for name, v := range more {
				m[name] = v
			}
			c.JSON(200, []any{m})
		}})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "the answer to a lost password", Kind: fixture.Vulnerable, Make: card(cardSchema, map[string]any{"reset_token": "f81d4fae7dec11d0a765"})},
	{Name: "a score of the inside", Kind: fixture.Vulnerable, Make: card(cardSchema, map[string]any{"risk_score": 71, "is_flagged": true})},
	{Name: "a host of the inside, deep", Kind: fixture.Vulnerable, Make: card(cardSchema, map[string]any{"served_by": "cards-3.shop.internal"})},
	{Name: "no more than was said", Kind: fixture.Fixed, Make: card(cardSchema, nil)},
	{Name: "harmless fields more", Kind: fixture.Fixed, Make: card(cardSchema, map[string]any{"links": []string{"/cards"}, "colour": "red"})},
	{Name: "flags and stars", Kind: fixture.Fixed, Make: card(cardSchema, map[string]any{"password_set": true, "api_key": "********3f", "otp": ""})},
	{Name: "one of two forms", Kind: fixture.Fixed, Make: card(`{"oneOf":[{"type":"object","properties":{"id":{"type":"integer"},"name":{"type":"string"},"address":{"type":"object"}}},{"type":"object","properties":{"mfa_secret":{"type":"string","description":"shown once"}}}]}`,
		map[string]any{"mfa_secret": "shown-on-purpose"})},
	{Name: "nothing was promised", Kind: fixture.Fixed, Make: card(`{"type":"object"}`, map[string]any{"secret_santa": "alice gives to bob"})},
}
