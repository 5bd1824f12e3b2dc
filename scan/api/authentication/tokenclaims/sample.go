package tokenclaims

import (
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/jwt"
)

func claiming(claims map[string]any) func(*fixture.Shop, *api.Options) {
	return func(s *fixture.Shop, o *api.Options) {
		t, err := jwt.Parse(s.Token("alice"))
		if err != nil {
			panic("a token of the shop's own: " + err.Error())
		}
		o.Identities[0] = identity.New("alice", "", identity.Bearer, "", t.Claiming(claims).HMAC(s.Key))
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a month", Kind: fixture.Vulnerable, Tune: claiming(map[string]any{"exp": float64(1775000000)})},
	{Name: "an e-mail address", Kind: fixture.Vulnerable, Tune: claiming(map[string]any{"email": "alice.archer@books.test"})},
	{Name: "half a day and a number", Kind: fixture.Fixed, Tune: claiming(map[string]any{"email_verified": true})},
}
