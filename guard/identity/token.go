package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"palisade.dev/guard/wire"
)

// Tokens reads signed tokens (JWT) of one declared issuer. A token that is not verified names nobody.
type Tokens struct {
	from   source
	t      wire.Token
	secret *mac
	public any
}

const (
	maxToken = 8 << 10
	// leeway is what clocks may differ by; RFC 7519 speaks of no more than a few minutes.
	leeway = time.Minute
)

// ErrToken says that a token proves nothing. Which of the many reasons it was helps only who forges one.
var ErrToken = errors.New("the token is not valid here")

// NewTokens reads a declaration.
func NewTokens(t wire.Token) (*Tokens, error) {
	kind, name, ok := strings.Cut(t.From, ":")
	if !ok || name == "" || kind != "header" && kind != "cookie" {
		return nil, fmt.Errorf("token: from: %q: want header:NAME or cookie:NAME", t.From)
	}
	v := &Tokens{from: source{kind, name}, t: t}
	if v.t.Claim == "" {
		v.t.Claim = "sub"
	}
	if t.Algorithm == "HS256" {
		if len(t.Key) < 16 {
			return nil, errors.New("token: key: a secret for HS256 has at least 16 bytes")
		}
		v.secret = newMac([]byte(t.Key))
		return v, nil
	}
	block, _ := pem.Decode([]byte(t.Key))
	if block == nil {
		return nil, fmt.Errorf("token: key: %s wants a public key in PEM", t.Algorithm)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("token: key: %w", err)
	}
	fits := false
	switch k := public.(type) {
	case *rsa.PublicKey:
		fits = t.Algorithm == "RS256" && k.Size() >= 256
	case *ecdsa.PublicKey:
		fits = t.Algorithm == "ES256" && k.Params().BitSize == 256
	case ed25519.PublicKey:
		fits = t.Algorithm == "EdDSA"
	}
	if !fits {
		return nil, fmt.Errorf("token: algorithm %q does not fit the key: want HS256 with a secret, RS256 (2048 bits or more), ES256 or EdDSA with their public key", t.Algorithm)
	}
	v.public = public
	return v, nil
}

// Account gives the claim that names the account, from a token that is signed, timely and meant for this site.
func (v *Tokens) Account(r *http.Request, now time.Time) (string, error) {
	raw := ""
	if v.from.kind == "cookie" {
		n := 0
		for value := range cookies(r.Header, v.from.name) {
			raw = value
			n++
		}
		if n != 1 {
			return "", ErrToken
		}
	} else {
		values := r.Header.Values(v.from.name)
		if len(values) != 1 {
			return "", ErrToken
		}
		raw = strings.TrimSpace(values[0])
		if hasScheme(raw, "Bearer") {
			raw = strings.TrimSpace(raw[len("Bearer"):])
		}
	}
	return v.Verify(raw, now)
}

// jwt64 takes one spelling of each token, so that a copy with other last bits is no second token.
var jwt64 = base64.RawURLEncoding.Strict()

// Verify checks one token. Nothing of it is read as JSON before its signature holds, so only its issuer could send us
// a bomb, and that within 8 KiB.
func (v *Tokens) Verify(raw string, now time.Time) (string, error) {
	if len(raw) > maxToken || strings.Count(raw, ".") != 2 {
		return "", ErrToken
	}
	dot := strings.LastIndexByte(raw, '.')
	signed, tail := raw[:dot], raw[dot+1:]
	signature, err := jwt64.DecodeString(tail)
	if err != nil || !v.signs(signed, signature) {
		return "", ErrToken
	}
	head, body, _ := strings.Cut(signed, ".")
	var h struct {
		Alg  string   `json:"alg"`
		Crit []string `json:"crit"`
	}
	var c map[string]json.RawMessage
	if !decode(head, &h) || h.Alg != v.t.Algorithm || len(h.Crit) > 0 || !decode(body, &c) {
		return "", ErrToken
	}
	if t, ok := number(c["exp"]); ok && now.Add(-leeway).Unix() >= t || c["exp"] != nil && !ok {
		return "", ErrToken
	}
	if t, ok := number(c["nbf"]); ok && now.Add(leeway).Unix() < t || c["nbf"] != nil && !ok {
		return "", ErrToken
	}
	if v.t.Issuer != "" && text(c["iss"]) != v.t.Issuer || v.t.Audience != "" && !audience(c["aud"], v.t.Audience) {
		return "", ErrToken
	}
	account := text(c[v.t.Claim])
	if account == "" || subject(account) != account {
		return "", ErrToken
	}
	return account, nil
}

// signs checks a signature by the declared algorithm, never by what the token says of itself.
func (v *Tokens) signs(signed string, signature []byte) bool {
	switch k := v.public.(type) {
	case nil:
		want := v.secret.sum(signed)
		return subtle.ConstantTimeCompare(want[:], signature) == 1
	case *rsa.PublicKey:
		sum := sha256.Sum256([]byte(signed))
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
	case *ecdsa.PublicKey:
		if len(signature) != 64 {
			return false
		}
		sum := sha256.Sum256([]byte(signed))
		return ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	case ed25519.PublicKey:
		return ed25519.Verify(k, []byte(signed), signature)
	}
	return false
}

func decode(part string, into any) bool {
	b, err := jwt64.DecodeString(part)
	return err == nil && json.Unmarshal(b, into) == nil
}

func number(raw json.RawMessage) (int64, bool) {
	var f float64
	if json.Unmarshal(raw, &f) != nil || f < 0 || f > 1e12 {
		return 0, false
	}
	return int64(f), true
}

// text reads a string, or a number as its digits: many apps name accounts by number.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

func audience(raw json.RawMessage, want string) bool {
	if text(raw) == want {
		return true
	}
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		for _, a := range many {
			if a == want {
				return true
			}
		}
	}
	return false
}
