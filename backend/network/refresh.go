package network

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what a Refresher works with. All but Own and Changed must be there; a Refresher without sources keeps the
// bundled lists as they are and asks nobody.
type Config struct {
	Bundled   []List
	Sources   []Source
	Own       []OwnList
	Store     Store
	Public    Getter // NewClient(PublicOnly, nil)
	Private   Getter // NewClient(Anywhere, nil), for own lists that say so
	Files     fs.StatFS
	Clock     func() time.Time
	Rand      func() float64 // in [0, 1)
	UserAgent string
	MaxBytes  int64         // MaxBytes when zero
	Timeout   time.Duration // Timeout when zero
	// Changed hears of each list that has other prefixes than before, or that went (without prefixes), once lookups use
	// the new state. It is called from Tick, Refresh and SetOwn (not from New), one call at a time, and must not call back into them.
	Changed func(List)
}

// Refresher keeps all lists, renews them and answers lookups. Lookups never wait for a refresh.
type Refresher struct {
	config Config
	index  atomic.Pointer[Index]
	wake   chan struct{}

	turn    sync.Mutex // one change of the lists at a time; never held over the network
	mu      sync.Mutex // guards what follows; never held over disk or network
	entries map[string]*entry
}

type entry struct {
	kept      Kept
	addresses []string
	format    string
	every     time.Duration
	own       *OwnList
	stamp     stamp
	busy      bool // someone tries it
}

func (e *entry) file() bool { return e.own != nil && e.own.File != "" }

func (e *entry) renewed() bool { return len(e.addresses) > 0 || e.file() }

// New loads what the store kept. Where the binary is newer than what was kept, its lists are used. A fault in the
// declaration of an own list, or of the store, is an error; a file or address that does not answer is not: it is in the
// list's status.
func New(ctx context.Context, c Config) (*Refresher, error) {
	if c.MaxBytes == 0 {
		c.MaxBytes = MaxBytes
	}
	if c.Timeout == 0 {
		c.Timeout = Timeout
	}
	if c.Changed == nil {
		c.Changed = func(List) {}
	}
	r := &Refresher{config: c, wake: make(chan struct{}, 1), entries: map[string]*entry{}}
	for _, l := range c.Bundled {
		r.entries[l.Name] = &entry{kept: Kept{List: l}}
	}
	for _, s := range c.Sources {
		e := r.entries[s.Name]
		if e == nil {
			e = &entry{kept: Kept{List: List{Name: s.Name, Kind: s.Kind, Title: s.Title, Official: s.Official, Licence: "as the operator publishes it"}}}
			r.entries[s.Name] = e
		}
		e.addresses, e.format, e.every = s.Addresses, s.Format, s.Every
	}
	loaded, err := c.Store.LoadLists(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading the kept network lists: %w", err)
	}
	kept := map[string]Kept{}
	for _, k := range loaded {
		kept[k.List.Name] = k
	}
	for name, e := range r.entries {
		if k, ok := kept[name]; ok && !k.List.Own {
			e.restore(k)
		}
		if len(e.addresses) > 0 {
			e.schedule(r.config.Clock(), r.config.Rand())
		}
	}
	if err := r.declare(c.Own, kept); err != nil {
		return nil, err
	}
	if err := r.swap(); err != nil {
		return nil, err
	}
	r.readFiles(ctx)
	return r, nil
}

// readFiles reads the files of own lists that were just declared, so that they are in force at once.
func (r *Refresher) readFiles(ctx context.Context) {
	claimed := r.claim((*entry).file)
	r.commit(ctx, r.tryAll(ctx, claimed, false), func(List) {})
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range claimed {
		e.busy = false
	}
}

// restore takes over what was kept. A kept list that is damaged, or older than the one at hand, gives its status only.
func (e *entry) restore(k Kept) {
	l := e.kept.List
	sound := len(k.List.Prefixes) > 0 && Checksum(k.List.Prefixes) == k.List.Checksum && Sane(k.List.Prefixes, l.Own) == nil
	if sound && k.current().After(l.Date) {
		l.Source, l.Date, l.Checksum, l.Prefixes = k.List.Source, k.List.Date, k.List.Checksum, k.List.Prefixes
	} else {
		k.Validators, k.Confirmed = nil, time.Time{}
	}
	k.List = l
	e.kept = k
}

// A fresh install spreads its first questions over this time.
const spread = 10 * time.Minute

// schedule sets the first try after a start. What the store says counts, unless the clock has been moved.
func (e *entry) schedule(now time.Time, chance float64) {
	if next := e.kept.NextTry; next.IsZero() || next.After(now.Add(e.every*2)) {
		e.kept.NextTry = now.Add(time.Duration(chance * float64(spread)))
	}
}

