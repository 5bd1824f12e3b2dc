package engine

// countDistinct reports whether a rule with `distinct` is over for this request.
func (p *Policy) countDistinct(t *Tally, r *Request, ru *rule) (over bool, wait int64) {
	key, ok := t.hash(r, &ru.by, ru.salt, p.templateFor(&ru.by, r))
	if !ok {
		return false, 0
	}
	window := int64(ru.rate.Per)
	if ru.count != "" { // outcomes are added when they happen
		return t.distinct.Count(key, window, r.At) >= ru.rate.Count, window
	}
	return t.distinct.Add(key, t.subject(r, ru.distinct), window, r.At) > ru.rate.Count, window
}

// subject is what a request shows under a `distinct`, hashed. An address is what it is in `by`: of IPv6 the /64, or a
// client could be as many sources as it likes.
func (t *Tally) subject(r *Request, distinct string) uint64 {
	if distinct == "address" {
		return t.addressKey(r, 1)
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
