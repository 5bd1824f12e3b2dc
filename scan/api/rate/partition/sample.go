package partition

import (
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/jwt"
)

func by(key func(c *fixture.Call) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			if fixture.SignIn(r) {
				return "address " + c.Address() + r.Pattern, 20
			}
			return key(c) + r.Pattern, 25
		}
	}
}

// Samples are shops that count by many things.
var Samples = []fixture.Sample{
	{Name: "one for all", Kind: fixture.Vulnerable, Make: by(func(*fixture.Call) string { return "all " })},
	{Name: "by address", Kind: fixture.Vulnerable, Make: by(func(c *fixture.Call) string { return c.Address() })},
	// Eight are what the scan's own controls ask of the operation: the first press meets nothing but refusals.
	{Name: "by address, spent before", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) { return c.Address() + r.Pattern, 8 }
	}},
	{Name: "by connection", Kind: fixture.Vulnerable, Make: by(func(c *fixture.Call) string { return c.R.RemoteAddr })},
	{Name: "by account and address", Kind: fixture.Vulnerable, Make: by(func(c *fixture.Call) string {
		if c.User == nil {
			return c.Address()
		}
		return c.User.Name + c.Address()
	})},
	{Name: "by key, two keys of one account", Kind: fixture.Vulnerable, Make: by(func(c *fixture.Call) string { return c.Address() + c.R.Header.Get("Authorization") }), Tune: func(s *fixture.Shop, o *api.Options) {
		t, err := jwt.Parse(s.Token("alice"))
		if err != nil {
			panic("a token of the shop's own: " + err.Error())
		}
		o.Identities[1] = identity.New("second", "", identity.Bearer, "", t.Claiming(map[string]any{"jti": "alice-2"}).HMAC(s.Key))
	}},
	{Name: "by account, strangers by address", Kind: fixture.Fixed},
	{Name: "by account, before the credential is looked up", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.LimitFirst = true
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			u, _ := s.Who(c.R)
			if u == nil {
				return "address " + c.Address() + r.Pattern, 20
			}
			return u.Name + r.Pattern, 25
		}
	}},
}
