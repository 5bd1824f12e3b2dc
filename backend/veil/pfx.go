package veil

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// pfx is ipcrypt-pfx of draft-denis-ipcrypt: bit by bit, each is flipped or not by what two AES-128 ciphers make of all the
// bits before it. Two addresses that share a prefix so have pseudonyms that share one of the same length, and no longer.
// It costs two cipher calls a bit. No library that the module proxy has does it; the draft's vectors are in the test.
type pfx struct {
	one, two      cipher.Block
	in, out1, out [16]byte // what is handed to the ciphers would otherwise be allocated each time
}

func newPfx(key [32]byte) pfx {
	one, err := aes.NewCipher(key[:16])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	two, err := aes.NewCipher(key[16:])
	if err != nil {
		panic(err)
	}
	return pfx{one: one, two: two}
}

// u128 are bits, counted from the left.
type u128 struct{ hi, lo uint64 }

func (x u128) at(i int) uint64 {
	if i < 64 {
		return x.hi >> (63 - i) & 1
	}
	return x.lo >> (127 - i) & 1
}

func (x *u128) put(i int, bit uint64) {
	if i < 64 {
		x.hi |= bit << (63 - i)
	} else {
		x.lo |= bit << (127 - i)
	}
}

// push appends a bit at the right.
func (x *u128) push(bit uint64) { x.hi, x.lo = x.hi<<1|x.lo>>63, x.lo<<1|bit }

// turn encrypts the bits of x from one position to another, or decrypts them (from 0 only), and adds them to what it is
// given. Of all is how many bits an address of the kind has.
func (p *pfx) turn(x, done u128, from, to, all int, back bool) u128 {
	before := u128{lo: 1} // the bits before, behind a one that says how many they are
	if all == 32 {
		before = u128{1 << 32, 0xffff} // of a v4 address, which counts as mapped into v6
	}
	for i := range from {
		before.push(x.at(i))
	}
	for i := from; i < to; i++ {
		binary.BigEndian.PutUint64(p.in[:8], before.hi)
		binary.BigEndian.PutUint64(p.in[8:], before.lo)
		p.one.Encrypt(p.out1[:], p.in[:])
		p.two.Encrypt(p.out[:], p.in[:])
		bit := x.at(i)
		turned := bit ^ uint64(p.out1[15]^p.out[15])&1
		done.put(i, turned)
		if back {
			bit = turned
		}
		before.push(bit)
	}
	return done
}
