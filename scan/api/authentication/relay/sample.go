package relay

import (
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/jwt"
)

// old gives the scan a token of alice's that ended yesterday.
func old(s *fixture.Shop, o *api.Options) {
	t, err := jwt.Parse(s.Token("alice"))
	if err != nil {
		panic("fixture: its own token: " + err.Error()) // the fixture writes it
	}
	ended := t.Claiming(map[string]any{"exp": fixture.Begin.Add(-24 * time.Hour).Unix()}).HMAC(s.Key)
	o.Identities = append(o.Identities, identity.New("ended", api.Refused, identity.Bearer, "", ended))
}

// signed looks at the signature and at whatever else a shop still cares for.
func signed(also func(s *fixture.Shop, t *jwt.Token) bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Verify = func(token string) *fixture.User {
			t, err := jwt.Parse(token)
			if err != nil || t.Alg() != "HS256" || !t.MadeWith(s.Key) || !also(s, t) {
				return nil
			}
			return s.Holder(t)
		}
	}
}

func guessable(s *fixture.Shop) { s.Key = []byte("your-256-bit-secret") }

// Samples are shops with and without the fault. With a secret that can be guessed, the secret itself is another probe's.
var Samples = []fixture.Sample{
	{Name: "the end is not looked at", Kind: fixture.Vulnerable, Tune: old, Make: signed(func(*fixture.Shop, *jwt.Token) bool { return true })},
	{Name: "the audience is not looked at", Kind: fixture.Vulnerable, Also: []string{"api/authentication/weaksecret"}, Make: func(s *fixture.Shop) {
		guessable(s)
		signed(func(s *fixture.Shop, t *jwt.Token) bool {
			exp, ok := t.Time("exp")
			return ok && s.Clock.Now().Before(exp)
		})(s)
	}},
	{Name: "all claims are looked at", Kind: fixture.Fixed, Tune: old},
}
