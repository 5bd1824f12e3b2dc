package gateway

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"palisade.dev/guard/prefix"
)

// sources bounds connections, in all and from one source: an IPv4 address or an IPv6 /64.
type sources struct {
	all, each int

	mu      sync.Mutex
	open    int
	from    map[netip.Prefix]int
	refused atomic.Uint64
}

func (s *sources) limit(all, each int) {
	s.all, s.each, s.from = all, each, map[netip.Prefix]int{}
}

func group(a netip.Addr) netip.Prefix { return prefix.Group(a) }

func (s *sources) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.all {
		s.refused.Add(1)
		return false
	}
	s.open++
	return true
}

func (s *sources) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
}

func (s *sources) enterFrom(p netip.Prefix) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from[p] >= s.each {
		s.refused.Add(1)
		return false
	}
	s.from[p]++
	return true
}

func (s *sources) leaveFrom(p netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from[p]--; s.from[p] <= 0 {
		delete(s.from, p)
	}
}

func (s *sources) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}
