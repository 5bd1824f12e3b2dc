package engine

import (
	"strings"

	"palisade.dev/guard/wire"
)

// Settle counts what came of a request, once its response has ended: its status and outcomes. Rules that count them
// act on the next request.
func (p *Policy) Settle(t *Tally, r *Request, status int, outcomes []wire.Outcome, now int64) {
	p.Route(r)
	for i := range outcomes {
		if o := &outcomes[i]; o.Kind == "login" && o.Result == "ok" && o.Subject != "" {
			h := t.addressKey(r, goodSalt)
			t.good.Add(h, t.key.String(o.Subject, 2), sharedWindow, now)
		}
	}
	touched := r.way().trap != noTrap && p.traps[r.way().trap].missing && status == 404
	for _, i := range p.counts {
		ru := &p.rules[i]
		if !p.meets(r, ru) {
			continue
		}
		if strings.HasPrefix(ru.count, "status.") {
			if statusIs(ru.count[len("status."):], status) {
				p.debit(t, r, ru, r.Path, now)
			}
			continue
		}
		if touched && (ru.count == "trap" || ru.count == "trap.missing") {
			p.debit(t, r, ru, p.traps[r.way().trap].name, now)
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
	if !r.routed || r.way().trap == noTrap || int(r.way().trap) >= len(p.traps) {
		return "", false
	}
	tr := &p.traps[r.way().trap]
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
		key, ok := t.hash(r, &ru.by, ru.salt, p.templateFor(&ru.by, r))
		if !ok {
			return
		}
		var h uint64
		if ru.distinct == "subject" {
			h = t.key.String(subject, 1)
		} else {
			h = t.subject(r, ru.distinct)
		}
		t.distinct.Add(key, h, int64(ru.rate.Per), now)
		return
	}
	g := &p.groups[ru.group]
	key, ok := t.hash(r, &g.by, g.salt, p.templateFor(&g.by, r))
	if !ok {
		return
	}
	if g.lone {
		t.table.Debit(key, &ru.limit, now, 1)
	} else {
		t.cards.Debit(key, now, ru.slot, &ru.limit, 1)
	}
}
