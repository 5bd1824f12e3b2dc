package limit

import (
	"encoding/binary"
	"math/bits"
)

// Key is the secret of a process with which keys are hashed, so that nobody outside can choose keys that meet in one
// bucket and push others out.
type Key struct{ k0, k1 uint64 }

// NewKey takes 16 random bytes. They are stirred, since multiplying by a secret of few bits mixes nothing: a test may
// give a seed that is all zeros but one.
func NewKey(seed [16]byte) Key {
	k0 := stir(binary.LittleEndian.Uint64(seed[:8]) + 0x9E3779B97F4A7C15)
	return Key{k0, stir(binary.LittleEndian.Uint64(seed[8:]) ^ k0 + 0x9E3779B97F4A7C15)}
}

// stir is the end of splitmix64: each bit of x changes half of the bits of the answer.
func stir(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

func mix(a, b uint64) uint64 {
	h, l := bits.Mul64(a, b)
	return h ^ l
}

// Addr hashes two words from registers. Building the bytes of an address in memory first costs three times as much:
// wide loads cannot be forwarded from narrow stores.
func (k Key) Addr(hi, lo, salt uint64) uint64 {
	return mix(mix(hi^k.k0, lo^k.k1)^salt*0x9E3779B97F4A7C15, k.k1^0xA0761D6478BD642F)
}

// Join makes the hash of a pair out of two hashes; their order matters.
func (k Key) Join(a, b uint64) uint64 { return k.Addr(a, b, 1) }

// String hashes a string. It is wyhash's inner loop with both secrets unknown to strangers; hash/maphash does the
// same work through two more calls.
func (k Key) String(s string, salt uint64) uint64 {
	n := uint64(len(s))
	h := salt ^ k.k0
	rest := s
	for ; len(rest) >= 16; rest = rest[16:] {
		h = mix(load8(rest)^k.k1, load8(rest[8:])^h)
	}
	var a, b uint64
	switch r := len(rest); {
	case r >= 8:
		a, b = load8(rest), load8(rest[r-8:])
	case r >= 4:
		a, b = load4(rest), load4(rest[r-4:])
	case r > 0:
		a = uint64(rest[0])<<16 | uint64(rest[r>>1])<<8 | uint64(rest[r-1])
	}
	return mix(mix(a^k.k1, b^h)^n, k.k0^0xE7037ED1A0B428DB)
}

// load8 and load4 become one instruction each.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func load4(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
