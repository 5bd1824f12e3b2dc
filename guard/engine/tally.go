package engine

import (
	"time"

	"palisade.dev/guard/limit"
)

// Tally is what a guard remembers of its clients: spent limits, distinct counts, bans of its own. Its memory is fixed
// when it is made; what a flood of strangers pushes out is counted. It outlives policies.
type Tally struct {
	key      limit.Key
	cards    *limit.Cards    // keys with several rules: one cache line each
	table    *limit.Table    // keys with one rule
	distinct *limit.Distinct // rules with `distinct`
	good     *limit.Distinct // accounts that signed in from an address: the mark of a shared one
	bans     *limit.Until    // until the back end's own ban arrives, or stands in for it
}

// Size is how many keys a Tally holds before the least harmful is dropped.
type Size struct {
	Clients  int // 64 bytes each
	Keys     int // 32 bytes each
	Distinct int // about 570 bytes each
	Bans     int // 32 bytes each
}

// DefaultSize holds a quarter of a million live clients in about 40 MiB.
var DefaultSize = Size{Clients: 1 << 18, Keys: 1 << 19, Distinct: 1 << 13, Bans: 1 << 16}

// NewTally makes an empty tally. The seed keeps strangers from choosing keys that push others out, so it comes from
// the operating system's randomness.
func NewTally(size Size, seed [16]byte) *Tally {
	return &Tally{
		key:      limit.NewKey(seed),
		cards:    limit.NewCards(size.Clients),
		table:    limit.NewTable(size.Keys),
		distinct: limit.NewDistinct(size.Distinct),
		good:     limit.NewDistinct(size.Distinct),
		bans:     limit.NewUntil(size.Bans),
	}
}

// Evicted is how many live keys were dropped at the bounds.
func (t *Tally) Evicted() uint64 {
	return t.cards.Evicted() + t.table.Evicted() + t.distinct.Evicted() + t.good.Evicted() + t.bans.Evicted()
}

// Bytes is the memory the tables hold.
func (t *Tally) Bytes() int {
	return t.cards.Bytes() + t.table.Bytes() + t.distinct.Bytes() + t.good.Bytes() + t.bans.Bytes()
}

// A source is shared when at least sharedAccounts different accounts signed in from it within sharedWindow. Three is
// more than a couple with a phone each, fewer than any office.
const (
	sharedAccounts = 3
	sharedWindow   = int64(24 * time.Hour)
)
