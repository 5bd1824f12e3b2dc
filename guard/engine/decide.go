// Package engine decides what to do with a request. It is a function: policy, tally and the facts of a request go in,
// a verdict comes out. It knows no HTTP, disk, clock or log, so that the gateway, an app's middleware and a rehearsal
// over last week's events cannot differ.
package engine

import (
	"math/bits"
	"slices"
	"time"

	"palisade.dev/guard/limit"
)

// Decide says what to do with a request and spends what the request costs. The order is part of the contract, and
// vectors hold every step of it: malformed → lever closed and allow list → other levers → bans → network blocks → traps, decoys
// first → the route's failure mode → rules in the order of the policy. The first refusal decides. It allocates nothing.
func (p *Policy) Decide(t *Tally, r *Request) (v Verdict) {
	if r.PathFault {
		return Verdict{Action: Block, Reason: PathMalformed, Status: 400}
	}
	p.Route(r)
	if r.KeyFault != NoFault && r.way().matched.overlaps(&p.keyed) {
		v = Verdict{Action: Block, Reason: KeyIsMissing, Status: 401}
		if r.KeyFault == KeyMalformed {
			v.Reason = KeyIsMalformed
		}
		if p.decoys.some {
			p.luredKeyless(t, r, &v)
		}
		return v
	}
	var l *lever
	if len(p.levers) > 0 {
		l = p.lever(r)
	}
	if l != nil && l.position == LeverShut {
		return l.refuse(r, LeverClosed, Locked)
	}
	if p.allowances.some && p.allowances.holds(r) {
		v.Allowed, v.Reason = true, AllowList
		p.spend(t, r, &v)
		return v
	}
	if l != nil {
		if refused, ok := p.throughLever(l, r); ok {
			return refused
		}
	}
	if p.banned(t, r, &v) || len(p.blocks) > 0 && p.blocked(r, &v) || p.decoys.some && p.lured(t, r, &v) ||
		r.way().trap != noTrap && p.trapped(t, r, &v) || r.Away && p.away(r, &v) {
		return v
	}
	p.spend(t, r, &v)
	return v
}

// Route finds the patterns a request matches. Decide calls it; a second call costs nothing.
func (p *Policy) Route(r *Request) {
	if r.routed {
		return
	}
	r.routed = true
	if r.hi, r.lo = words(r.Address); !r.Address.Is4() {
		r.lo = 0
	}
	if r.known = p.find(r.Method, r.Path); r.known == nil {
		p.walk(r.Method, r.Path, &r.walked)
	}
}

// Template is the name of the request's route for events and counters: the most specific declared template that it
// matched, or the path with what looks like an id replaced by a star.
func (p *Policy) Template(r *Request) string {
	p.Route(r)
	best, most := "", -1
	r.way().matched.each(func(i int) bool {
		if i < len(p.names) && p.names[i] != "" {
			if s := p.router.patterns[i].specific(); s > most {
				best, most = p.names[i], s
			}
		}
		return true
	})
	if best == "" {
		return Shape(r.Path)
	}
	return best
}

// Quiet reports whether the request's route must not tell what is left of its limits.
func (p *Policy) Quiet(r *Request) bool {
	p.Route(r)
	return r.way().matched.overlaps(&p.quiet)
}

// Watched gives which of the policy's observed outcomes the request's route may bring about, the first one declared,
// or -1.
func (p *Policy) Watched(r *Request) int {
	if len(p.watched) == 0 {
		return -1
	}
	p.Route(r)
	for i, id := range p.watched {
		if id >= 0 && r.way().matched.has(id) {
			return i
		}
	}
	return -1
}

// lever is the tightest lever that holds the route now. One past its time has returned by itself.
func (p *Policy) lever(r *Request) *lever {
	var best *lever
	for i := range p.levers {
		l := &p.levers[i]
		if l.since <= r.At && r.At < l.until && r.way().matched.has(l.pattern) {
			if best == nil || slices.Index(Positions, l.position) > slices.Index(Positions, best.position) {
				best = l
			}
		}
	}
	return best
}

func (l *lever) refuse(r *Request, why Reason, a Action) Verdict {
	return Verdict{
		Action: a, Reason: why, Status: 503, Position: l.position,
		RetryAfter: time.Duration(l.until - r.At), Until: l.until,
	}
}

// throughLever refuses who a half-open lever keeps out. Those whom it would challenge are kept out as well where the
// guard cannot challenge, because the next stricter position is "known".
func (p *Policy) throughLever(l *lever, r *Request) (Verdict, bool) {
	known := r.KnownSince != 0 && r.KnownSince < l.since
	switch l.position {
	case LeverAttest:
		if !r.Attested {
			return l.refuse(r, LeverAttested, Locked), true
		}
	case LeverNewcomer:
		if !known && !r.Attested {
			if p.can.Challenge {
				return Verdict{Action: Challenge, Reason: LeverNewcomers, Status: 403, Position: l.position}, true
			}
			return l.refuse(r, LeverNewcomers, Locked), true
		}
	default:
		if !known && !r.Attested {
			return l.refuse(r, LeverKnown, Locked), true
		}
	}
	return Verdict{}, false
}

