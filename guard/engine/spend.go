package engine

import (
	"math"
	"time"

	"palisade.dev/guard/limit"
)

// candidates is which rules a request matches, and which groups they are of.
type candidates struct {
	rules    [maxRules / 64]uint64
	groups   uint32
	distinct bool
}

func (c *candidates) has(i uint16) bool { return c.rules[i>>6]>>(i&63)&1 == 1 }

func (p *Policy) candidates(r *Request, c *candidates) {
	for w := range (len(p.ruled) + 63) / 64 {
		for word := r.matched[w]; word != 0; word &= word - 1 {
			for _, i := range p.ruled[w<<6|trailing(word)] {
				ru := &p.rules[i]
				if ru.narrow && !ru.applies(p, r) {
					continue
				}
				c.rules[i>>6] |= 1 << (i & 63)
				if ru.distinct != "" {
					c.distinct = true
				} else {
					c.groups |= 1 << ru.group
				}
			}
		}
	}
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
	n     int
	rules [perCard]uint16
	draws [perCard]limit.Draw
}

// hands bounds the kinds of keys looked at in two steps. A request that meets more draws from the rest at once; it
// could then pay one rule and be refused by another, which errs on the strict side.
const hands = 6

// spend looks at every rule the request matches, then pays them all or, where one refuses, none.
func (p *Policy) spend(t *Tally, r *Request, v *Verdict) {
	var c candidates
	p.candidates(r, &c)
	tripped, wait := -1, int64(0)
	if c.distinct {
		tripped, wait = p.spendDistinct(t, r, v, &c)
	}
	switch {
	case c.groups == 0:
	case c.groups&(c.groups-1) == 0:
		tripped, wait = p.spendOne(t, r, v, &c, tripped, wait)
	default:
		tripped, wait = p.spendMany(t, r, v, &c, tripped, wait)
	}
	if tripped >= 0 && !v.Allowed {
		p.trip(t, r, v, tripped, wait)
	}
}

// spendDistinct looks at the rules that count distinct subjects.
func (p *Policy) spendDistinct(t *Tally, r *Request, v *Verdict, c *candidates) (tripped int, wait int64) {
	tripped = -1
	for i := range p.rules {
		ru := &p.rules[i]
		if ru.distinct == "" || !c.has(uint16(i)) {
			continue
		}
		over, back := p.countDistinct(t, r, ru)
		switch {
		case !over || ru.device && r.KnownAccount:
		case v.Allowed || ru.soft:
			p.soft(v, i)
		default:
			tripped, wait = first(tripped, i), max(wait, back)
		}
	}
	return tripped, wait
}

// spendOne is for a request whose rules all count by the same key, as nearly all do: what it owes lies in one place and
// is looked at and paid in one step.
func (p *Policy) spendOne(t *Tally, r *Request, v *Verdict, c *candidates, tripped int, wait int64) (int, int64) {
	var h hand
	if !p.deal(t, r, v, c, trailing(uint64(c.groups)), &h) {
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
func (p *Policy) spendMany(t *Tally, r *Request, v *Verdict, c *candidates, tripped int, wait int64) (int, int64) {
	var held [hands]hand
	n := 0
	for groups := c.groups; groups != 0; groups &= groups - 1 {
		h := &held[n]
		if !p.deal(t, r, v, c, trailing(uint64(groups)), h) {
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
func (p *Policy) deal(t *Tally, r *Request, v *Verdict, c *candidates, g int, h *hand) bool {
	gr := &p.groups[g]
	key, ok := t.hash(r, &gr.by, gr.salt, p.templateFor(&gr.by, r))
	if !ok {
		return false
	}
	h.group, h.key, h.n = gr, key, 0
	for _, i := range gr.rules {
		if !c.has(i) {
			continue
		}
		ru := &p.rules[i]
		d := &h.draws[h.n]
		d.Limit, d.Slot, d.Hold = &ru.limit, ru.slot, ru.count != ""
		d.Soft = v.Allowed || ru.soft || ru.device && r.KnownAccount
		h.rules[h.n] = i
		h.n++
	}
	return true
}

// tripped gives the first rule that is over and refuses, and the longest wait.
func (h *hand) tripped(tripped int, wait int64) (int, int64) {
	for j := range h.n {
		if d := &h.draws[j]; d.Over && !d.Soft {
			tripped, wait = first(tripped, int(h.rules[j])), max(wait, d.Wait)
		}
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
		d := &h.draws[0]
		res := t.table.Peek(h.key, d.Limit, now)
		d.Over, d.Wait, d.Left = !res.OK, res.Wait, res.Left
		return
	}
	t.cards.Peek(h.key, now, h.draws[:h.n])
}

// take looks at the hand's draws and spends them, or where one is over and refuses, none.
func (t *Tally) take(h *hand, now int64) {
	if !h.group.lone {
		t.cards.Take(h.key, now, h.draws[:h.n])
		return
	}
	if h.draws[0].Hold {
		t.look(h, now)
		return
	}
	t.takeLone(h, now)
}

// pay spends what look has just looked at.
func (t *Tally) pay(h *hand, now int64) {
	if !h.group.lone {
		t.cards.Pay(h.key, now, h.draws[:h.n])
		return
	}
	if d := &h.draws[0]; !d.Hold && !d.Over {
		t.takeLone(h, now)
	}
}

func (t *Tally) takeLone(h *hand, now int64) {
	d := &h.draws[0]
	res := t.table.Take(h.key, d.Limit, now, 1)
	d.Over, d.Wait, d.Left = !res.OK, res.Wait, res.Left
}

// note keeps the marks of rules that only mark, and the tightest quota.
func (p *Policy) note(h *hand, v *Verdict) {
	tightest, least := -1, v.Quota.Remaining
	if v.Quota.Rule == "" {
		least = math.MaxInt
	}
	for j := range h.n {
		d := &h.draws[j]
		if d.Over && d.Soft {
			p.soft(v, int(h.rules[j]))
			continue
		}
		if left := int(d.Left); left < least && p.rules[h.rules[j]].quota {
			tightest, least = j, left
		}
	}
	if tightest >= 0 {
		ru, d := &p.rules[h.rules[tightest]], &h.draws[tightest]
		v.Quota = Quota{ru.name, ru.rate.Count, ru.rate.Per, int(d.Left), time.Duration(d.Wait)}
	}
}

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
