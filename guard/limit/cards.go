package limit

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Slots is how many limits one card holds.
const Slots = 7

// card is everything about one key, in one cache line: word 0 is the key's hash with a lock in bit 0, the others are
// arrival times. Words are only written under the lock; readers that look without it see each word whole.
type card [1 + Slots]atomic.Uint64

// ways is how many neighbouring cards a key may live in.
const ways = 4

// Cards holds a card for each of the last so many keys. Two keys are taken for one when 62 bits of their keyed hashes
// agree and they share a bucket: once in 10^14 lookups against a full table of a million.
type Cards struct {
	mask    uint64
	cards   []card
	evicted atomic.Uint64
}

// NewCards makes a table for n keys, 64 bytes each; it never grows.
func NewCards(n int) *Cards {
	n = pow2(n, ways)
	raw := make([]card, n+1)
	if uintptr(unsafe.Pointer(&raw[0]))&63 != 0 {
		raw = raw[1:] // large allocations are page-aligned; this is for small tables in tests
	}
	return &Cards{mask: uint64(n-1) &^ (ways - 1), cards: raw[:n]}
}

// Draw is one limit to look at or to pay, and the answer.
type Draw struct {
	Limit *Limit
	Slot  uint8
	Hold  bool // look only: the slot is debited by what happens later
	Soft  bool // when over, do not keep the others from being paid

	Over bool
	Left int32
	Wait int64
}

const locked = 1

func tag(h uint64) uint64 {
	h &^= locked
	if h == 0 {
		return 2
	}
	return h
}

// find gives the key's card, or nil, without a lock.
func (t *Cards) find(h uint64) *card {
	tag, base := tag(h), h>>20&t.mask
	for i := range uint64(ways) {
		if c := &t.cards[base+i]; c[0].Load()&^locked == tag {
			return c
		}
	}
	return nil
}

// Peek answers each draw as if it were paid now, and pays nothing. A key without a card owes nothing; none is made.
func (t *Cards) Peek(h uint64, now int64, draws []Draw) {
	c := t.find(h)
	var tat [Slots]int64
	if c != nil {
		for i := range draws {
			tat[draws[i].Slot] = int64(c[1+draws[i].Slot].Load())
		}
		if c[0].Load()&^locked != tag(h) { // evicted while we read: what was read may be another's
			tat = [Slots]int64{}
		}
	}
	for i := range draws {
		d := &draws[i]
		if d.Limit.ahead(tat[d.Slot], now) {
			t.Debit(h, now, d.Slot, d.Limit, 0)
		}
		_, r := d.Limit.Step(tat[d.Slot], now, 1)
		d.Over, d.Wait, d.Left = !r.OK, r.Wait, r.Left
	}
}

// Take pays all draws, or none if one that is not Soft is over; it reports which.
func (t *Cards) Take(h uint64, now int64, draws []Draw) bool {
	spends := false
	for i := range draws {
		spends = spends || !draws[i].Hold
	}
	if !spends {
		t.Peek(h, now, draws)
		for i := range draws {
			if draws[i].Over && !draws[i].Soft {
				return false
			}
		}
		return true
	}
	c := t.lock(h, now)
	var next [Slots]int64
	ok := true
	for i := range draws {
		d := &draws[i]
		tat := int64(c[1+d.Slot].Load())
		n, r := d.Limit.Step(tat, now, 1)
		next[d.Slot] = n
		if d.Limit.ahead(tat, now) {
			c[1+d.Slot].Store(uint64(n))
		}
		d.Over, d.Wait, d.Left = !r.OK, r.Wait, r.Left
		ok = ok && (r.OK || d.Soft)
	}
	if ok {
		for i := range draws {
			if d := &draws[i]; !d.Hold && !d.Over {
				c[1+d.Slot].Store(uint64(next[d.Slot]))
			}
		}
	}
	c.unlock(tag(h))
	return ok
}

// Debit adds n to what a key owes in a slot, a full debt at most.
func (t *Cards) Debit(h uint64, now int64, slot uint8, l *Limit, n int64) {
	c := t.lock(h, now)
	c[1+slot].Store(uint64(l.Add(int64(c[1+slot].Load()), now, n)))
	c.unlock(tag(h))
}

// Forget clears a key's card.
func (t *Cards) Forget(h uint64) {
	if t.find(h) == nil {
		return
	}
	c := t.lock(h, 0)
	for i := 1; i < len(c); i++ {
		c[i].Store(0)
	}
	c.unlock(tag(h))
}

func (c *card) unlock(tag uint64) { c[0].Store(tag) }

// lock finds or makes the key's card and locks it. Where all ways are taken the card that owes least makes room. A
// lock is held for a few dozen instructions and never while another is taken, so waiting for one is a short spin.
func (t *Cards) lock(h uint64, now int64) *card {
	tag, base := tag(h), h>>20&t.mask
	for spin := 0; ; spin++ {
		if spin > 32 {
			runtime.Gosched()
		}
		var victim *card
		var seen uint64
		least := uint64(1<<64 - 1)
		busy := false
		for i := range uint64(ways) {
			c := &t.cards[base+i]
			w := c[0].Load()
			if w&^locked == tag {
				if w&locked == 0 && c[0].CompareAndSwap(w, tag|locked) {
					return c
				}
				busy = true
				break
			}
			if w&locked != 0 {
				continue
			}
			debt := uint64(0)
			if w != 0 {
				debt = 1
				for k := 1; k < len(c); k++ {
					debt = max(debt, c[k].Load())
				}
			}
			if debt < least {
				least, victim, seen = debt, c, w
			}
		}
		if busy || victim == nil {
			continue
		}
		if !victim[0].CompareAndSwap(seen, tag|locked) {
			continue
		}
		// Another goroutine may have made the same key's card in another way meanwhile; the two are then the same
		// client counted apart, which the next eviction heals.
		if int64(least) > now {
			t.evicted.Add(1)
		}
		for k := 1; k < len(victim); k++ {
			victim[k].Store(0)
		}
		return victim
	}
}

// Evicted is how many keys that still owed something were dropped.
func (t *Cards) Evicted() uint64 { return t.evicted.Load() }

// Bytes is the table's size.
func (t *Cards) Bytes() int { return len(t.cards) * int(unsafe.Sizeof(card{})) }
