package detect

import (
	"cmp"
	"hash/maphash"
	"slices"
	"time"

	"palisade.dev/backend/event/sketch"
	"palisade.dev/guard/wire"
)

// Tally is what was counted under one key within the recipe's window, up to the key's newest act.
type Tally struct {
	Key         string
	First, Last time.Time // of the acts counted

	Acts, OK, Failed, Refused uint64
	Clients, Accounts, Values uint64 // distinct; exact to 64, then within some 3 %
	Shapes                    uint64 // distinct kinds of software
	Places                    uint64 // distinct networks: a /24, or a /48 of v6

	record *record
}

// Tries is how many acts did not come to what they were for.
func (t *Tally) Tries() uint64 { return t.Failed + t.Refused }

// Share of the acts that failed or were refused.
func (t *Tally) Share() float64 {
	if t.Acts == 0 {
		return 0
	}
	return float64(t.Tries()) / float64(t.Acts)
}

// Span is the time from the first act to the last.
func (t *Tally) Span() time.Duration { return t.Last.Sub(t.First) }

// Entered are accounts whose sign-in succeeded, at most 20.
func (t *Tally) Entered() []string { return slices.Clone(t.record.entered) }

// Route is the route most asked for.
func (t *Tally) Route() string { return t.record.tops[topRoutes].most() }

// Agent is what the software calls itself most.
func (t *Tally) Agent() string { return t.record.tops[topAgents].most() }

// Networks are the lists that most addresses are on, most frequent first.
func (t *Tally) Networks() []Count { return t.record.tops[topNetworks].counts() }

// panes are how finely a window slides: it covers between four and five fifths of its length.
const panes = 5

type pane struct {
	start                     int64 // micros; 0 is none
	first, last               int64
	acts, ok, failed, refused uint64
	sets                      [setCount]set
}

const (
	setClients = iota
	setAccounts
	setValues
	setShapes
	setPlaces
	setCount
)

// hashes are what an act adds to the sets, made once for all recipes.
type hashes [setCount]uint64

const (
	topNetworks = iota
	topKinds
	topAgents
	topPrints
	topRoutes
	topSources
	topCount
)

const (
	maxTop      = 24 // values of a kind that a record tells apart
	maxEntered  = 20
	maxExamples = 5
	exactTo     = 64 // distinct values that are kept one by one
)

// record is what is kept of one key.
type record struct {
	panes    [panes]*pane
	tops     [topCount]top
	entered  []string
	examples []wire.Event
	acts     uint64
	last     int64
	dirty    bool
}

// set counts distinct hashes. Most hold one, which takes no memory of its own; 0 is none.
type set struct {
	first uint64
	few   []uint64
	many  *sketch.Sketch
}

func (s *set) add(h uint64) {
	switch {
	case h == 0 || h == s.first:
	case s.many != nil:
		s.many.Add(h)
	case s.first == 0:
		s.first = h
	case slices.Contains(s.few, h):
	case len(s.few) < exactTo-1:
		s.few = append(s.few, h)
	default:
		s.spill()
		s.many.Add(h)
	}
}

func (s *set) spill() {
	s.many = new(sketch.Sketch)
	for _, x := range s.few {
		s.many.Add(x)
	}
	if s.first != 0 {
		s.many.Add(s.first)
	}
	s.first, s.few = 0, nil
}

func (s *set) merge(o *set) {
	if o.many != nil {
		if s.many == nil {
			s.spill()
		}
		s.many.Merge(o.many)
		return
	}
	s.add(o.first)
	for _, x := range o.few {
		s.add(x)
	}
}

func (s *set) count() uint64 {
	switch {
	case s.many != nil:
		return s.many.Estimate()
	case s.first == 0:
		return 0
	}
	return uint64(1 + len(s.few))
}

// seed is another in each process, so that nobody can choose accounts whose hashes collide.
var seed = maphash.MakeSeed()

// hash is 0 for the empty text only, which counts as none.
func hash(s string) uint64 {
	if s == "" {
		return 0
	}
	return max(maphash.String(seed, s), 1)
}

