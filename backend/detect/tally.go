package detect

import (
	"cmp"
	"hash/maphash"
	"maps"
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
func (t *Tally) Route() string { return most(t.record.tops[topRoutes]) }

// Agent is what the software calls itself most.
func (t *Tally) Agent() string { return most(t.record.tops[topAgents]) }

// Networks are the lists that most addresses are on, most frequent first.
func (t *Tally) Networks() []Count { return counts(t.record.tops[topNetworks]) }

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
	panes    [panes]pane
	tops     [topCount]map[string]uint64
	entered  []string
	examples []wire.Event
	acts     uint64
	last     int64
	dirty    bool
}

// set counts distinct hashes.
type set struct {
	few  []uint64
	many *sketch.Sketch
}

func (s *set) add(h uint64) {
	if s.many != nil {
		s.many.Add(h)
		return
	}
	if slices.Contains(s.few, h) {
		return
	}
	if len(s.few) < exactTo {
		s.few = append(s.few, h)
		return
	}
	s.many = new(sketch.Sketch)
	for _, x := range s.few {
		s.many.Add(x)
	}
	s.many.Add(h)
	s.few = nil
}

func (s *set) merge(o *set) {
	if o.many != nil {
		if s.many == nil {
			s.many = new(sketch.Sketch)
			for _, x := range s.few {
				s.many.Add(x)
			}
			s.few = nil
		}
		s.many.Merge(o.many)
		return
	}
	for _, x := range o.few {
		s.add(x)
	}
}

func (s *set) count() uint64 {
	if s.many != nil {
		return s.many.Estimate()
	}
	return uint64(len(s.few))
}

// seed is another in each process, so that nobody can choose accounts whose hashes collide.
var seed = maphash.MakeSeed()

func hash(s string) uint64 { return maphash.String(seed, s) }

// add counts an act. What is older than the window the record has reached is left out; false says so.
func (r *record) add(a *Act, value string, window time.Duration) bool {
	width := window.Microseconds() / panes
	start := a.At - a.At%width
	p := &r.panes[start/width%panes]
	if p.start > start || r.last-a.At > window.Microseconds() {
		return false
	}
	if p.start < start {
		*p = pane{start: start, first: a.At}
	}
	if r.last != 0 && a.At-r.last > 2*window.Microseconds() { // what it says of earlier acts is not of these
		*r = record{panes: r.panes}
		p = &r.panes[start/width%panes]
	}
	p.acts++
	p.first, p.last = min(p.first, a.At), max(p.last, a.At)
	r.acts, r.last, r.dirty = r.acts+1, max(r.last, a.At), true
	account := a.Subject
	if account == "" {
		account = a.Account
	}
	switch {
	case a.Result == Refused:
		p.refused++
	case a.Result == "ok":
		p.ok++
		if account != "" && len(r.entered) < maxEntered && !slices.Contains(r.entered, account) {
			r.entered = append(r.entered, account)
		}
	default:
		p.failed++
	}
	p.sets[setClients].add(hash(a.Client))
	p.sets[setPlaces].add(hash(place(a.Address)))
	p.sets[setShapes].add(hash(Shape(a)))
	if account != "" {
		p.sets[setAccounts].add(hash(account))
	}
	if value != "" {
		p.sets[setValues].add(hash(value))
	}
	r.note(a)
	return true
}

func (r *record) note(a *Act) {
	for _, list := range a.Networks {
		r.bump(topNetworks, list)
	}
	r.bump(topKinds, a.Kind)
	r.bump(topAgents, a.Agent)
	r.bump(topPrints, a.Fingerprint)
	r.bump(topRoutes, a.Route)
	r.bump(topSources, a.Client)
	// Of the examples, the newest take turns after the first: what began it stays, and the rest shows what it became.
	if len(r.examples) < maxExamples {
		r.examples = append(r.examples, *a.Event)
	} else if r.acts&(r.acts-1) == 0 { // at 8, 16, 32: evenly by magnitude, and copied rarely
		r.examples[1+r.acts%(maxExamples-1)] = *a.Event
	}
}

func (r *record) bump(of int, value string) {
	if value == "" {
		return
	}
	if r.tops[of] == nil {
		r.tops[of] = make(map[string]uint64, 1)
	}
	if _, ok := r.tops[of][value]; ok || len(r.tops[of]) < maxTop {
		r.tops[of][value]++
	}
}

// tally sums the panes that lie within a window of the newest act.
func (r *record) tally(key string, window time.Duration) *Tally {
	t := &Tally{Key: key, record: r}
	oldest := r.last - window.Microseconds()
	var sets [setCount]set
	for i := range r.panes {
		p := &r.panes[i]
		if p.acts == 0 || p.start <= oldest {
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
		Networks: counts(r.tops[topNetworks]), Kinds: counts(r.tops[topKinds]), Agents: counts(r.tops[topAgents]),
		Prints: counts(r.tops[topPrints]), Routes: counts(r.tops[topRoutes]), Sources: counts(r.tops[topSources]),
		Examples: slices.Clone(r.examples),
	}
}

// shown is how many values of a kind evidence lists.
const shown = 8

func counts(of map[string]uint64) []Count {
	list := make([]Count, 0, len(of))
	for _, v := range slices.Sorted(maps.Keys(of)) {
		list = append(list, Count{v, of[v]})
	}
	slices.SortStableFunc(list, func(a, b Count) int { return cmp.Compare(b.Count, a.Count) })
	return list[:min(len(list), shown)]
}

func most(of map[string]uint64) string {
	if list := counts(of); len(list) > 0 {
		return list[0].Value
	}
	return ""
}
