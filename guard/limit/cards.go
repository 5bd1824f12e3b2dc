package limit

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// Slots is how many limits one card holds.
const Slots = 7

// card is everything about one key, in one cache line: its tag, with a lock for its bucket in bit 0 of the first card,
// and a word of state for each limit.
type card struct {
	tag   atomic.Uint64
	words [Slots]atomic.Uint64
}

// cardWays is how many neighbouring cards a key may live in.
const cardWays = 8

// Cards holds a card for each of the last so many keys: one miss of the processor's cache brings what is known about a
// client. It is safe for any number of goroutines.
//
// Nobody ever holds a card. Looking takes no lock and writes nothing; paying is one compare-and-swap for each limit
// paid, taken back if a later one says no, so a request that draws from several cards cannot deadlock and one that
// loses its processor half-way keeps nobody waiting. Only making a card locks its bucket, as in pairs, and with the
// same promises about tags.
type Cards struct {
	all     []card
	buckets uint64
	evicted atomic.Uint64
}

// NewCards makes a table of n cards, 64 bytes each; it never grows. With n live keys one in seven finds its bucket
// full, with half as many one in a hundred.
func NewCards(n int) *Cards {
	buckets := max((n+cardWays-1)/cardWays, 1)
	all := make([]card, buckets*cardWays+1)
	if uintptr(unsafe.Pointer(&all[0]))&63 != 0 { // small tables; large ones begin on a page
		all = all[1:]
	}
	return &Cards{all: all[: buckets*cardWays : buckets*cardWays], buckets: uint64(buckets)}
}

// Limits are the limits of a card's slots; a slot without one refuses nothing.
type Limits [Slots]Limit

// Draw is which limits of a card a request meets, and what they answer. Sets of slots are bits; answers lie at the
// slot's number.
type Draw struct {
	Slots uint8 // looked at
	Hold  uint8 // of them only looked at: debited by what happens later
	Soft  uint8 // when over, do not keep the others from being paid

	Over uint8
	Left [8]int32
	Wait [8]int64

	was, next [8]uint64 // the slot's word when last looked at, and once paid
}

// pays is the slots that are to be paid.
func (d *Draw) pays() uint8 { return d.Slots &^ d.Hold &^ d.Over }

// answer keeps what one step of a limit says.
func (d *Draw) answer(i int, next uint64, r Result) {
	d.next[i], d.Wait[i], d.Left[i] = next, r.Wait, r.Left
	if !r.OK {
		d.Over |= 1 << i
	}
}

// lowest is the first slot of a set. The mask is for the compiler, which then knows that it is below eight.
func lowest(slots uint8) int { return bits.TrailingZeros8(slots) & 7 }

func (t *Cards) bucket(h uint64) *[cardWays]card {
	b, _ := bits.Mul64(h, t.buckets)
	return (*[cardWays]card)(t.all[b*cardWays:])
}

// find gives a key's card, or nil. Each key has a place of its own, where it is looked for first; as in pairs, an empty
// place ends the search.
func (t *Cards) find(h uint64) *card {
	tag, b := tagOf(h), t.bucket(h)
	for i := range uint64(cardWays) {
		c := &b[(i^h>>1)%cardWays]
		switch c.tag.Load() &^ locked {
		case tag:
			return c
		case 0:
			return nil
		}
	}
	return nil
}

// is reports whether the card still is that key's. What was read from it before that is the key's then.
func (c *card) is(h uint64) bool { return c.tag.Load()&^locked == tagOf(h) }

// Peek answers each slot of the draw as if it were paid now, and pays nothing. A key without a card owes nothing, and
// Peek makes none. It reports whether no slot is over that is not Soft. A first refusal leaves a mark, for which the
// card is kept longer.
func (t *Cards) Peek(h uint64, now int64, limits *Limits, d *Draw) bool {
	for {
		c := t.find(h)
		ok := c.look(h, now, limits, d)
		if c == nil || c.is(h) {
			return ok
		}
	}
}

// Take pays all slots, or none if one that is not Soft is over; it reports which. A Soft slot that is over is not paid,
// nor is one on Hold.
func (t *Cards) Take(h uint64, now int64, limits *Limits, d *Draw) bool {
	c := &t.bucket(h)[h>>1%cardWays]
	if !c.is(h) { // in the place of its own, where find would look first
		c = t.find(h)
	}
	if c != nil { // Peek and Pay in one, since the card seldom changes hands between them
		if ok := c.look(h, now, limits, d); c.is(h) {
			if !ok {
				return false
			}
			if ok, same := c.pay(h, now, limits, d); same {
				return ok
			}
		}
	}
	return t.Peek(h, now, limits, d) && t.Pay(h, now, limits, d)
}

// Pay is Take for a draw that Peek has just answered, at the same time of the same key: it pays it as it stands, and
// looks again only at what has changed. So a request that draws from several cards looks at all, and pays once none
// refuses. Between paying and taking back, another request may be refused that would have passed.
func (t *Cards) Pay(h uint64, now int64, limits *Limits, d *Draw) bool {
	for d.pays() != 0 {
		c := t.find(h)
		if c == nil {
			if t.add(h, now, limits, d.pays()) {
				break
			}
			continue
		}
		if ok, same := c.pay(h, now, limits, d); same {
			return ok
		}
		if !t.Peek(h, now, limits, d) {
			return false
		}
	}
	return true
}