// swap makes lookups use the lists as they now are.
func (r *Refresher) swap() error {
	x, err := NewIndex(r.Lists())
	if err != nil {
		return err
	}
	r.index.Store(x)
	return nil
}

// Index is the current state of lookups.
func (r *Refresher) Index() *Index { return r.index.Load() }

// Lookup names the lists that cover an address, in rank order.
func (r *Refresher) Lookup(a netip.Addr) []Match { return r.Index().Lookup(a) }

// Lists are all lists that hold anything, in rank order.
func (r *Refresher) Lists() []List {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []List
	for _, e := range r.entries {
		if len(e.kept.List.Prefixes) > 0 {
			out = append(out, e.kept.List)
		}
	}
	slices.SortFunc(out, Compare)
	return out
}

// List finds one list by name, also one that holds nothing yet.
func (r *Refresher) List(name string) (List, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.entries[name]
	if !ok {
		return List{}, false
	}
	return e.kept.List, true
}

// Status tells how each list is doing, in rank order.
func (r *Refresher) Status() []Status {
	now := r.config.Clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := slices.SortedFunc(maps.Values(r.entries), func(a, b *entry) int { return Compare(a.kept.List, b.kept.List) })
	out := make([]Status, 0, len(entries))
	for _, e := range entries {
		out = append(out, e.kept.status(now, e.renewed()))
	}
	return out
}

// SetOwn replaces all own lists. On an error nothing has changed.
func (r *Refresher) SetOwn(ctx context.Context, own []OwnList) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.mu.Lock()
	before := maps.Clone(r.entries)
	r.mu.Unlock()
	kept := map[string]Kept{}
	for name, e := range before {
		if e.own != nil {
			kept[name] = e.kept
		}
	}
	if err := r.declare(own, kept); err != nil {
		return err
	}
	if err := r.swap(); err != nil {
		r.mu.Lock()
		r.entries = before
		r.mu.Unlock()
		return err
	}
	r.readFiles(ctx)
	for name, e := range before {
		if now, ok := r.List(name); !ok {
			gone := e.kept.List
			gone.Prefixes, gone.Checksum = nil, ""
			r.config.Changed(gone)
		} else if now.Checksum != e.kept.List.Checksum {
			r.config.Changed(now)
		}
	}
	for _, l := range r.Lists() {
		if before[l.Name] == nil {
			r.config.Changed(l)
		}
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// declare puts own lists in place of those there are. What was kept of a list counts as long as its source is the same.
func (r *Refresher) declare(own []OwnList, kept map[string]Kept) error {
	now := r.config.Clock()
	r.mu.Lock()
	entries := maps.Clone(r.entries)
	r.mu.Unlock()
	maps.DeleteFunc(entries, func(_ string, e *entry) bool { return e.own != nil })
	var faults []error
	for _, o := range own {
		if err := o.Check(); err != nil {
			faults = append(faults, err)
			continue
		}
		if _, taken := entries[o.Name]; taken {
			faults = append(faults, fmt.Errorf("network list %s: there is one of this name already: give yours another", o.Name))
			continue
		}
		e := &entry{own: &o, kept: Kept{List: o.list()}}
		if k := kept[o.Name]; k.List.Own && k.List.Source == e.kept.List.Source && len(o.Entries) == 0 {
			e.restore(k)
		}
		switch {
		case o.URL != "":
			e.addresses, e.format, e.every = []string{o.URL}, o.Format, o.Every
			if e.format == "" {
				e.format = "plain"
			}
			if e.every == 0 {
				e.every = day
			}
			if e.kept.NextTry.IsZero() || e.kept.NextTry.After(now.Add(e.every*2)) {
				e.kept.NextTry = now
			}
		case o.File != "":
			e.every = fileEvery
			e.kept.NextTry = now
		default:
			e.kept.List.Prefixes, _ = o.inline() // Check has tried it
			e.kept.List.Checksum = Checksum(e.kept.List.Prefixes)
			e.kept.List.Date = o.Written
			if k := kept[o.Name]; o.Written.IsZero() && k.List.Checksum == e.kept.List.Checksum {
				e.kept.List.Date = k.List.Date // another own list was changed, not this one
			}
			if e.kept.List.Date.IsZero() {
				e.kept.List.Date = now
			}
		}
		entries[o.Name] = e
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	r.mu.Lock()
	r.entries = entries
	r.mu.Unlock()
	return nil
}
