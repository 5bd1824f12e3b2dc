package event

import (
	"fmt"
	"maps"
	"slices"

	"palisade.dev/backend/event/sketch"
	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
)

// Dimension is what a top list is of.
type Dimension int

// The dimensions of a rollup's top lists. Their order is part of the stored form.
const (
	Addresses Dimension = iota
	Accounts
	Routes
	Networks // lists by name
	Rules    // that acted
	Marks    // rules that would have
	Agents
	dimensions
)

// lengths are how many entries a top list keeps. What matters is total/length, the count below which a value may be
// missed: an address with 1% of a minute's requests is always listed, and routes, lists and rules usually are all there.
var lengths = [dimensions]int{Addresses: 128, Accounts: 64, Routes: 64, Networks: 32, Rules: 64, Marks: 64, Agents: 48}

const (
	maxNames = 32      // distinct actions or outcome names in a rollup; more are counted as "other"
	maxKey   = 256     // bytes of a name or a listed value
	maxTotal = 1 << 56 // of any count: sums of a year of blobs cannot overflow
	other    = "other"
	// rollupVersion is the first byte of a stored rollup.
	rollupVersion = 1
)

// Rollup counts the events of a span of time. Its size is bounded whatever the traffic; rollups of parts merge into that
// of the whole.
type Rollup struct {
	Requests uint64
	Alerts   uint64
	Actions  map[string]uint64
	Classes  [6]uint64 // by first digit of the status; 0 is no status
	Outcomes map[string]uint64
	clients  sketch.Sketch
	tops     [dimensions]top
}

// Clients estimates how many distinct clients asked: addresses, or /64 networks for IPv6.
func (r *Rollup) Clients() uint64 { return r.clients.Estimate() }

// Top lists the n most frequent values of a dimension.
func (r *Rollup) Top(d Dimension, n int) []Entry {
	list := r.tops[d].entries()
	return list[:min(n, len(list))]
}

// Floor is how often a value that Top does not list may have been seen at most.
func (r *Rollup) Floor(d Dimension) uint64 { return r.tops[d].floor }

// add counts one event. Lists are not cut here: what is added is a batch, and a batch is bounded.
func (r *Rollup) add(e *wire.Event) {
	r.Requests++
	if e.Alert {
		r.Alerts++
	}
	bump(&r.Actions, e.Action, 1)
	r.Classes[statusClass(e.Status)]++
	for _, o := range e.Outcomes {
		bump(&r.Outcomes, o.Name(), 1)
	}
	if e.Address.IsValid() {
		r.clients.Add(uint64(addressTerm(veil.Client(e.Address))))
		r.tops[Addresses].add(veil.Text(e.Address), 1)
	}
	for _, v := range []struct {
		d Dimension
		s string
	}{{Accounts, e.Account}, {Routes, e.Route}, {Rules, e.Rule}, {Agents, e.Agent}} {
		if v.s != "" {
			r.tops[v.d].add(v.s, 1)
		}
	}
	for _, list := range e.Networks {
		r.tops[Networks].add(list, 1)
	}
	for _, rule := range e.Marks {
		r.tops[Marks].add(rule, 1)
	}
}

func statusClass(status int) int {
	if status < 100 || status > 599 {
		return 0
	}
	return status / 100
}

func bump(counts *map[string]uint64, name string, n uint64) {
	if *counts == nil {
		*counts = make(map[string]uint64)
	}
	if _, ok := (*counts)[name]; !ok && len(*counts) >= maxNames {
		name = other
	}
	(*counts)[name] += n
}

// merge adds another rollup without cutting the lists.
func (r *Rollup) merge(o *Rollup) {
	r.Requests += o.Requests
	r.Alerts += o.Alerts
	for _, name := range slices.Sorted(maps.Keys(o.Actions)) {
		bump(&r.Actions, name, o.Actions[name])
	}
	for i, n := range o.Classes {
		r.Classes[i] += n
	}
	for _, name := range slices.Sorted(maps.Keys(o.Outcomes)) {
		bump(&r.Outcomes, name, o.Outcomes[name])
	}
	r.clients.Merge(&o.clients)
	for d := range r.tops {
		r.tops[d].merge(&o.tops[d])
	}
}

func (r *Rollup) cut() {
	for d := range r.tops {
		r.tops[d].cut(lengths[d])
	}
}

func (r *Rollup) encode() []byte {
	r.cut()
	b := []byte{rollupVersion}
	b = appendCount(b, r.Requests)
	b = appendCount(b, r.Alerts)
	for _, n := range r.Classes {
		b = appendCount(b, n)
	}
	for _, counts := range []map[string]uint64{r.Actions, r.Outcomes} {
		b = appendCount(b, uint64(len(counts)))
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			b = appendText(b, name)
			b = appendCount(b, counts[name])
		}
	}
	b = appendSketch(b, &r.clients)
	for d := range r.tops {
		b = r.tops[d].encode(b)
	}
	return b
}

func parseRollup(body []byte) (*Rollup, error) {
	return parseRollupTo(body, func(p *Rollup, d Dimension, r *reader) error { return p.tops[d].decode(r, lengths[d]) })
}

// parseRollupTo leaves the top lists to the caller, who may have no use for each as a map.
func parseRollupTo(body []byte, list func(*Rollup, Dimension, *reader) error) (*Rollup, error) {
	r := &reader{b: body}
	if v := r.byte(); r.err == nil && v != rollupVersion {
		return nil, fmt.Errorf("reading a rollup: format %d is not known to this program (it writes %d); was it written by a newer Palisade?", v, rollupVersion)
	}
	p := &Rollup{Requests: r.count(maxTotal), Alerts: r.count(maxTotal)}
	for i := range p.Classes {
		p.Classes[i] = r.count(maxTotal)
	}
	for _, counts := range []*map[string]uint64{&p.Actions, &p.Outcomes} {
		for range r.count(maxNames + 1) { // and "other"
			name := r.text(maxKey)
			n := r.count(maxTotal)
			if r.err != nil {
				break
			}
			if *counts == nil {
				*counts = make(map[string]uint64)
			}
			(*counts)[name] += n
		}
	}
	err := r.err
	if err == nil {
		err = readSketch(r, &p.clients)
	}
	for d := range dimensions {
		if err == nil {
			err = list(p, d, r)
		}
	}
	if err == nil && len(r.b) > 0 {
		err = fmt.Errorf("%d bytes too many", len(r.b))
	}
	if err != nil {
		return nil, fmt.Errorf("reading a rollup: %w; make the day's rollups anew", err)
	}
	return p, nil
}
