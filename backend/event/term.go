package event

import "net/netip"

// A term is the hash of a column's name and a value. A segment is entered once under each term that any of its events
// has; two values that share a hash cost one read in vain, as what is read is compared in full.

// hash is FNV-1a with a finishing mix. It is stored, so it must stay as it is, in every process and version.
func hash[T string | []byte](column string, value T) int64 {
	h := uint64(14695981039346656037)
	for i := range len(column) {
		h = (h ^ uint64(column[i])) * 1099511628211
	}
	h = (h ^ 0xff) * 1099511628211
	for i := range len(value) {
		h = (h ^ uint64(value[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return int64(h)
}

// The names of what events are found by.
const (
	byAddress     = "address"
	byNetwork     = "network" // a /24 or /48, or a network list's name
	byAccount     = "account" // or the subject of an outcome: who failed to sign in has no account yet
	byKey         = "api_key"
	byCertificate = "certificate"
	byFingerprint = "fingerprint"
	byRoute       = "route"
	byStatus      = "status"
	byAction      = "action"
	byRule        = "rule" // one that acted, or one that would have (a mark)
	byReason      = "reason"
	byKind        = "kind"
	byOutcome     = "outcome" // "login.failed"
	bySession     = "session"
	byHost        = "host"
)

// found are the plain columns that have terms. Methods, paths and agents are too many or too few to help.
var found = [lastPlain]string{
	colHost: byHost, colRoute: byRoute, colKind: byKind, colFingerprint: byFingerprint, colAccount: byAccount, colKey: byKey,
	colCertificate: byCertificate, colSession: bySession, colAction: byAction, colRule: byRule, colReason: byReason,
}

// Block is the network that an address is counted in: the /24 of a v4 address, the /48 of a v6 one.
func Block(a netip.Addr) netip.Prefix {
	bits := 48
	if a.Is4() || a.Is4In6() {
		a, bits = a.Unmap(), 24
	}
	p, _ := a.Prefix(bits) // fails only for the invalid address, whose prefix is then invalid too
	return p
}

// terms appends the terms of a frame's events. It reads dictionaries, so a value costs one hash however often it came.
func (f *frame) terms(to []int64) []int64 {
	for c, name := range found {
		if name == "" {
			continue
		}
		for _, s := range f.columns[c].entries {
			if len(s) > 0 {
				to = append(to, hash(name, s))
			}
		}
	}
	for _, s := range f.columns[colAddress].entries {
		if a, ok := parseAddress(s); ok && a.IsValid() {
			to = append(to, hash(byAddress, s), blockTerm(a))
		}
	}
	for _, s := range f.columns[colStatus].entries {
		if len(s) > 0 {
			to = append(to, hash(byStatus, s))
		}
	}
	to = listTerms(to, byNetwork, f.columns[colNetworks].entries)
	to = listTerms(to, byRule, f.columns[colMarks].entries)
	for _, s := range f.columns[colOutcomes].entries {
		outcomes, _ := parseOutcomes(s)
		for _, o := range outcomes {
			to = append(to, hash(byOutcome, o.Name()))
			if o.Subject != "" {
				to = append(to, hash(byAccount, o.Subject))
			}
		}
	}
	return to
}

func listTerms(to []int64, name string, entries [][]byte) []int64 {
	for _, s := range entries {
		list, _ := parseList(s)
		for _, item := range list {
			to = append(to, hash(name, item))
		}
	}
	return to
}

func addressTerm(a netip.Addr) int64 {
	return hash(byAddress, appendAddress(nil, a))
}

func blockTerm(a netip.Addr) int64 {
	var scratch [48]byte
	return hash(byNetwork, Block(a).AppendTo(scratch[:0]))
}

func statusTerm(status int) int64 {
	return hash(byStatus, appendNumber(nil, uint64(status)))
}
