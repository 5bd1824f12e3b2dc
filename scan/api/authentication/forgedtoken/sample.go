package forgedtoken

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"
	"sync"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/jwt"
)

// falls makes a shop that accepts a token where a faulty verifier says so, besides those that are sound.
func falls(name string, good func(s *fixture.Shop, t *jwt.Token) bool) fixture.Sample {
	return fixture.Sample{Name: name, Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		sound := s.Verify
		s.Verify = func(token string) *fixture.User {
			if u := sound(token); u != nil {
				return u
			}
			if t, err := jwt.Parse(token); err == nil && good(s, t) {
				return s.Holder(t)
			}
			return nil
		}
	}}
}

// Samples are shops whose verifiers fall for one forgery each, and one that falls for none.
var Samples = []fixture.Sample{
	falls("not verified", func(_ *fixture.Shop, t *jwt.Token) bool { return t.Alg() == "HS256" && len(t.Signature) == 32 }),
	falls("no signature is fine", func(_ *fixture.Shop, t *jwt.Token) bool { return t.Alg() == "HS256" && len(t.Signature) == 0 }),
	falls("none", func(_ *fixture.Shop, t *jwt.Token) bool { return t.Alg() == "none" }),
	falls("none in odd letters", func(_ *fixture.Shop, t *jwt.Token) bool {
		return strings.EqualFold(t.Alg(), "none") && t.Alg() != "none"
	}),
	falls("empty secret", func(_ *fixture.Shop, t *jwt.Token) bool { return t.MadeWith(nil) && t.Header["kid"] == nil }),
	falls("zeros", func(_ *fixture.Shop, t *jwt.Token) bool {
		return t.Alg() == "ES256" && strings.Trim(string(t.Signature), "\x00") == "" && len(t.Signature) == 64
	}),
	falls("key in the header", func(_ *fixture.Shop, t *jwt.Token) bool {
		m, _ := t.Header["jwk"].(map[string]any)
		n, _ := m["n"].(string)
		b, err := base64.RawURLEncoding.DecodeString(n)
		return err == nil && len(b) > 0 && t.VerifyRSA(&rsa.PublicKey{N: new(big.Int).SetBytes(b), E: 65537})
	}),
	falls("kid is a path", func(_ *fixture.Shop, t *jwt.Token) bool {
		kid, _ := t.Header["kid"].(string)
		return strings.HasSuffix(kid, "/dev/null") && t.MadeWith(nil)
	}),
	falls("kid is SQL", func(_ *fixture.Shop, t *jwt.Token) bool {
		kid, _ := t.Header["kid"].(string)
		_, key, ok := strings.Cut(kid, "' UNION SELECT '")
		return ok && t.MadeWith([]byte(key))
	}),
	{Name: "public key as a secret", Kind: fixture.Vulnerable, Make: confused(true), Tune: rs256},
	{Name: "published keys, one algorithm", Kind: fixture.Fixed, Make: confused(false), Tune: rs256},
	{Name: "verified", Kind: fixture.Fixed},
}

// shopKey is made once, when it is first asked for: it takes a moment.
var shopKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("making a key: " + err.Error()) // since Go 1.24 the source of chance does not fail
	}
	return key
})

// confused makes a shop that signs by RSA and publishes its key; with falls it verifies HMAC with that key too.
func confused(falls bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /.well-known/jwks.json", Open: true, Hidden: true, Do: func(c *fixture.Call) {
			c.JSON(200, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "1", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(shopKey().N.Bytes())}}})
		}})
		s.Verify = func(token string) *fixture.User {
			t, err := jwt.Parse(token)
			if err != nil {
				return nil
			}
			if t.Alg() == "RS256" && t.VerifyRSA(&shopKey().PublicKey) || falls && t.MadeWith(Forms(&shopKey().PublicKey)[0]) {
				return s.Holder(t)
			}
			return nil
		}
	}
}

func rs256(s *fixture.Shop, o *api.Options) {
	for i, who := range o.Identities {
		t, err := jwt.Parse(s.Token(who.Name))
		if err != nil {
			panic("a token of the shop's own: " + err.Error())
		}
		o.Identities[i] = identity.New(who.Name, who.Role, identity.Bearer, "", t.With(map[string]any{"alg": "RS256"}).Claiming(nil).RSA(shopKey()))
	}
}
