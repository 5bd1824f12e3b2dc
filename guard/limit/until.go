package limit

import (
	"sync/atomic"
	"time"
)

// MaxBan caps the length of a ban that grows with repeats.
const MaxBan = 7 * day

// Escalate gives the length of a ban after some earlier ones: four times as long for each, seven days at most unless
// the first is longer.
func Escalate(base time.Duration, strikes int) time.Duration {
	longest := max(base, MaxBan)
	for range strikes {
		if base >= longest/4 {
			return longest
		}
		base *= 4
	}
	return base
}

// Until remembers for each of the last so many keys until when something holds, and how often it was imposed: bans. It
// is safe for any number of goroutines. Where a bucket is full, what ends soonest makes room.
type Until struct {
	pairs
	used atomic.Int64
}

// The word of a key is when it ends, in nanoseconds of which the last four bits count strikes.
const (
	strikeBits = 15
	untilBits  = tatBits &^ strikeBits
)

// NewUntil makes a table for about n keys, 32 bytes each; it never grows.
func NewUntil(n int) *Until { return &Until{pairs: makePairs(n)} }

// Get reports until when the key is held, if it is.
func (t *Until) Get(h uint64, now int64) (until int64, held bool) {
	_, word := t.find(h)
	until = int64(word & untilBits)
	return until, until > now
}

// Set holds the key until a time, in unix nanoseconds; the strikes stay.
func (t *Until) Set(h uint64, until int64) {
	ends := uint64(min(max(until, 0), untilBits)) & untilBits
	t.update(h, 0, func(word uint64) uint64 { return ends | word&strikeBits })
}

// Strike counts one more offence of a key and gives how many came before it, 15 at most. They are forgotten once the
// key has been free for as long as the longest ban.
func (t *Until) Strike(h uint64, now int64) (before int) {
	t.update(h, now, func(word uint64) uint64 {
		ends := int64(word & untilBits)
		if now-ends > int64(MaxBan) {
			before = 0
			return uint64(max(now, 0))&untilBits | 1
		}
		before = int(word & strikeBits)
		return word&untilBits | uint64(min(before+1, strikeBits))
	})
	return before
}

// Clear lets the key go and forgets its strikes.
func (t *Until) Clear(h uint64) { t.forget(h) }

func (t *Until) update(h uint64, now int64, change func(word uint64) uint64) {
	for {
		e, word := t.find(h)
		next := change(word)
		if e != nil && e.word.CompareAndSwap(word, next) {
			return
		}
		if e == nil && t.add(h, next, ending, now) {
			t.used.Add(1)
			return
		}
	}
}

// ending is what a mark weighs: even one that has ended remembers strikes, a little longer the later it ended.
func ending(word uint64, _ int64) uint64 { return word & untilBits }

// Len is how many keys were ever put here, those since dropped or cleared included: where it is 0 there is nobody to
// look for.
func (t *Until) Len() int { return int(t.used.Load()) }

// Evicted is how many keys were dropped with what was still remembered of them: until when, or their strikes.
func (t *Until) Evicted() uint64 { return t.evicted.Load() }

// Bytes is the table's size.
func (t *Until) Bytes() int { return t.bytes() }
