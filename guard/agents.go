package guard

import (
	"net/http"
	"sync/atomic"

	"palisade.dev/guard/identity"
	"palisade.dev/guard/limit"
)

// agents remembers what was worked out of User-Agents and header shapes: real traffic has a few hundred of them, and
// looking for sixty words in each costs more than all the rest of a decision. The cache is a fixed array; a newcomer
// takes the place of who was there.
type agents struct {
	names  [1 << 10]atomic.Pointer[agent]
	shapes [1 << 10]atomic.Pointer[shape]
}

type agent struct {
	name string
	read identity.Agent
}

type shape struct {
	hash  uint64
	print string
}

// seed need not be secret: an entry is compared whole, or (shapes) by 64 bits of which only a label depends.
var seed = limit.NewKey([16]byte{7: 0x5a, 15: 0xa5})

func (a *agents) find(name string) *agent {
	slot := &a.names[seed.String(name, 0)&uint64(len(a.names)-1)]
	if e := slot.Load(); e != nil && e.name == name {
		return e
	}
	e := &agent{name, identity.ReadAgent(name)}
	slot.Store(e)
	return e
}

// kind says what asks. A claim that no list at hand could prove is neither proven nor refuted.
func (a *agent) kind(networks []string, attested bool, lists map[string]bool) identity.Kind {
	k := a.read.Kind(networks, attested)
	if k != identity.SpoofedBot {
		return k
	}
	for _, list := range a.read.Proofs() {
		if lists[list] {
			return k
		}
	}
	return identity.Unknown
}

func (a *agents) fingerprint(ja4 string, h http.Header) string {
	hash := seed.String(ja4, 1)
	for _, name := range identity.Fingerprinted {
		if v := h[name]; len(v) > 0 {
			hash = seed.String(v[0], hash)
		} else {
			hash = seed.String("", hash+1)
		}
	}
	slot := &a.shapes[hash&uint64(len(a.shapes)-1)]
	if e := slot.Load(); e != nil && e.hash == hash {
		return e.print
	}
	e := &shape{hash, identity.Fingerprint(ja4, h)}
	slot.Store(e)
	return e.print
}
