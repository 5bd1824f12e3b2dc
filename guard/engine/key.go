package engine

import "strings"

func (p *Policy) templateFor(b *by, r *Request) string {
	if b.has(ByRoute) {
		return p.Template(r)
	}
	return ""
}

// goodSalt keeps sign-ins that went well apart from whatever else is counted by address.
const goodSalt = 0x600D

// addressKey is the key of the request's address: of IPv6 the /64, which is what one customer gets.
func (t *Tally) addressKey(r *Request, salt uint64) uint64 {
	return t.key.Addr(r.hi, r.lo, salt)
}

// hash is the key of a request under a `by`. A lone principal that the request does not have gives no key: nothing to
// count it under. In a composed key, and for a header, what is missing counts as empty, so leaving it out evades
// nothing.
func (t *Tally) hash(r *Request, b *by, salt uint64, template string) (uint64, bool) {
	h := salt
	if b.has(ByAddress) {
		h = t.addressKey(r, salt)
		if b.dims == 1<<ByAddress {
			return h, true
		}
	}
	if b.has(ByNetwork) {
		hi, lo := r.hi&^0xFFFF, uint64(0)
		if r.Address.Is4() {
			hi, lo = r.hi, r.lo&^0xFF
		}
		h = t.key.Addr(hi, lo, h+1)
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
