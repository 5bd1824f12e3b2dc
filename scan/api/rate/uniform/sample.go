package uniform

import (
	"strings"
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/jwt"
)

// refusing makes a shop that looks at a wrong credential before it refuses it. Near is one that was given out, but for a few
// of its last characters.
func refusing(fail func(c *fixture.Call, token string, near bool) bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			token := strings.TrimPrefix(c.R.Header.Get("Authorization"), "Bearer ")
			if c.User != nil || token == "" || r.Open {
				return false
			}
			near := false
			for _, u := range c.Users {
				good := s.Token(u.Name)
				near = near || len(good) == len(token) && strings.HasPrefix(token, good[:len(good)-3])
			}
			return fail(c, token, near)
		}
	}
}

// old gives the scan a token of alice's that ended yesterday.
func old(s *fixture.Shop, o *api.Options) {
	t, err := jwt.Parse(s.Token("alice"))
	if err != nil {
		panic("fixture: its own token: " + err.Error()) // the fixture writes it
	}
	ended := t.Claiming(map[string]any{"exp": fixture.Begin.Add(-24 * time.Hour).Unix()}).HMAC(s.Key)
	o.Identities = append(o.Identities, identity.New("ended", api.Refused, identity.Bearer, "", ended))
}

// roomy lets strangers ask often enough for times to be measured.
func roomy(f func(*fixture.Shop)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		if f != nil {
			f(s)
		}
		sound := s.Limit
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			key, most := sound(c, r)
			if fixture.SignIn(r) {
				return key, most // that one is for passwords, and another check's
			}
			return key, most * 4
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a wrong secret of a key that exists", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, _ string, near bool) bool {
		if near {
			c.Error(403, "the secret of this key is wrong")
		}
		return near
	})},
	{Name: "other words", Kind: fixture.Vulnerable, Make: refusing(func(c *fixture.Call, _ string, near bool) bool {
		if near {
			c.Error(401, "signature verification failed for a known subject")
		}
		return near
	})},
	{Name: "one that has ended", Kind: fixture.Vulnerable, Tune: old, Make: func(s *fixture.Shop) {
		refusing(func(c *fixture.Call, token string, _ bool) bool {
			t, err := jwt.Parse(token)
			ended := err == nil && t.MadeWith(s.Key)
			if ended {
				c.Error(403, "this token has ended")
			}
			return ended
		})(s)
	}},
	{Name: "another time", Kind: fixture.Vulnerable, Make: roomy(refusing(func(c *fixture.Call, _ string, near bool) bool {
		if near {
			c.Clock.Advance(80 * time.Millisecond)
		}
		return false
	}))},
	{Name: "alike", Kind: fixture.Fixed, Tune: old},
	{Name: "alike, with room to measure", Kind: fixture.Fixed, Make: roomy(nil)},
	{Name: "nonsense is refused in other words", Kind: fixture.Fixed, Make: refusing(func(c *fixture.Call, token string, _ bool) bool {
		nonsense := strings.Count(token, ".") != 2
		if nonsense {
			c.Error(401, "this is no token")
		}
		return nonsense
	})},
}
