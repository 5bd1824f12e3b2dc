package keysource

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"strings"
	"time"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/jwt"
)

// trusting makes a shop that takes the key from where the token says, besides its own; use says whether it believes it.
func trusting(key func(t *jwt.Token) *rsa.PublicKey, use bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		sound := s.Verify
		s.Verify = func(token string) *fixture.User {
			if u := sound(token); u != nil {
				return u
			}
			t, err := jwt.Parse(token)
			if err != nil {
				return nil
			}
			if k := key(t); k != nil && t.VerifyRSA(k) && use {
				return s.Holder(t)
			}
			return nil
		}
	}
}

func fetch(v any) []byte {
	address, _ := v.(string)
	if !strings.HasPrefix(address, "http://127.0.0.1:") {
		return nil
	}
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get(address)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	return b
}

func jku(t *jwt.Token) *rsa.PublicKey {
	var set struct {
		Keys []struct{ N string }
	}
	if json.Unmarshal(fetch(t.Header["jku"]), &set) != nil || len(set.Keys) == 0 {
		return nil
	}
	n, err := base64.RawURLEncoding.DecodeString(set.Keys[0].N)
	if err != nil || len(n) == 0 {
		return nil
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
}

func certificate(der []byte) *rsa.PublicKey {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	key, _ := c.PublicKey.(*rsa.PublicKey)
	return key
}

func x5u(t *jwt.Token) *rsa.PublicKey {
	block, _ := pem.Decode(fetch(t.Header["x5u"]))
	if block == nil {
		return nil
	}
	return certificate(block.Bytes)
}

func x5c(t *jwt.Token) *rsa.PublicKey {
	chain, _ := t.Header["x5c"].([]any)
	if len(chain) == 0 {
		return nil
	}
	text, _ := chain[0].(string)
	der, _ := base64.StdEncoding.DecodeString(text)
	return certificate(der)
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "jku", Kind: fixture.Vulnerable, Tune: fixture.Listen, Make: trusting(jku, true)},
	{Name: "x5u", Kind: fixture.Vulnerable, Tune: fixture.Listen, Make: trusting(x5u, true)},
	{Name: "x5c", Kind: fixture.Vulnerable, Make: trusting(x5c, true)},
	{Name: "jku, fetched and not believed", Kind: fixture.Vulnerable, Tune: fixture.Listen, Make: trusting(jku, false)},
	{Name: "one key", Kind: fixture.Fixed, Tune: fixture.Listen},
}
