package limit

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// mark is a hash, and when it ends with a count of strikes in the low four bits.
type mark struct{ hash, until atomic.Uint64 }

// Until remembers for each of the last so many keys until when something holds, and how often it was set: bans. Each
// update is one line's lock; readers take none.
type Until struct {
	mask    uint64
	marks   []mark
	locks   []atomic.Uint32 // one for each four marks
	live    atomic.Int64
	evicted atomic.Uint64
}

// NewUntil makes a table for n keys, sixteen bytes each; it never grows.
func NewUntil(n int) *Until {
	n = pow2(n, 4)
	return &Until{mask: uint64(n-1) &^ 3, marks: make([]mark, n), locks: make([]atomic.Uint32, n/4)}
}

const strikeBits = 15

// Get reports until when the key is held, if it is.
func (t *Until) Get(h uint64, now int64) (until int64, held bool) {
	tag, base := tag(h), h>>20&t.mask
	for i := range uint64(4) {
		m := &t.marks[base+i]
		if m.hash.Load() == tag {
			u := int64(m.until.Load() &^ strikeBits)
			return u, u > now
		}
	}
	return 0, false
}

// Strike counts one more offence of a key and gives how many came before it. Offences are forgotten with the mark.
func (t *Until) Strike(h uint64, now int64) int {
	n := 0
	t.update(h, func(m *mark, fresh bool) {
		w := m.until.Load()
		n = int(w & strikeBits)
		if n < strikeBits {
			m.until.Store(w + 1)
		}
	})
	return n
}

// Set holds the key until a time, in unix nanoseconds; the strikes stay.
func (t *Until) Set(h uint64, until int64) {
	t.update(h, func(m *mark, fresh bool) {
		m.until.Store(uint64(until)&^strikeBits | m.until.Load()&strikeBits)
	})
}

// Clear lets the key go and forgets its strikes.
func (t *Until) Clear(h uint64) {
	tag, base := tag(h), h>>20&t.mask
	l := t.lock(base)
	defer l.Store(0)
	for i := range uint64(4) {
		if m := &t.marks[base+i]; m.hash.Load() == tag {
			m.until.Store(0)
			m.hash.Store(0)
			t.live.Add(-1)
		}
	}
}

func (t *Until) lock(base uint64) *atomic.Uint32 {
	l := &t.locks[base/4]
	for !l.CompareAndSwap(0, 1) {
		runtime.Gosched()
	}
	return l
}

func (t *Until) update(h uint64, f func(m *mark, fresh bool)) {
	tag, base := tag(h), h>>20&t.mask
	l := t.lock(base)
	defer l.Store(0)
	var victim *mark
	for i := range uint64(4) {
		m := &t.marks[base+i]
		if m.hash.Load() == tag {
			f(m, false)
			return
		}
		if victim == nil || m.until.Load() < victim.until.Load() {
			victim = m
		}
	}
	if victim.hash.Load() != 0 {
		t.evicted.Add(1)
	} else {
		t.live.Add(1)
	}
	victim.hash.Store(0) // a reader between the stores sees nobody rather than the wrong time
	victim.until.Store(0)
	f(victim, true)
	victim.hash.Store(tag)
}

// Len is how many keys have a mark, held or past.
func (t *Until) Len() int { return int(t.live.Load()) }

// Evicted is how many marks were dropped at the bound.
func (t *Until) Evicted() uint64 { return t.evicted.Load() }

// Bytes is the table's size.
func (t *Until) Bytes() int {
	return len(t.marks)*int(unsafe.Sizeof(mark{})) + len(t.locks)*4
}
