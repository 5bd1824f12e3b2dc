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

// Draw is one limit to look at or to pay, and the answer. A request draws from each slot at most once.
type Draw struct {
	Limit *Limit
	Cost  int32 // 0 is 1
	Slot  uint8
	Hold  bool // look only: the slot is debited by what happens later
	Soft  bool // when over, do not keep the others from being paid

	Over bool
	Left int32
	Wait int64

	was, next uint64 // the slot's word when last looked at, and once paid
}

func (d *Draw) cost() int64 { return max(int64(d.Cost), 1) }

func (t *Cards) bucket(h uint64) *[cardWays]card {
	b, _ := bits.Mul64(h, t.buckets)
	return (*[cardWays]card)(t.all[b*cardWays:])
}

// find gives a key's card, or nil. Each key has a place of its own, where it is looked for first.
func (t *Cards) find(h uint64) *card {
	tag, b := tagOf(h), t.bucket(h)
	for i := range uint64(cardWays) {
		if c := &b[(i^h>>1)%cardWays]; c.tag.Load()&^locked == tag {
			return c
		}
	}
	return nil
}

// is reports whether the card still is that key's. What was read from it before that is the key's then.
func (c *card) is(h uint64) bool { return c.tag.Load()&^locked == tagOf(h) }

// Peek answers each draw as if it were paid now, and pays nothing. A key without a card owes nothing, and Peek makes
// none. It reports whether no draw is over that is not Soft. A first refusal leaves a mark, for which the card is kept
// longer.
func (t *Cards) Peek(h uint64, now int64, draws []Draw) bool {
	for {
		c := t.find(h)
		ok := c.look(h, now, draws)
		if c == nil || c.is(h) {
			return ok
		}
	}
}

// Take pays all draws, or none if one that is not Soft is over; it reports which. A Soft draw that is over is not paid,
// nor is one on Hold.
func (t *Cards) Take(h uint64, now int64, draws []Draw) bool {
	return t.Peek(h, now, draws) && t.Pay(h, now, draws)
}

// Pay is Take for draws that Peek has just answered, at the same time of the same key: it pays them as they stand, and
// looks again only at what has changed. So a request that draws from several cards looks at all, and pays once none
// refuses. Between paying and taking back, another request may be refused that would have passed.
func (t *Cards) Pay(h uint64, now int64, draws []Draw) bool {
	for pays(draws) {
		c := t.find(h)
		if c == nil {
			if t.add(h, now, draws) {
				break
			}
			continue
		}
		if ok, same := c.pay(h, now, draws); same {
			return ok
		}
		if !t.Peek(h, now, draws) {
			return false
		}
	}
	return true
}

func pays(draws []Draw) bool {
	for i := range draws {
		if d := &draws[i]; !d.Hold && !d.Over {
			return true
		}
	}
	return false
}

// look answers the draws from a card, nil for a key that has none.
func (c *card) look(h uint64, now int64, draws []Draw) (ok bool) {
	ok = true
	for i := range draws {
		d := &draws[i]
		if d.was = 0; c != nil {
			d.was = c.words[d.Slot].Load()
		}
		next, write, r := d.Limit.step(d.was, now, d.cost())
		if !r.OK {
			if write && c.is(h) {
				c.words[d.Slot].CompareAndSwap(d.was, next) // if not, the next refusal will
			}
			ok = ok && d.Soft
		}
		d.next, d.Over, d.Wait, d.Left = next, !r.OK, r.Wait, r.Left
	}
	return ok
}

// pay pays all draws or none. When the card is no longer the key's, and with it what was paid is gone, same is false.
func (c *card) pay(h uint64, now int64, draws []Draw) (ok, same bool) {
	for i := range draws {
		d := &draws[i]
		if d.Hold || d.Over {
			continue
		}
		for d.next == 0 || !c.words[d.Slot].CompareAndSwap(d.was, d.next) { // 0: nobody looked
			d.was = c.words[d.Slot].Load()
			if !c.is(h) {
				return false, false
			}
			next, _, r := d.Limit.step(d.was, now, d.cost())
			d.next, d.Over, d.Wait, d.Left = next, !r.OK, r.Wait, r.Left
			if !r.OK { // another request took the last of it since we looked
				break
			}
		}
		if d.Over && !d.Soft {
			c.repay(h, draws[:i])
			return false, true
		}
	}
	return true, true
}

// repay takes back what draws have paid.
func (c *card) repay(h uint64, draws []Draw) {
	for i := range draws {
		d := &draws[i]
		for !d.Hold && !d.Over {
			word := c.words[d.Slot].Load()
			if !c.is(h) {
				return
			}
			// Whatever others paid meanwhile lies on top of ours, so what is taken back was there.
			if c.words[d.Slot].CompareAndSwap(word, word-uint64(d.Limit.price(d.cost()))) {
				break
			}
		}
	}
}

// Debit adds n to what a key owes in a slot whatever the limit says, a full debt at most.
func (t *Cards) Debit(h uint64, now int64, slot uint8, l *Limit, n int64) {
	for {
		c := t.find(h)
		if c == nil {
			t.add(h, now, nil)
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

// add makes a card for a key that has none, with its draws paid, and reports whether it did: another goroutine may have
// been faster. In a full bucket the card that weighs least makes room.
func (t *Cards) add(h uint64, now int64, draws []Draw) bool {
	var words [Slots]uint64
	for i := range words {
		words[i] = uint64(max(now, 0)) // no debt, and no word that a swap meant for the card's last owner expects
	}
	for i := range draws {
		if d := &draws[i]; !d.Hold && !d.Over {
			words[d.Slot], _, _ = d.Limit.step(words[d.Slot], now, d.cost()) // of nothing owed: it passes, as Peek said
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
		victim.tag.Store(victim.tag.Load() & locked)
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
