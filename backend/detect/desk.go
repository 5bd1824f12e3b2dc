package detect

import (
	"slices"
	"strings"
	"sync"
	"time"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// Desk counts one site's events for all recipes. What it keeps is bounded: a table of tallies for each recipe, whose
// emptiest give way to new ones, so that a flood of strangers does not push out who is at work.
type Desk struct {
	mu     sync.Mutex
	of     map[string][]int // recipes by the kind they count
	tables []table
	routes map[string]string // what is done on a route, as its outcomes told: "@login" is for login
}

type table struct {
	recipe  *Recipe
	records map[string]*record
	dirty   []string
	evicted uint64
}

// Concluded is a conclusion with the evidence for it.
type Concluded struct {
	Recipe   *Recipe
	Key      string
	First    time.Time
	Last     time.Time
	Evidence Evidence
	*Conclusion
}

const (
	mostTallies = 4096
	mostRoutes  = 256
	maxKey      = 256
	tried       = 8 // records among which the emptiest gives way
)

// NewDesk makes an empty desk.
func NewDesk(recipes []Recipe) *Desk {
	d := &Desk{of: map[string][]int{}, routes: map[string]string{}}
	for i := range recipes {
		d.of[recipes[i].Of] = append(d.of[recipes[i].Of], i)
		d.tables = append(d.tables, table{recipe: &recipes[i], records: map[string]*record{}})
	}
	return d
}

// See counts events. They are not kept beyond a few examples.
func (d *Desk) See(events []wire.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range events {
		d.see(&events[i])
	}
}

func (d *Desk) see(e *wire.Event) {
	if !e.Address.IsValid() {
		return // whose act it is cannot be known
	}
	a := Act{Event: e, What: Request, Client: veil.Group(e.Address)}
	h := hashes{setClients: hash(a.Client), setPlaces: hash(place(e.Address)), setShapes: hash(Shape(&a)), setAccounts: hash(e.Account)}
	refused := Refusal(e)
	if refused {
		a.Result = Refused
	} else if e.Status < 400 {
		a.Result = "ok"
	} else {
		a.Result = "failed"
	}
	d.act(&a, &h)
	for _, o := range e.Outcomes {
		if e.Route != "" && len(d.of[o.Kind]) > 0 && len(d.routes) < mostRoutes {
			d.routes[e.Route] = o.Kind
		}
		a.What, a.Result, a.Subject = o.Kind, o.Result, o.Subject
		h[setAccounts] = hash(a.who())
		d.act(&a, &h)
	}
	// What a guard kept from the app has no outcome, but is a try all the same: an attack does not end by being refused.
	if kind := d.routes[e.Route]; kind != "" && refused && len(e.Outcomes) == 0 {
		a.What, a.Result, a.Subject = kind, Refused, ""
		h[setAccounts] = hash(a.who())
		d.act(&a, &h)
	}
}

// Refusal reports whether a guard kept a request from the app.
func Refusal(e *wire.Event) bool {
	switch e.Action {
	case engine.Pass.String(), engine.Observe.String(), engine.Delay.String():
		return false
	}
	return true
}

func (d *Desk) act(a *Act, h *hashes) {
	for _, i := range d.of[a.What] {
		t := &d.tables[i]
		key := t.recipe.Key(a)
		if key == "" {
			continue
		}
		if len(key) > maxKey {
			key = strings.ToValidUTF8(key[:maxKey], "")
		}
		r := t.records[key]
		if r == nil {
			t.spare()
			r = &record{}
			t.records[strings.Clone(key)] = r
		}
		h[setValues] = 0
		if t.recipe.Value != nil {
			h[setValues] = hash(t.recipe.Value(a))
		}
		was := r.dirty
		if r.add(a, h, t.recipe.Window) && !was {
			t.dirty = append(t.dirty, key)
		}
	}
}

// spare makes room for one more: of some records, taken as the map gives them, the one with the fewest acts goes.
func (t *table) spare() {
	most := t.recipe.Most
	if most == 0 {
		most = mostTallies
	}
	if len(t.records) < most {
		return
	}
	worst, least, n := "", uint64(0), 0
	for key, r := range t.records {
		if n == 0 || r.acts < least {
			worst, least = key, r.acts
		}
		if n++; n == tried {
			break
		}
	}
	delete(t.records, worst)
	t.evicted++
}

// Conclude asks the recipes about every tally that grew since it was asked last. The order is that of recipes and keys.
func (d *Desk) Conclude(usual Usual) []Concluded {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []Concluded
	for i := range d.tables {
		t := &d.tables[i]
		slices.Sort(t.dirty)
		for _, key := range slices.Compact(t.dirty) {
			r := t.records[key]
			if r == nil {
				continue
			}
			r.dirty = false
			tally := r.tally(key, t.recipe.Window)
			if c := t.recipe.Conclude(tally, usual); c != nil {
				list = append(list, Concluded{t.recipe, key, tally.First, tally.Last, tally.evidence(c), c})
			}
		}
		t.dirty = t.dirty[:0]
	}
	return list
}

// Forget lets go of tallies whose newest act is older than their window.
func (d *Desk) Forget(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.tables {
		t := &d.tables[i]
		oldest := now.Add(-2 * t.recipe.Window).UnixMicro()
		for key, r := range t.records {
			if r.last < oldest {
				delete(t.records, key)
			}
		}
	}
}

// Tallies is how many are kept, and how many gave way to others.
func (d *Desk) Tallies() (kept int, evicted uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.tables {
		kept += len(d.tables[i].records)
		evicted += d.tables[i].evicted
	}
	return kept, evicted
}
