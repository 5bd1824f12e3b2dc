package identity

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// mac computes HMAC-SHA256 under one secret. A computation that ended leaves its state for the next, which so starts
// from the keyed state and allocates nothing.
type mac struct{ pool sync.Pool }

type macState struct {
	h   hash.Hash
	in  []byte
	out [sha256.Size]byte
}

// weakSecret is the length under which a secret proves nothing.
const weakSecret = 16

func newMac(secret []byte) *mac {
	secret = bytes.Clone(secret)
	m := new(mac)
	m.pool.New = func() any { return &macState{h: hmac.New(sha256.New, secret)} }
	return m
}

// sum is the HMAC of the parts one after another. The caller sees to it that no two lists of parts read alike.
func (m *mac) sum(parts ...string) [sha256.Size]byte {
	s := m.pool.Get().(*macState)
	s.in = s.in[:0]
	for _, p := range parts {
		s.in = append(s.in, p...)
	}
	s.h.Reset()
	s.h.Write(s.in)
	s.h.Sum(s.out[:0])
	out := s.out
	clear(s.in) // keys and sessions are not left lying about
	s.out = [sha256.Size]byte{}
	m.pool.Put(s)
	return out
}