// add counts an act. What is older than the window the record has reached is left out; false says so.
func (r *record) add(a *Act, h *hashes, window time.Duration) bool {
	width := window.Microseconds() / panes
	start := a.At - a.At%width
	at := start / width % panes
	if r.last-a.At > window.Microseconds() || r.panes[at] != nil && r.panes[at].start > start {
		return false
	}
	if r.last != 0 && a.At-r.last > 2*window.Microseconds() { // what it says of earlier acts is not of these
		*r = record{}
	}
	p := r.panes[at]
	if p == nil || p.start < start {
		p = &pane{start: start, first: a.At}
		r.panes[at] = p
	}
	p.acts++
	p.first, p.last = min(p.first, a.At), max(p.last, a.At)
	r.acts, r.last, r.dirty = r.acts+1, max(r.last, a.At), true
	switch a.Result {
	case Refused:
		p.refused++
	case "ok":
		p.ok++
		if who := a.who(); who != "" && len(r.entered) < maxEntered && !slices.Contains(r.entered, who) {
			r.entered = append(r.entered, who)
		}
	default:
		p.failed++
	}
	for i := range h {
		p.sets[i].add(h[i])
	}
	r.note(a)
	return true
}

// who is the account that an act is about.
func (a *Act) who() string {
	if a.Subject != "" {
		return a.Subject
	}
	return a.Account
}

func (r *record) note(a *Act) {
	for _, list := range a.Networks {
		r.tops[topNetworks].add(list)
	}
	for i, value := range [...]string{topKinds: a.Kind, topAgents: a.Agent, topPrints: a.Fingerprint, topRoutes: a.Route, topSources: a.Client} {
		r.tops[i].add(value)
	}
	// Of the examples, the newest take turns after the first: what began it stays, and the rest shows what it became.
	if len(r.examples) < maxExamples {
		r.examples = append(r.examples, *a.Event)
	} else if r.acts&(r.acts-1) == 0 { // at 8, 16, 32: evenly by magnitude, and copied rarely
		r.examples[1+r.acts%(maxExamples-1)] = *a.Event
	}
}

// top counts values, as far as it tells them apart. Most have one, which takes no memory of its own.
type top struct {
	first Count
	more  []Count
}

func (t *top) add(value string) {
	switch {
	case value == "":
		return
	case t.first.Count == 0:
		t.first = Count{value, 1}
		return
	case t.first.Value == value:
		t.first.Count++
		return
	}
	for i := range t.more {
		if t.more[i].Value == value {
			t.more[i].Count++
			return
		}
	}
	if len(t.more) < maxTop-1 {
		t.more = append(t.more, Count{value, 1})
	}
}

// all gives what was counted, the most frequent first.
func (t *top) all() []Count {
	if t.first.Count == 0 {
		return nil
	}
	list := append([]Count{t.first}, t.more...)
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value)) })
	return list
}

func (t *top) counts() []Count {
	list := t.all()
	return list[:min(len(list), shown)]
}

func (t *top) most() string {
	if list := t.all(); len(list) > 0 {
		return list[0].Value
	}
	return ""
}

// tally sums the panes that lie within a window of the newest act.
func (r *record) tally(key string, window time.Duration) *Tally {
	t := &Tally{Key: key, record: r}
	oldest := r.last - window.Microseconds()
	var sets [setCount]set
	for i := range r.panes {
		p := r.panes[i]
		if p == nil || p.start <= oldest {
			continue
		}
		if first := time.UnixMicro(p.first); t.First.IsZero() || first.Before(t.First) {
			t.First = first
		}
		t.Acts, t.OK, t.Failed, t.Refused = t.Acts+p.acts, t.OK+p.ok, t.Failed+p.failed, t.Refused+p.refused
		for k := range sets {
			sets[k].merge(&p.sets[k])
		}
	}
	t.Last = time.UnixMicro(r.last)
	t.Clients, t.Accounts, t.Values = sets[setClients].count(), sets[setAccounts].count(), sets[setValues].count()
	t.Shapes, t.Places = sets[setShapes].count(), sets[setPlaces].count()
	return t
}

func (t *Tally) evidence(c *Conclusion) Evidence {
	r := t.record
	return Evidence{
		Measures: c.Measures, Advice: c.Advice, Acts: t.Acts, OK: t.OK, Failed: t.Failed, Refused: t.Refused,
		Accounts: t.Accounts, Entered: slices.Clone(r.entered), Clients: t.Clients,
		Networks: r.tops[topNetworks].counts(), Kinds: r.tops[topKinds].counts(), Agents: r.tops[topAgents].counts(),
		Prints: r.tops[topPrints].counts(), Routes: r.tops[topRoutes].counts(), Sources: r.tops[topSources].counts(),
		Examples: slices.Clone(r.examples),
	}
}

// shown is how many values of a kind evidence lists.
const shown = 8
