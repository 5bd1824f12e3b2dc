package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"palisade.dev/guard/limit"
	"palisade.dev/guard/wire"
)

func (p *Policy) addRule(w *wire.Rule) error {
	var faults []error
	if w.Name == "" || len(w.Name) > 64 || strings.ContainsFunc(w.Name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.')
	}) {
		faults = append(faults, errors.New("name: want 1 to 64 of a-z, 0-9, -, _ and ."))
	}
	r := rule{name: w.Name, host: w.Match.Host, kind: w.Match.Kind}
	var err error
	if r.pattern, err = p.pattern(w.Match.Route); err != nil {
		faults = append(faults, fmt.Errorf("match: %w", err))
	}
	for name, glob := range w.Match.Header {
		r.header = append(r.header, headerMatch{name, glob})
	}
	if len(w.Match.Network) > 0 {
		r.netted, r.networks = true, p.networks.named(w.Match.Network)
		if r.networks == (mask{}) {
			p.Notes = append(p.Notes, fmt.Sprintf("rule %q: no network list here is called %s, so it matches nothing yet", w.Name, strings.Join(w.Match.Network, " or ")))
		}
	}
	if r.rate, err = limit.ParseRate(w.Limit); err != nil {
		faults = append(faults, fmt.Errorf("limit: %w", err))
	} else {
		r.limit = r.rate.Limit()
	}
	if r.by, err = parseBy(w.By); err != nil {
		faults = append(faults, err)
	}
	if w.Count != "" && w.Count != "requests" {
		if err := checkCount(w.Count); err != nil {
			faults = append(faults, err)
		}
		r.count = w.Count
	}
	if r.distinct, err = parseDistinct(w.Distinct); err != nil {
		faults = append(faults, err)
	}
	var unknown []string
	if r.then, unknown, err = parseThen(w.Then, Throttle); err != nil {
		faults = append(faults, err)
	}
	for _, u := range unknown {
		p.Notes = append(p.Notes, fmt.Sprintf("rule %q: action %q is not known here, so it blocks", w.Name, u))
	}
	r.answer, r.spared = r.then.answer.Climb(p.can), r.then.spared.Climb(p.can)
	if r.then.ban > 0 {
		d, ok := r.by.single()
		if !ok || d == ByHost || d == ByRoute || d == BySite || d == ByHeader {
			faults = append(faults, fmt.Errorf("then: a ban needs a client to hold, and by: %s names none; use by: address, network, account, api_key, certificate, session or fingerprint", strings.Join(w.By, ", ")))
		}
	}
	switch w.Spare {
	case "":
	case "shared-address":
		r.spare = true
	case "known-device":
		r.device = true
	default:
		faults = append(faults, fmt.Errorf("spare: %q: want shared-address or known-device", w.Spare))
	}
	switch w.Mode {
	case "", "on":
	case "rehearse":
		r.rehearse = true
	case "off":
		return errors.Join(faults...)
	default:
		faults = append(faults, fmt.Errorf("mode: %q: want on, rehearse or off", w.Mode))
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	if r.then.ban > 0 && !r.rehearse {
		d, _ := r.by.single()
		p.banDims |= 1 << d
	}
	r.soft = r.rehearse || !r.answer.Refuses()
	r.quota = !r.rehearse && r.count == "" && !r.by.has(BySite) // what all share is nobody's quota
	r.narrow = r.netted || len(r.host)+len(r.kind)+len(r.header) > 0
	p.name(r.pattern)
	p.rules = append(p.rules, r)
	return nil
}

// checkCount reads what a rule counts: an outcome's kind or kind.result, or a status.
func checkCount(s string) error {
	kind, result, dotted := strings.Cut(s, ".")
	if kind == "status" {
		n := strings.TrimSuffix(result, "xx")
		if code, err := strconv.Atoi(n); err == nil && (len(result) == 3 && code >= 1 && code <= 599) {
			return nil
		}
		return fmt.Errorf("count: %q: want status.404 or status.4xx", s)
	}
	if kind == "" || dotted && result == "" || strings.ContainsAny(s, " \t") {
		return fmt.Errorf("count: %q: want requests, an outcome such as login.failed, or status.404", s)
	}
	return nil
}

// parseDistinct reads whose distinct values are counted.
func parseDistinct(s string) (string, error) {
	switch s {
	case "", "path", "address", "account", "api_key", "agent", "subject":
		return s, nil
	}
	if _, what, ok := strings.Cut(s, "."); ok && what != "" {
		return "subject", nil // login.account: the subject of the login outcome
	}
	return "", fmt.Errorf("distinct: %q: want path, address, account, api_key, agent or an outcome's subject such as login.account", s)
}

// groupRules gives rules with the same key a common group. The salt is made of all that the group counts, so a
// change to one of its rules starts the counts of that key anew and changes nothing elsewhere.
func (p *Policy) groupRules() error {
	for i := range p.rules {
		r := &p.rules[i]
		if r.distinct != "" {
			r.salt = fnv(r.name) ^ fnv(r.rate.String())
			continue
		}
		g := -1
		for j := range p.groups {
			if p.groups[j].by == r.by && len(p.groups[j].rules) < perCard {
				g = j
				break
			}
		}
		if g < 0 {
			if len(p.groups) == maxGroups {
				return fmt.Errorf("rule %q: its key is the %dth kind of key: a policy holds at most %d", r.name, maxGroups+1, maxGroups)
			}
			g = len(p.groups)
			p.groups = append(p.groups, group{by: r.by})
		}
		r.group, r.slot = uint8(g), uint8(len(p.groups[g].rules))
		p.groups[g].rules = append(p.groups[g].rules, uint16(i))
	}
	for j := range p.groups {
		g := &p.groups[j]
		g.lone = len(g.rules) == 1
		for slot, i := range g.rules {
			g.add(slot, &p.rules[i])
		}
		h := fnv("group")
		for _, i := range g.rules {
			r := &p.rules[i]
			h = h*1099511628211 ^ fnv(r.name) ^ fnv(r.rate.String())<<1 ^ fnv(r.count)<<2
		}
		g.salt = h ^ uint64(g.by.dims)<<48 ^ fnv(g.by.header)
	}
	return nil
}

// add puts what a request needs of a rule at the rule's slot.
func (g *group) add(slot int, r *rule) {
	g.limits[slot] = r.limit
	bit := uint8(1) << slot
	if r.count != "" {
		g.hold |= bit
	}
	if r.soft {
		g.soft |= bit
	}
	if r.device {
		g.device |= bit
	}
	if r.quota {
		g.quota |= bit
	}
}

// sortRules sets rules apart by what has to be done to find out whether a request meets them.
func (p *Policy) sortRules() {
	p.ruled = make([]owed, len(p.router.patterns))
	for i := range p.rules {
		r := &p.rules[i]
		switch {
		case r.distinct != "":
			p.crowds = append(p.crowds, uint16(i))
		case r.narrow:
			p.narrow = append(p.narrow, uint16(i))
		default:
			p.ruled[r.pattern].add(r.group, r.slot)
		}
		if r.count != "" {
			p.counts = append(p.counts, uint16(i))
		}
	}
}

// fnv is FNV-1a: for salts, which are no secret.
func fnv(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
