package people

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// authenticator is a security key made of software: ES256, attestation none. Its fields lie where a test wants it to.
type authenticator struct {
	t      testing.TB
	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte // whom its passkey is of
	count  uint32

	origin  string // of the page that it believes to be on
	party   string // whose passkey it makes or shows
	verify  bool   // it has looked at its owner
	synced  bool
	kind    string // of the client data; "" is right
	foreign string // another challenge than it was given
}

func newAuthenticator(t testing.TB, p Party) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &authenticator{t: t, key: key, id: id, origin: p.Origin, party: p.ID, verify: true}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Flags of authenticator data (WebAuthn, 6.1).
const (
	flagPresent  = 1 << 0
	flagVerified = 1 << 2
	flagEligible = 1 << 3
	flagBackedUp = 1 << 4
	flagAttested = 1 << 6
)

func (a *authenticator) data(flags byte) []byte {
	flags |= flagPresent
	if a.verify {
		flags |= flagVerified
	}
	if a.synced {
		flags |= flagEligible | flagBackedUp
	}
	sum := sha256.Sum256([]byte(a.party))
	return binary.BigEndian.AppendUint32(append(sum[:], flags), a.count)
}

func (a *authenticator) client(kind, challenge string) []byte {
	if a.kind != "" {
		kind = a.kind
	}
	if a.foreign != "" {
		challenge = a.foreign
	}
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	must(a.t, err)
	return text
}

// make answers a registration.
func (a *authenticator) make(b Begun) Answer {
	a.t.Helper()
	var o struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	must(a.t, json.Unmarshal(b.Options, &o))
	handle, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	must(a.t, err)
	a.handle = handle

	data := append(a.data(flagAttested), make([]byte, 16)...) // no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), a.cose()...)
	// {"fmt": "none", "attStmt": {}, "authData": data}
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	return a.answer(b, map[string]any{
		"clientDataJSON": b64(a.client("webauthn.create", o.Challenge)), "attestationObject": b64(append(object, data...)), "transports": []string{"internal"},
	})
}

// cose is the public key: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
func (a *authenticator) cose() []byte {
	point, err := a.key.PublicKey.Bytes() // 4, x, y
	must(a.t, err)
	k := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...)
	return append(append(k, 0x22, 0x58, 32), point[33:]...)
}

// show answers a sign-in.
func (a *authenticator) show(b Begun) Answer {
	a.t.Helper()
	var o struct {
		Challenge string `json:"challenge"`
	}
	must(a.t, json.Unmarshal(b.Options, &o))
	data, client := a.data(0), a.client("webauthn.get", o.Challenge)
	sum := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, signed[:])
	must(a.t, err)
	return a.answer(b, map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(a.handle),
	})
}

func (a *authenticator) answer(b Begun, response map[string]any) Answer {
	text, err := json.Marshal(map[string]any{
		"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform",
	})
	must(a.t, err)
	return Answer{ID: b.ID, JSON: text}
}