func (p *Policy) banned(t *Tally, r *Request, v *Verdict) bool {
	switch {
	case p.operators.Contains(r.Address):
		return false
	case p.bans.some && p.bans.touch(r) && p.listed(r, v):
		return true
	}
	return p.banDims != 0 && t.bans.Len() != 0 && p.imposed(t, r, v)
}

// listed looks for a ban that the back end told of.
func (p *Policy) listed(r *Request, v *Verdict) bool {
	e, whom, ok := p.bans.find(r)
	if ok {
		*v = p.ban(r, e.rule, whom, e.until)
	}
	return ok
}

// imposed looks for a ban of this guard's own.
func (p *Policy) imposed(t *Tally, r *Request, v *Verdict) bool {
	for dims := p.banDims; dims != 0; dims &= dims - 1 {
		d := Dimension(bits.TrailingZeros16(dims))
		if h, ok := t.banKey(r, d); ok {
			if until, ok := t.bans.Get(h, r.At); ok {
				*v = p.ban(r, "", d, until)
				return true
			}
		}
	}
	return false
}

func (p *Policy) ban(r *Request, rule string, whom Dimension, until int64) Verdict {
	left := time.Duration(until - r.At)
	if left > limit.MaxBan { // one that stands until lifted
		left = limit.MaxBan
	}
	return Verdict{Action: Ban, Reason: Banned, Status: p.answer, Rule: rule, RetryAfter: left, Until: until, BanWhom: whom}
}

// banSalt keeps bans apart from whatever else is kept under the same dimension.
const banSalt = 0xBA17

// banKey is where a dimension's ban is kept in the tally.
func (t *Tally) banKey(r *Request, d Dimension) (uint64, bool) {
	if d == ByAddress {
		return t.addressKey(r, banSalt), true
	}
	return t.hash(r, &by{dims: 1 << d}, banSalt, "")
}

func (p *Policy) blocked(r *Request, v *Verdict) bool {
	m := p.networks.mask(r.Class)
	if m == (mask{}) {
		return false
	}
	for i := range p.blocks {
		b := &p.blocks[i]
		if !overlap(b.networks, m) || !r.way().matched.has(b.pattern) || b.spare && overlap(p.networks.honest, m) {
			continue
		}
		if b.rehearse {
			v.Rule = b.name
			continue
		}
		if !b.action.Refuses() {
			v.Action, v.Reason, v.Rule = b.action, NetworkBlocked, b.name
			continue
		}
		*v = Verdict{Action: b.action, Reason: NetworkBlocked, Status: p.status(b.action), Rule: b.name}
		return true
	}
	return false
}

func (p *Policy) status(a Action) int {
	if a == Throttle {
		return 429
	}
	return p.answer
}

// impose bans the request's client here and now; the back end hears of it from the event and tells the other guards.
func (p *Policy) impose(t *Tally, r *Request, v *Verdict, d Dimension, base time.Duration) {
	if p.operators.Contains(r.Address) {
		return
	}
	h, ok := t.banKey(r, d)
	if !ok {
		return
	}
	v.Action, v.BanWhom = Ban, d
	v.BanFor = limit.Escalate(base, t.bans.Strike(h, r.At))
	v.Until = r.At + int64(v.BanFor)
	v.RetryAfter = v.BanFor
	t.bans.Set(h, v.Until)
}

// away applies the failure mode of the route while the back end cannot be reached.
func (p *Policy) away(r *Request, v *Verdict) bool {
	for _, f := range p.fails {
		if !r.way().matched.has(f.pattern) {
			continue
		}
		v.Reason = BackendAway
		if f.mode == "closed" {
			v.Action, v.Status, v.RetryAfter = Block, 503, 30*time.Second
			return true
		}
		return true // open: the rules are left out
	}
	return false
}

// Shape replaces the segments of a path that look like ids with a star, so that counters per route stay few: digits,
// UUIDs, and long hexadecimal or mixed words.
func Shape(path string) string {
	start, changed := 0, false
	var out []byte
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		segment := path[start:i]
		if identifies(segment) {
			if !changed {
				out, changed = append(out, path[:start]...), true
			}
			out = append(out, '*')
		} else if changed {
			out = append(out, segment...)
		}
		if changed && i < len(path) {
			out = append(out, '/')
		}
		start = i + 1
	}
	if !changed {
		return path
	}
	return string(out)
}

// identifies reports whether a segment is an id: it has a digit and is all digits, or is at least 16 long without a
// dot (a slug of words has none, a file name has a dot).
func identifies(s string) bool {
	digits, other, dots := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '.':
			dots++
		default:
			other++
		}
	}
	return digits > 0 && (other+dots == 0 || len(s) >= 16 && dots == 0 && digits >= 4)
}
