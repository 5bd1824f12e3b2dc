package engine

import (
	"math"
	"math/bits"
	"time"

	"palisade.dev/guard/limit"
)

// meets reports whether a rule speaks of a request.
func (p *Policy) meets(r *Request, ru *rule) bool {
	return r.way().matched.has(ru.pattern) && (!ru.narrow || ru.applies(p, r))
}

// applies looks at what a rule asks for beside its route.
func (ru *rule) applies(p *Policy, r *Request) bool {
	if ru.netted && !overlap(ru.networks, p.networks.mask(r.Class)) {
		return false
	}
	if len(ru.host) > 0 && !anyGlob(ru.host, r.Host) {
		return false
	}
	if len(ru.kind) > 0 && !anyGlob(ru.kind, r.Kind) {
		return false
	}
	for _, h := range ru.header {
		if r.Header == nil || !Glob(h.glob, r.Header.Get(h.name)) {
			return false
		}
	}
	return true
}

func anyGlob(globs []string, s string) bool {
	for _, g := range globs {
		if Glob(g, s) {
			return true
		}
	}
	return false
}

// hand is what a request draws from one group: the state of one key.
type hand struct {
	group *group
	key   uint64
	draw  limit.Draw
}

// hands bounds the kinds of keys looked at in two steps. A request that meets more draws from the rest at once; it
// could then pay one rule and be refused by another, which errs on the strict side.
const hands = 6

// spend looks at every rule the request meets, then pays them all or, where one refuses, none.
func (p *Policy) spend(t *Tally, r *Request, v *Verdict) {
	tripped, wait := -1, int64(0)
	if len(p.crowds) > 0 {
		tripped, wait = p.spendDistinct(t, r, v)
	}
	if w := r.way(); w.one && len(p.narrow) == 0 {
		tripped, wait = p.spendOne(t, r, v, w.group, w.slots, tripped, wait)
	} else if owed := p.owed(r); owed != nothing {
		if g, slots, one := owed.single(); one {
			tripped, wait = p.spendOne(t, r, v, g, slots, tripped, wait)
		} else {
			tripped, wait = p.spendMany(t, r, v, owed, tripped, wait)
		}
	}
	if tripped >= 0 && !v.Allowed {
		p.trip(t, r, v, tripped, wait)
	}
}

// owed adds to what a request draws for its route the rules that ask for more than that.
func (p *Policy) owed(r *Request) owed {
	all := r.way().owed
	for _, i := range p.narrow {
		if ru := &p.rules[i]; p.meets(r, ru) {
			all.add(ru.group, ru.slot)
		}
	}
	return all
}

// spendDistinct looks at the rules that count distinct subjects.
func (p *Policy) spendDistinct(t *Tally, r *Request, v *Verdict) (tripped int, wait int64) {
	tripped = -1
	for _, i := range p.crowds {
		ru := &p.rules[i]
		if !p.meets(r, ru) {
			continue
		}
		over, back := p.countDistinct(t, r, ru)
		switch {
		case !over || ru.device && r.KnownAccount:
		case v.Allowed || ru.soft:
			p.soft(v, int(i))
		default:
			tripped, wait = first(tripped, int(i)), max(wait, back)
		}
	}
	return tripped, wait
}

// spendOne is for a request whose rules all count by the same key, as nearly all do: what it owes lies in one place and
// is looked at and paid in one step.
func (p *Policy) spendOne(t *Tally, r *Request, v *Verdict, g, slots uint8, tripped int, wait int64) (int, int64) {
	var h hand
	if !p.deal(t, r, v, g, slots, &h) {
		return tripped, wait
	}
	if tripped >= 0 {
		t.look(&h, r.At)
	} else {
		t.take(&h, r.At)
	}
	tripped, wait = h.tripped(tripped, wait)
	p.note(&h, v)
	return tripped, wait
}

// spendMany looks at the keys one after the other and pays only when none refuses.
func (p *Policy) spendMany(t *Tally, r *Request, v *Verdict, owed owed, tripped int, wait int64) (int, int64) {
	var held [hands]hand
	n := 0
	for g, slots, more := owed.next(); more; g, slots, more = owed.next() {
		h := &held[n]
		if !p.deal(t, r, v, g, slots, h) {
			continue
		}
		t.look(h, r.At)
		tripped, wait = h.tripped(tripped, wait)
		if n < hands-1 {
			n++
		} else if tripped < 0 {
			t.pay(h, r.At)
			tripped, wait = h.tripped(tripped, wait)
			p.note(h, v)
		}
	}
	refused := tripped >= 0
	for i := range n {
		h := &held[i]
		if !refused { // the payment may still find that another request took the last of it
			t.pay(h, r.At)
			tripped, wait = h.tripped(tripped, wait)
		}
		p.note(h, v)
	}
	return tripped, wait
}

