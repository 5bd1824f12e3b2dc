package limit

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// pair is a key's tag and one word of state.
type pair struct{ tag, word atomic.Uint64 }

// pairWays is how many neighbouring pairs a key may live in: two cache lines, of which the processor fetches the second
// unasked.
const pairWays = 8

// pairs is a bounded table of words by key. Changing the word of a key that has one is a single compare-and-swap and
// waits for nobody. Only making room for a new key takes a lock, on its bucket of eight, for a few dozen instructions;
// so the same key is never made twice. The lock is bit 0 of the bucket's first tag.
//
// A tag is written when the word before is gone and the word after stands: leaving, word, tag. So a word that was read
// between two looks at the same tag is that key's. A swap that comes after the key has been dropped fails, since the
// word it expects is another. (Where the two keys' words happen to be the same, one request is counted for the wrong
// one. Words are mostly times in nanoseconds, and the drop has to come within the few between a look and a swap.)
//
// A key takes the first empty place of its bucket, in an order of its own, and a place that was taken never is empty
// again. So the search for a key ends at the first empty place: for one that is not there mostly with the first look.
type pairs struct {
	all     []pair
	buckets uint64
	evicted atomic.Uint64
}

// makePairs makes room for n keys: two pairs for each, 32 bytes. Twice is what it costs that eight neighbours are
// seldom full: at n live keys 0.8 % of them have to go, at n/2 0.015 %.
func makePairs(n int) pairs {
	buckets := max((2*n+pairWays-1)/pairWays, 1)
	all := make([]pair, buckets*pairWays+4)
	for uintptr(unsafe.Pointer(&all[0]))&63 != 0 { // small tables; large ones begin on a page
		all = all[1:]
	}
	return pairs{all: all[: buckets*pairWays : buckets*pairWays], buckets: uint64(buckets)}
}

// locked is the bit of a tag that is the lock, and leaving the tag of a place between two keys.
const (
	locked  = 1
	leaving = 2
)

// tagOf gives what is kept of a hash. It never is 0 or leaving, and leaves bit 0 to the lock.
func tagOf(h uint64) uint64 {
	if h &^= locked; h > leaving {
		return h
	}
	return 4
}

// bucket picks a range of pairs by the high bits of a hash, without asking for a power of two.
func (p *pairs) bucket(h uint64) *[pairWays]pair {
	b, _ := bits.Mul64(h, p.buckets)
	return (*[pairWays]pair)(p.all[b*pairWays:])
}

// find gives a key's pair and its word, or nil. Each key has a place of its own where it is looked for first, and then
// its neighbours in the same cache line.
func (p *pairs) find(h uint64) (*pair, uint64) {
	tag, b := tagOf(h), p.bucket(h)
	for i := range uint64(pairWays) {
		e := &b[(i^h>>1)%pairWays]
		switch e.tag.Load() &^ locked {
		case tag:
			word := e.word.Load()
			if e.tag.Load()&^locked == tag {
				return e, word
			}
		case 0:
			return nil, 0
		}
	}
	return nil, 0
}

// add gives a key that has none a pair with this word, and reports whether it did: another goroutine may have been
// faster. In a full bucket the pair that weighs least makes room.
func (p *pairs) add(h, word uint64, weight func(word uint64, now int64) uint64, now int64) bool {
	tag, b := tagOf(h), p.bucket(h)
	lock(&b[0].tag)
	var victim *pair
	least, lost := uint64(0), false
	for i := range uint64(pairWays) {
		e := &b[(i^h>>1)%pairWays]
		switch t := e.tag.Load() &^ locked; t {
		case tag:
			unlock(&b[0].tag)
			return false
		case 0:
			if victim == nil || least > 0 || lost {
				victim, least, lost = e, 0, false
			}
		default:
			if w := weight(e.word.Load(), now); victim == nil || w < least {
				victim, least, lost = e, w, true
			}
		}
	}
	if lost {
		victim.tag.Store(victim.tag.Load()&locked | leaving)
		if least > 0 {
			p.evicted.Add(1)
		}
	}
	victim.word.Store(word)
	if victim == &b[0] {
		victim.tag.Store(tag) // and unlocked
		return true
	}
	victim.tag.Store(tag)
	unlock(&b[0].tag)
	return true
}

// forget puts nothing in the place of a key's word.
func (p *pairs) forget(h uint64) {
	for {
		e, word := p.find(h)
		if e == nil || e.word.CompareAndSwap(word, 0) {
			return
		}
	}
}

// lock waits for a bit that is held for tens of nanoseconds, or for as long as its holder is off the processor.
func lock(w *atomic.Uint64) {
	for spin := 0; ; spin++ {
		if v := w.Load(); v&locked == 0 && w.CompareAndSwap(v, v|locked) {
			return
		}
		if spin > 32 {
			runtime.Gosched()
		}
	}
}

// unlock needs no swap: nobody else writes a tag of a locked bucket.
func unlock(w *atomic.Uint64) { w.Store(w.Load() &^ locked) }

func (p *pairs) bytes() int { return len(p.all) * int(unsafe.Sizeof(pair{})) }
