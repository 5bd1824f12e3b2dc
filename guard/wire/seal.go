package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Envelope carries a policy or a delta with the back end's signature over its exact bytes.
type Envelope struct {
	Kind      string `json:"kind"` // policy or delta
	Payload   []byte `json:"payload"`
	Signature []byte `json:"signature"`
}

// What an Envelope can carry.
const (
	KindPolicy = "policy"
	KindDelta  = "delta"
)

// Bounds of what this package reads, in bytes.
const (
	MaxEnvelopes = 64 << 20 // a policy with half a million bans
	MaxBatch     = 8 << 20
	MaxSmall     = 1 << 20 // receipts, inventories
)

// ErrSignature says that an envelope was not signed by the back end this guard belongs to.
var ErrSignature = errors.New("the signature is not the back end's: keeping the policy we have; check that this guard's site key is of that back end")

func signed(kind string, payload []byte) []byte {
	return append([]byte("palisade/"+kind+"\n"), payload...)
}

// Seal signs a policy or delta.
func Seal(kind string, v any, key ed25519.PrivateKey) (Envelope, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return Envelope{}, fmt.Errorf("writing a %s: %w", kind, err)
	}
	return Envelope{kind, payload, ed25519.Sign(key, signed(kind, payload))}, nil
}

// Policy checks the signature and reads the policy inside.
func (e Envelope) Policy(key ed25519.PublicKey) (*Policy, error) {
	p := new(Policy)
	return p, e.open(KindPolicy, key, p)
}

// Delta checks the signature and reads the delta inside.
func (e Envelope) Delta(key ed25519.PublicKey) (*Delta, error) {
	d := new(Delta)
	return d, e.open(KindDelta, key, d)
}

func (e Envelope) open(kind string, key ed25519.PublicKey, v any) error {
	if e.Kind != kind {
		return fmt.Errorf("envelope holds a %q, not a %s", e.Kind, kind)
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, signed(kind, e.Payload), e.Signature) {
		return ErrSignature
	}
	// A field this guard does not know is of a newer back end; what it can not do, Compile makes stricter.
	if err := json.Unmarshal(e.Payload, v); err != nil {
		return fmt.Errorf("reading a signed %s: %w", kind, err)
	}
	return nil
}

// Read decodes one JSON value of at most limit bytes and nothing after it.
func Read(r io.Reader, limit int64, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	if int64(len(b)) > limit {
		return fmt.Errorf("body of over %d bytes", limit)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("not the JSON expected here: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something after the JSON")
	}
	return nil
}

// SiteKey is what a guard is given: the secret that names its site to the back end, and the key that the back end
// signs policies with. It is written "psk_" and 86 letters.
type SiteKey struct {
	Secret [32]byte
	Public ed25519.PublicKey
}

const siteKeyPrefix = "psk_"

func (k SiteKey) String() string {
	return siteKeyPrefix + base64.RawURLEncoding.EncodeToString(append(k.Secret[:], k.Public...))
}

// LogValue keeps site keys out of logs.
func (k SiteKey) LogValue() string { return siteKeyPrefix + "…" }

// ParseSiteKey reads what String writes. The error never shows the key.
func ParseSiteKey(s string) (SiteKey, error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(s), siteKeyPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if !ok || err != nil || len(raw) != 64 {
		return SiteKey{}, errors.New("this is no site key: one begins with psk_ and has 90 characters; make one with: palisade site key add SITE")
	}
	k := SiteKey{Public: ed25519.PublicKey(raw[32:])}
	copy(k.Secret[:], raw)
	return k, nil
}