// deal fills a hand from a group. It reports false where the request has nothing to be counted under.
func (p *Policy) deal(t *Tally, r *Request, v *Verdict, g, slots uint8, h *hand) (ok bool) {
	gr := &p.groups[g]
	h.group = gr
	if gr.by.dims == 1<<ByAddress {
		h.key = t.addressKey(r, gr.salt)
	} else if h.key, ok = t.hash(r, &gr.by, gr.salt, p.templateFor(&gr.by, r)); !ok {
		return false
	}
	h.draw.Slots, h.draw.Hold, h.draw.Soft = slots, gr.hold, gr.soft
	if r.KnownAccount {
		h.draw.Soft |= gr.device
	}
	if v.Allowed {
		h.draw.Soft = slots
	}
	return true
}

// tripped gives the first rule that is over and refuses, and the longest wait.
func (h *hand) tripped(tripped int, wait int64) (int, int64) {
	for over := h.draw.Over &^ h.draw.Soft; over != 0; over &= over - 1 {
		slot := lowest(over)
		tripped, wait = first(tripped, int(h.group.rules[slot])), max(wait, h.draw.Wait[slot])
	}
	return tripped, wait
}

// first is which of two rules answers: the earlier one in the policy. None is -1. The longest of their waits is told,
// so that waiting as long as told is enough.
func first(tripped, i int) int {
	if tripped < 0 || i < tripped {
		return i
	}
	return tripped
}

func (t *Tally) look(h *hand, now int64) {
	if h.group.lone {
		h.alone(t.table.Peek(h.key, &h.group.limits[0], now))
		return
	}
	t.cards.Peek(h.key, now, &h.group.limits, &h.draw)
}

// take looks at the hand's draws and spends them, or where one is over and refuses, none.
func (t *Tally) take(h *hand, now int64) {
	switch {
	case !h.group.lone:
		t.cards.Take(h.key, now, &h.group.limits, &h.draw)
	case h.draw.Hold != 0:
		t.look(h, now)
	default:
		h.alone(t.table.Take(h.key, &h.group.limits[0], now, 1))
	}
}

// pay spends what look has just looked at.
func (t *Tally) pay(h *hand, now int64) {
	switch {
	case !h.group.lone:
		t.cards.Pay(h.key, now, &h.group.limits, &h.draw)
	case h.draw.Hold|h.draw.Over == 0:
		h.alone(t.table.Take(h.key, &h.group.limits[0], now, 1))
	}
}

// alone keeps what the table says of a rule that has its key to itself.
func (h *hand) alone(r limit.Result) {
	d := &h.draw
	if d.Over, d.Wait[0], d.Left[0] = 0, r.Wait, r.Left; !r.OK {
		d.Over = 1
	}
}

// note keeps the marks of rules that only mark, and the tightest quota.
func (p *Policy) note(h *hand, v *Verdict) {
	d, gr := &h.draw, h.group
	marked := d.Over & d.Soft
	for slots := marked; slots != 0; slots &= slots - 1 {
		p.soft(v, int(gr.rules[lowest(slots)]))
	}
	tightest, least := -1, v.Quota.Remaining
	if v.Quota.Rule == "" {
		least = math.MaxInt
	}
	for slots := d.Slots & gr.quota &^ marked; slots != 0; slots &= slots - 1 {
		slot := lowest(slots)
		if left := int(d.Left[slot]); left < least {
			tightest, least = slot, left
		}
	}
	if tightest >= 0 {
		// Field by field: a Quota made beside and copied here costs 5 ns, since wide loads wait for narrow stores.
		ru, q := &p.rules[gr.rules[tightest]], &v.Quota
		q.Rule, q.Count, q.Per = ru.name, ru.rate.Count, ru.rate.Per
		q.Remaining, q.Reset = least, time.Duration(d.Wait[tightest])
	}
}

func lowest(slots uint8) int { return bits.TrailingZeros8(slots) & 7 }

// soft notes a rule that is over and refuses nobody: it marks, and one that is on may delay or alert.
func (p *Policy) soft(v *Verdict, i int) {
	ru := &p.rules[i]
	v.Marks.add(i)
	if ru.rehearse || v.Allowed || ru.answer.Refuses() {
		return
	}
	v.Alert = v.Alert || ru.then.alert
	if ru.answer > v.Action {
		v.Action, v.Rule, v.Reason = ru.answer, ru.name, RuleTripped
	}
}

func (p *Policy) trip(t *Tally, r *Request, v *Verdict, i int, wait int64) {
	ru := &p.rules[i]
	v.Rule, v.Reason, v.Alert = ru.name, RuleTripped, ru.then.alert
	v.RetryAfter = time.Duration(wait)
	v.Action = ru.answer
	if ru.spare && t.shared(r) {
		v.Action, v.Reason = ru.spared, RuleSpared
	} else if ru.then.ban > 0 {
		d, _ := ru.by.single()
		p.impose(t, r, v, d, ru.then.ban)
	}
	if v.Action == Throttle || v.Action == Challenge {
		v.Status = 429
	} else {
		v.Status = p.answer
	}
}

// shared reports whether several people signed in from the request's address lately.
func (t *Tally) shared(r *Request) bool {
	h := t.addressKey(r, goodSalt)
	return t.good.Count(h, sharedWindow, r.At) >= sharedAccounts
}