// look answers a draw from a card, nil for a key that has none.
func (c *card) look(h uint64, now int64, limits *Limits, d *Draw) (ok bool) {
	d.Over = 0
	for slots := d.Slots; slots != 0; slots &= slots - 1 {
		i, word := lowest(slots), uint64(0)
		if c != nil {
			word = c.words[i].Load()
		}
		d.was[i] = word
		// A step that passes, as nearly all do, is written out: the call costs as much as the step.
		l := &limits[i]
		debt := l.debt(int64(word&tatBits), now)
		if after := debt + l.interval; after <= l.tolerance {
			next := uint64(now + after)
			if debt > 0 {
				next |= word & refused
			}
			d.next[i], d.Wait[i], d.Left[i] = next, after, l.left(after)
			continue
		}
		next, write, r := l.step(word, now, 1)
		if write && c.is(h) {
			c.words[i].CompareAndSwap(word, next) // if not, the next refusal will
		}
		d.answer(i, next, r)
	}
	return d.Over&^d.Soft == 0
}

// pay pays all of a draw or nothing. When the card is no longer the key's, and with it what was paid is gone, same is
// false.
func (c *card) pay(h uint64, now int64, limits *Limits, d *Draw) (ok, same bool) {
	paid := uint8(0)
	for slots := d.pays(); slots != 0; slots &= slots - 1 {
		i := lowest(slots)
		for d.next[i] == 0 || !c.words[i].CompareAndSwap(d.was[i], d.next[i]) { // 0: nobody looked
			d.was[i] = c.words[i].Load()
			if !c.is(h) {
				return false, false
			}
			next, _, r := limits[i].step(d.was[i], now, 1)
			if d.answer(i, next, r); !r.OK { // another request took the last of it since we looked
				break
			}
		}
		switch bit := uint8(1) << i; {
		case d.Over&bit == 0:
			paid |= bit
		case d.Soft&bit == 0:
			c.repay(h, limits, paid)
			return false, true
		}
	}
	return true, true
}

// repay takes back what was paid in some slots.
func (c *card) repay(h uint64, limits *Limits, paid uint8) {
	for slots := paid; slots != 0; {
		i := lowest(slots)
		word := c.words[i].Load()
		if !c.is(h) {
			return
		}
		// Whatever others paid meanwhile lies on top of ours, so what is taken back was there.
		if c.words[i].CompareAndSwap(word, word-uint64(limits[i].interval)) {
			slots &= slots - 1
		}
	}
}

// Debit adds n to what a key owes in a slot whatever the limit says, a full debt at most.
func (t *Cards) Debit(h uint64, now int64, slot uint8, l *Limit, n int64) {
	for {
		c := t.find(h)
		if c == nil {
			t.add(h, now, nil, 0)
			continue
		}
		word := c.words[slot].Load()
		if c.is(h) && c.words[slot].CompareAndSwap(word, l.add(word, now, n)) {
			return
		}
	}
}

// Forget frees a key of all debt.
func (t *Cards) Forget(h uint64) {
	c := t.find(h)
	for slot := 0; c != nil && slot < Slots; {
		word := c.words[slot].Load()
		if !c.is(h) {
			return // dropped, and so forgotten
		}
		if c.words[slot].CompareAndSwap(word, 0) {
			slot++
		}
	}
}

// add makes a card for a key that has none, with some slots paid, and reports whether it did: another goroutine may have
// been faster. In a full bucket the card that weighs least makes room.
func (t *Cards) add(h uint64, now int64, limits *Limits, paid uint8) bool {
	var words [Slots]uint64
	for i := range words {
		words[i] = uint64(max(now, 0)) // no debt, and no word that a swap meant for the card's last owner expects
		if paid>>i&1 == 1 {
			words[i], _, _ = limits[i].step(words[i], now, 1) // of nothing owed: it passes, as Peek said
		}
	}
	tag, b := tagOf(h), t.bucket(h)
	lock(&b[0].tag)
	var victim *card
	least, lost := uint64(0), false
	for i := range uint64(cardWays) {
		c := &b[(i^h>>1)%cardWays]
		switch c.tag.Load() &^ locked {
		case tag:
			unlock(&b[0].tag)
			return false
		case 0:
			if victim == nil || lost {
				victim, least, lost = c, 0, false
			}
		default:
			if victim != nil && !lost {
				continue
			}
			if w := c.weight(now); victim == nil || w < least {
				victim, least, lost = c, w, true
			}
		}
	}
	if lost {
		victim.tag.Store(victim.tag.Load()&locked | leaving)
		if least > 0 {
			t.evicted.Add(1)
		}
	}
	for i := range words {
		victim.words[i].Store(words[i])
	}
	if victim == &b[0] {
		victim.tag.Store(tag) // and unlocked
		return true
	}
	victim.tag.Store(tag)
	unlock(&b[0].tag)
	return true
}

func (c *card) weight(now int64) (w uint64) {
	for i := range c.words {
		w = max(w, weight(c.words[i].Load(), now))
	}
	return w
}

// Evicted is how many keys that still owed something were dropped.
func (t *Cards) Evicted() uint64 { return t.evicted.Load() }

// Bytes is the table's size.
func (t *Cards) Bytes() int { return len(t.all) * int(unsafe.Sizeof(card{})) }
