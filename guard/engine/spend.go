package engine

import (
	"strings"
	"time"

	"palisade.dev/guard/limit"
	"palisade.dev/guard/wire"
)

// candidates is which rules a request matches.
type candidates [maxRules / 64]uint64

func (c *candidates) add(i uint16)      { c[i>>6] |= 1 << (i & 63) }
func (c *candidates) has(i uint16) bool { return c[i>>6]>>(i&63)&1 == 1 }

func (p *Policy) candidates(r *Request, c *candidates) (any bool) {
	for w, word := range r.matched {
		for ; word != 0; word &= word - 1 {
			id := w<<6 | trailing(word)
			if id >= len(p.ruled) {
				continue
			}
			for _, i := range p.ruled[id] {
				if p.rules[i].applies(p, r) {
					c.add(i)
					any = true
				}
			}
		}
	}
	return any
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
	draws [perCard]limit.Draw
	rules [perCard]uint16
	n     int
}

// hands bounds the kinds of keys looked at in two steps. A request that meets more draws from the rest at once; it
// could then pay one rule and be refused by another, which errs on the strict side.
const hands = 6

// spend looks at every rule the request matches, then pays them all or, where one refuses, none.
func (p *Policy) spend(t *Tally, r *Request, v *Verdict) {
	var c candidates
	if len(p.rules) == 0 || !p.candidates(r, &c) {
		return
	}
	var held [hands]hand
	n := 0
	tripped := -1
	var wait int64
	for g := range p.groups {
		gr := &p.groups[g]
		h := &held[n]
		h.n = 0
		for _, i := range gr.rules {
			if !c.has(i) {
				continue
			}
			ru := &p.rules[i]
			h.draws[h.n] = limit.Draw{Limit: &ru.limit, Slot: ru.slot, Hold: ru.count != "", Soft: v.Allowed || ru.rehearse || !ru.answer.Refuses() || ru.device && r.KnownAccount}
			h.rules[h.n] = i
			h.n++
		}
		if h.n == 0 {
			continue
		}
		key, ok := t.hash(r, gr.by, gr.salt, p.templateFor(gr, r))
		if !ok {
			continue
		}
		h.group, h.key = gr, key
		t.look(h, r.At)
		for j := range h.n {
			if d := &h.draws[j]; d.Over && !d.Soft {
				tripped, wait = first(tripped, int(h.rules[j])), max(wait, d.Wait)
			}
		}
		if n < hands-1 {
			n++
		} else if tripped < 0 {
			t.pay(h, r.At)
			p.note(h, v)
		}
	}
	for i := range p.rules {
		if p.rules[i].distinct == "" || !c.has(uint16(i)) {
			continue
		}
		if over, back := p.countDistinct(t, r, i); over {
			ru := &p.rules[i]
			switch {
			case ru.device && r.KnownAccount:
			case v.Allowed || ru.rehearse || !ru.answer.Refuses():
				p.soft(v, i)
			default:
				tripped, wait = first(tripped, i), max(wait, back)
			}
		}
	}
	if tripped < 0 {
		for i := range n {
			h := &held[i]
			if late, w := t.pay(h, r.At); late >= 0 && !v.Allowed {
				// Another request took the last of it between the look and the pay.
				tripped, wait = first(tripped, int(h.rules[late])), max(wait, w)
			}
			p.note(h, v)
		}
	} else {
		for i := range n {
			p.note(&held[i], v)
		}
	}
	if tripped >= 0 && !v.Allowed {
		p.trip(t, r, v, tripped, wait)
	}
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

// pay spends the hand's draws; it gives the first draw that turned out to be over after all, or -1.
func (t *Tally) pay(h *hand, now int64) (late int, wait int64) {
	if h.group.lone {
		d := &h.draws[0]
		if d.Hold || d.Over {
			return -1, 0
		}
		res := t.table.Take(h.key, d.Limit, now, 1)
		d.Wait, d.Left = res.Wait, res.Left
		if !res.OK {
			d.Over = true
			if !d.Soft {
				return 0, res.Wait
			}
		}
		return -1, 0
	}
	if t.cards.Take(h.key, now, h.draws[:h.n]) {
		return -1, 0
	}
	for j := range h.n {
		if d := &h.draws[j]; d.Over && !d.Soft {
			return j, d.Wait
		}
	}
	return -1, 0
}

// note keeps the marks of rules that only mark, and the tightest quota.
func (p *Policy) note(h *hand, v *Verdict) {
	for j := range h.n {
		d, i := &h.draws[j], int(h.rules[j])
		ru := &p.rules[i]
		if d.Over && d.Soft {
			p.soft(v, i)
			continue
		}
		if ru.rehearse || ru.count != "" || ru.by.has(BySite) {
			continue // what all share is nobody's quota
		}
		if left := int(d.Left); v.Quota.Rule == "" || left < v.Quota.Remaining {
			v.Quota = Quota{ru.name, ru.rate.Count, ru.rate.Per, left, time.Duration(d.Wait)}
		}
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
	h, _ := t.hash(r, by{dims: 1 << ByAddress}, 0x600D, "")
	return t.good.Count(h, sharedWindow, r.At) >= sharedAccounts
}

func (p *Policy) templateFor(g *group, r *Request) string {
	if g.by.has(ByRoute) {
		return p.Template(r)
	}
	return ""
}

// hash is the key of a request under a `by`. A lone principal that the request does not have gives no key: nothing to
// count it under. In a composed key, and for a header, what is missing counts as empty, so leaving it out evades
// nothing.
func (t *Tally) hash(r *Request, b by, salt uint64, template string) (uint64, bool) {
	hi, lo := words(r.Address)
	four := r.Address.Is4()
	h := salt
	if b.has(ByAddress) {
		if !four {
			lo = 0
		}
		h = t.key.Addr(hi, lo, h)
		if b.dims == 1<<ByAddress {
			return h, true
		}
	}
	if b.has(ByNetwork) {
		nhi, nlo := hi&^0xFFFF, uint64(0)
		if four {
			nhi, nlo = hi, lo&^0xFF
		}
		h = t.key.Addr(nhi, nlo, h+1)
	}
	for d := ByAccount; d <= ByFingerprint; d++ {
		if !b.has(d) {
			continue
		}
		value := r.value(d)
		if value == "" && b.dims == 1<<d {
			return 0, false
		}
		h = t.key.String(value, h+uint64(d))
	}
	if b.has(ByHost) {
		h = t.key.String(r.Host, h+uint64(ByHost))
	}
	if b.has(ByRoute) {
		h = t.key.String(template, h+uint64(ByRoute))
	}
	if b.has(BySite) {
		h = t.key.Addr(h, uint64(BySite), h)
	}
	if b.has(ByHeader) {
		value := ""
		if r.Header != nil {
			value = r.Header.Get(b.header)
		}
		h = t.key.String(strings.TrimSpace(value), h+uint64(ByHeader))
	}
	return h, true
}

// countDistinct reports whether a rule with `distinct` is over for this request.
func (p *Policy) countDistinct(t *Tally, r *Request, i int) (over bool, wait int64) {
	ru := &p.rules[i]
	key, ok := t.hash(r, ru.by, fnv(ru.name)^fnv(ru.rate.String()), p.templateIf(ru.by, r))
	if !ok {
		return false, 0
	}
	window := int64(ru.rate.Per)
	if ru.count != "" { // outcomes are added when they happen
		return t.distinct.Count(key, window, r.At) >= ru.rate.Count, window
	}
	return t.distinct.Add(key, t.subject(r, ru.distinct), window, r.At) > ru.rate.Count, window
}

func (p *Policy) templateIf(b by, r *Request) string {
	if b.has(ByRoute) {
		return p.Template(r)
	}
	return ""
}

// subject is what a request shows under a `distinct`, hashed. An address is what it is in `by`: of IPv6 the /64, or a
// client could be as many sources as it likes.
func (t *Tally) subject(r *Request, distinct string) uint64 {
	if distinct == "address" {
		h, _ := t.hash(r, by{dims: 1 << ByAddress}, 1, "")
		return h
	}
	return t.key.String(r.word(distinct), 1)
}

func (r *Request) word(distinct string) string {
	switch distinct {
	case "path":
		return r.Path
	case "api_key":
		return r.Key
	case "account":
		return r.Account
	case "agent":
		if r.Header != nil {
			return r.Header.Get("User-Agent")
		}
	}
	return ""
}

// Settle counts what came of a request, once its response has ended: its status and outcomes. Rules that count them
// act on the next request.
func (p *Policy) Settle(t *Tally, r *Request, status int, outcomes []wire.Outcome, now int64) {
	p.Route(r)
	for i := range outcomes {
		if o := &outcomes[i]; o.Kind == "login" && o.Result == "ok" && o.Subject != "" {
			h, _ := t.hash(r, by{dims: 1 << ByAddress}, 0x600D, "")
			t.good.Add(h, t.key.String(o.Subject, 2), sharedWindow, now)
		}
	}
	var c candidates
	if !p.candidates(r, &c) {
		return
	}
	touched := r.trap != noTrap && p.traps[r.trap].missing && status == 404
	for i := range p.rules {
		ru := &p.rules[i]
		if ru.count == "" || !c.has(uint16(i)) {
			continue
		}
		if strings.HasPrefix(ru.count, "status.") {
			if statusIs(ru.count[len("status."):], status) {
				p.debit(t, r, ru, r.Path, now)
			}
			continue
		}
		if touched && (ru.count == "trap" || ru.count == "trap.missing") {
			p.debit(t, r, ru, p.traps[r.trap].name, now)
		}
		for j := range outcomes {
			if o := &outcomes[j]; counts(ru.count, o) {
				p.debit(t, r, ru, o.Subject, now)
			}
		}
	}
}

// Touched gives the trap that a request touched, whether or not it was refused for it.
func (p *Policy) Touched(r *Request, status int) (name string, ok bool) {
	if !r.routed || r.trap == noTrap || r.trap >= len(p.traps) {
		return "", false
	}
	tr := &p.traps[r.trap]
	return tr.name, !tr.missing || status == 404
}

// Marked gives the names of the rules that a verdict marks.
func (p *Policy) Marked(m Marks) []string {
	if m.n == 0 {
		return nil
	}
	names := make([]string, m.n)
	for i := range names {
		names[i] = p.rules[m.rule[i]].name
	}
	return names
}

func counts(count string, o *wire.Outcome) bool {
	kind, result, dotted := strings.Cut(count, ".")
	return kind == o.Kind && (!dotted || result == o.Result)
}

func statusIs(want string, status int) bool {
	if len(want) != 3 || status < 100 || status > 599 {
		return false
	}
	if want[1:] == "xx" {
		return int(want[0]-'0') == status/100
	}
	return int(want[0]-'0')*100+int(want[1]-'0')*10+int(want[2]-'0') == status
}

func (p *Policy) debit(t *Tally, r *Request, ru *rule, subject string, now int64) {
	if ru.distinct != "" {
		key, ok := t.hash(r, ru.by, fnv(ru.name)^fnv(ru.rate.String()), p.templateIf(ru.by, r))
		if !ok {
			return
		}
		h := uint64(0)
		if ru.distinct == "subject" {
			h = t.key.String(subject, 1)
		} else {
			h = t.subject(r, ru.distinct)
		}
		t.distinct.Add(key, h, int64(ru.rate.Per), now)
		return
	}
	g := &p.groups[ru.group]
	key, ok := t.hash(r, g.by, g.salt, p.templateFor(g, r))
	if !ok {
		return
	}
	if g.lone {
		t.table.Debit(key, &ru.limit, now, 1)
	} else {
		t.cards.Debit(key, now, ru.slot, &ru.limit, 1)
	}
}
