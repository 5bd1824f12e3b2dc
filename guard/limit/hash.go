package limit

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Key is the secret of a process with which keys are hashed, so that nobody outside can choose keys that meet in one
// bucket and push others out.
type Key struct{ k0, k1 uint64 }

// NewKey takes 16 random bytes.
func NewKey(seed [16]byte) Key {
	return Key{binary.LittleEndian.Uint64(seed[:8]) | 1, binary.LittleEndian.Uint64(seed[8:]) | 1}
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

// String hashes a string. It is wyhash's inner loop with both secrets unknown to strangers; hash/maphash does the
// same work through two more calls.
func (k Key) String(s string, salt uint64) uint64 {
	p := unsafe.Pointer(unsafe.StringData(s))
	n := len(s)
	h := salt ^ k.k0
	i := 0
	for ; n-i >= 16; i += 16 {
		h = mix(load8(p, i)^k.k1, load8(p, i+8)^h)
	}
	var a, b uint64
	switch rest := n - i; {
	case rest >= 8:
		a, b = load8(p, i), load8(p, n-8)
	case rest >= 4:
		a, b = uint64(load4(p, i)), uint64(load4(p, n-4))
	case rest > 0:
		a = uint64(s[i])<<16 | uint64(s[i+rest>>1])<<8 | uint64(s[n-1])
	}
	return mix(mix(a^k.k1, b^h)^uint64(n), k.k0^0xE7037ED1A0B428DB)
}

func load8(p unsafe.Pointer, i int) uint64 { return *(*uint64)(unsafe.Add(p, i)) }
func load4(p unsafe.Pointer, i int) uint32 { return *(*uint32)(unsafe.Add(p, i)) }
