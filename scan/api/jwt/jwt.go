// Package jwt takes JSON Web Tokens apart and makes others of them: signed with what we have, with nothing, or not at
// all. It verifies only what it can do offline; whether a server accepts a token is for the server to show.
package jwt

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"
)

// Token is one taken apart.
type Token struct {
	Header    map[string]any
	Claims    map[string]any
	Signature []byte
	raw       string // header and claims as they were written
}

const maxToken = 64 << 10

// Parse takes a token apart. It verifies nothing.
func Parse(s string) (*Token, error) {
	if len(s) > maxToken {
		return nil, fmt.Errorf("reading a token: it has more than %d bytes", maxToken)
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("reading a token: it has %d parts and not three", len(parts))
	}
	t := &Token{raw: parts[0] + "." + parts[1]}
	for i, into := range []*map[string]any{&t.Header, &t.Claims} {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[i], "="))
		if err != nil {
			return nil, fmt.Errorf("reading a token: part %d is no base64url", i+1)
		}
		if err := json.Unmarshal(b, into); err != nil || *into == nil {
			return nil, fmt.Errorf("reading a token: part %d is no JSON object", i+1)
		}
	}
	sig, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[2], "="))
	if err != nil {
		return nil, errors.New("reading a token: the signature is no base64url")
	}
	t.Signature = sig
	return t, nil
}

// Alg is the algorithm the header names.
func (t *Token) Alg() string { s, _ := t.Header["alg"].(string); return s }

// Time reads a claim that is a time.
func (t *Token) Time(claim string) (time.Time, bool) {
	f, ok := t.Claims[claim].(float64)
	if !ok || f < 0 || f > 1e12 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}

// With gives a copy with some header fields set; nil removes one.
func (t *Token) With(fields map[string]any) *Token {
	c := &Token{Header: map[string]any{}, Claims: t.Claims, Signature: t.Signature}
	for k, v := range t.Header {
		c.Header[k] = v
	}
	for k, v := range fields {
		if c.Header[k] = v; v == nil {
			delete(c.Header, k)
		}
	}
	return c
}

// Claiming gives a copy with some claims set; nil removes one.
func (t *Token) Claiming(claims map[string]any) *Token {
	c := &Token{Header: t.Header, Claims: map[string]any{}, Signature: t.Signature}
	for k, v := range t.Claims {
		c.Claims[k] = v
	}
	for k, v := range claims {
		if c.Claims[k] = v; v == nil {
			delete(c.Claims, k)
		}
	}
	return c
}

// signed is what the signature is of.
func (t *Token) signed() string {
	if t.raw != "" {
		return t.raw
	}
	h, _ := json.Marshal(t.Header)
	c, _ := json.Marshal(t.Claims)
	return base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
}

// Unsigned writes the token with an empty signature.
func (t *Token) Unsigned() string { return t.signed() + "." }

// Carrying writes the token with a signature as it is given.
func (t *Token) Carrying(signature []byte) string {
	return t.signed() + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// HMAC signs by HS256, 384 or 512, whichever the header names.
func (t *Token) HMAC(key []byte) string { return t.Carrying(t.mac(key)) }

func (t *Token) mac(key []byte) []byte {
	m := hmac.New(t.hash(), key)
	m.Write([]byte(t.signed()))
	return m.Sum(nil)
}

func (t *Token) hash() func() hash.Hash {
	switch {
	case strings.HasSuffix(t.Alg(), "384"):
		return sha512.New384
	case strings.HasSuffix(t.Alg(), "512"):
		return sha512.New
	}
	return sha256.New
}

// MadeWith says that an HMAC token was signed with a key.
func (t *Token) MadeWith(key []byte) bool {
	return strings.HasPrefix(t.Alg(), "HS") && hmac.Equal(t.mac(key), t.Signature)
}

// RSA signs by RS256.
func (t *Token) RSA(key *rsa.PrivateKey) string {
	sum := sha256.Sum256([]byte(t.signed()))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic("jwt: signing with a key of our own: " + err.Error()) // the key is made beside the call
	}
	return t.Carrying(sig)
}

// VerifyRSA says whether an RS256 token was signed with a key.
func (t *Token) VerifyRSA(key *rsa.PublicKey) bool {
	sum := sha256.Sum256([]byte(t.signed()))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.Signature) == nil
}
