package rule

import (
	"slices"
	"sync"

	"palisade.dev/guard/engine"
)

// table remembers the table of network lists that drafts are read and tried with: to make one takes some 100 ms, and somebody
// is typing. It is safe for concurrent use.
type table struct {
	mu    sync.Mutex
	ready *engine.Networks
}

// of gives the table of some lists.
func (t *table) of(lists []engine.NetworkList) (*engine.Networks, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	same := func(a, b engine.NetworkList) bool { return a.Name == b.Name && a.Checksum == b.Checksum }
	if t.ready != nil && slices.EqualFunc(t.ready.Lists(), lists, same) {
		return t.ready, nil
	}
	made, err := engine.NewNetworks(lists)
	if err == nil {
		t.ready = made
	}
	return made, err
}
