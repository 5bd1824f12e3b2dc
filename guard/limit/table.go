package limit

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// entry is one key with one limit: its hash with a lock in bit 0, and its arrival time.
type entry [2]atomic.Uint64

// entryWays is how many neighbouring entries a key may live in: two cache lines, of which the processor fetches the
// second unasked.
const entryWays = 8

// Table holds one limit's state for each of the last so many keys, in sixteen bytes. A sketch of ours packed it into
// eight, with a tag of 24 bits and a time of 16 µs: then one lookup in two million meets another client's state, and
// waiting exactly as long as told is not quite enough. Sixteen bytes buy 62 bits of tag and whole nanoseconds.
type Table struct {
	mask    uint64
	entries []entry
	evicted atomic.Uint64
}

// NewTable makes a table for about n live keys. It has two entries for each, since a bucket that is full drops the
// least indebted of its eight: at half load 0.8 % of live keys meet that.
func NewTable(n int) *Table {
	size := pow2(n*2, entryWays)
	raw := make([]entry, size+4)
	for uintptr(unsafe.Pointer(&raw[0]))&63 != 0 && len(raw) > size {
		raw = raw[1:]
	}
	return &Table{mask: uint64(size-1) &^ (entryWays - 1), entries: raw[:size]}
}

// read gives a key's arrival time without a lock, 0 where it has none.
func (t *Table) read(h uint64) int64 {
	tag, base := tag(h), h>>20&t.mask
	for i := range uint64(entryWays) {
		e := &t.entries[base+i]
		if e[0].Load()&^locked != tag {
			continue
		}
		tat := int64(e[1].Load())
		if e[0].Load()&^locked == tag { // not evicted between the two
			return tat
		}
	}
	return 0
}

// Peek answers as if one were paid now, and pays nothing.
func (t *Table) Peek(h uint64, l *Limit, now int64) Result {
	tat := t.read(h)
	if l.ahead(tat, now) {
		t.Debit(h, l, now, 0)
	}
	_, r := l.Step(tat, now, 1)
	return r
}

// Take pays cost if the limit allows it. A refusal writes nothing, so a flood on one key does not fight for its line.
func (t *Table) Take(h uint64, l *Limit, now int64, cost int64) Result {
	tat := t.read(h)
	if _, r := l.Step(tat, now, cost); !r.OK && !l.ahead(tat, now) {
		return r
	}
	e := t.lock(h, now)
	next, r := l.Step(int64(e[1].Load()), now, cost)
	e[1].Store(uint64(next)) // of a refusal: what it was, or a full debt after the clock stepped back
	e[0].Store(tag(h))
	return r
}

// Debit adds n to what a key owes, a full debt at most.
func (t *Table) Debit(h uint64, l *Limit, now int64, n int64) {
	e := t.lock(h, now)
	e[1].Store(uint64(l.Add(int64(e[1].Load()), now, n)))
	e[0].Store(tag(h))
}

// Forget clears a key.
func (t *Table) Forget(h uint64) {
	if t.read(h) == 0 {
		return
	}
	e := t.lock(h, 0)
	e[1].Store(0)
	e[0].Store(tag(h))
}

// lock finds or makes the key's entry and locks it, for a few instructions.
func (t *Table) lock(h uint64, now int64) *entry {
	tag, base := tag(h), h>>20&t.mask
	for spin := 0; ; spin++ {
		if spin > 32 {
			runtime.Gosched()
		}
		var victim *entry
		var seen uint64
		least := uint64(1<<64 - 1)
		busy := false
		for i := range uint64(entryWays) {
			e := &t.entries[base+i]
			w := e[0].Load()
			if w&^locked == tag {
				if w&locked == 0 && e[0].CompareAndSwap(w, tag|locked) {
					return e
				}
				busy = true
				break
			}
			if w&locked != 0 {
				continue
			}
			owes := e[1].Load()
			if w == 0 {
				owes = 0
			}
			if owes < least || victim == nil {
				least, victim, seen = owes, e, w
			}
		}
		if busy || victim == nil || !victim[0].CompareAndSwap(seen, tag|locked) {
			continue
		}
		if int64(least) > now {
			t.evicted.Add(1)
		}
		victim[1].Store(0)
		return victim
	}
}

// Evicted is how many keys that still owed something were dropped.
func (t *Table) Evicted() uint64 { return t.evicted.Load() }

// Bytes is the table's size.
func (t *Table) Bytes() int { return len(t.entries) * int(unsafe.Sizeof(entry{})) }
