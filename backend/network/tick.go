package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// How many lists are fetched at the same time.
const together = 4

// A list that failed is tried again after this, then after twice as long and so on, up to its usual time.
const backOff = 15 * time.Minute

// The most of an error that a status shows.
const maxWhy = 500

// Run renews lists until the context ends. After is time.After.
func (r *Refresher) Run(ctx context.Context, after func(time.Duration) <-chan time.Time) {
	for {
		wait := r.Tick(ctx).Sub(r.config.Clock())
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-after(max(time.Second, min(wait, time.Hour))): // an hour, in case the clock is moved
		}
	}
}

// Tick renews all lists that are due, and says when the next one is.
func (r *Refresher) Tick(ctx context.Context) time.Time {
	now := r.config.Clock()
	due := func(e *entry) bool { return e.renewed() && !e.kept.NextTry.After(now) }
	// Files first: they do not wait for a slow server.
	r.renew(ctx, r.claim(func(e *entry) bool { return due(e) && e.file() }), false)
	r.renew(ctx, r.claim(func(e *entry) bool { return due(e) && !e.file() }), false)

	r.mu.Lock()
	defer r.mu.Unlock()
	var next time.Time
	for _, e := range r.entries {
		if e.renewed() && (next.IsZero() || e.kept.NextTry.Before(next)) {
			next = e.kept.NextTry
		}
	}
	if next.IsZero() {
		next = now.Add(day)
	}
	return next
}

// Refresh renews one list now. AnySize believes a download however much smaller it is than the list before: a person
// has looked at it.
func (r *Refresher) Refresh(ctx context.Context, name string, anySize bool) error {
	e, err := r.claimOne(name)
	if err != nil {
		return err
	}
	e.stamp = stamp{}
	r.renew(ctx, []*entry{e}, anySize)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("renewing network list %s: %w", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.kept.LastError != "" {
		return fmt.Errorf("network list %s: %s", name, e.kept.LastError)
	}
	return nil
}

// claim takes entries for one try. Nobody else tries them until renew has let go of them.
func (r *Refresher) claim(want func(*entry) bool) (out []*entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		if !e.busy && want(e) {
			e.busy = true
			out = append(out, e)
		}
	}
	return out
}

func (r *Refresher) claimOne(name string) (*entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.entries[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no network list %s", name)
	case !e.renewed():
		return nil, fmt.Errorf("network list %s is not renewed while running: it comes with a release, or is written in the configuration", name)
	case e.busy:
		return nil, fmt.Errorf("network list %s is being renewed just now: look at its status in a minute", name)
	}
	e.busy = true
	return e, nil
}

// outcome is what a try makes of an entry.
type outcome struct {
	entry   *entry
	kept    Kept
	changed bool // other prefixes than before
	quiet   bool // nothing worth keeping happened
}

// renew tries claimed entries and commits what came of it.
func (r *Refresher) renew(ctx context.Context, claimed []*entry, anySize bool) {
	outcomes := r.tryAll(ctx, claimed, anySize)
	if ctx.Err() == nil { // being stopped is nobody's failure
		r.turn.Lock()
		r.commit(ctx, outcomes, r.config.Changed)
		r.turn.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range claimed {
		e.busy = false
	}
}

func (r *Refresher) tryAll(ctx context.Context, claimed []*entry, anySize bool) []outcome {
	var wg sync.WaitGroup
	slots := make(chan struct{}, together)
	outcomes := make([]outcome, len(claimed))
	for i, e := range claimed {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			outcomes[i] = r.try(ctx, e, anySize)
		})
	}
	wg.Wait()
	return outcomes
}

// commit puts outcomes in force together: a new index costs some 0.2 s with all bundled lists. A list with which no
// index can be built is refused. The caller holds r.turn.
func (r *Refresher) commit(ctx context.Context, outcomes []outcome, tell func(List)) {
	// While a download was under way its list may have been declared anew: then the answer is not for it.
	r.mu.Lock()
	outcomes = slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool {
		return r.entries[o.kept.List.Name] != o.entry
	})
	r.mu.Unlock()
	var fresh []*outcome
	instead := map[string]List{}
	for i := range outcomes {
		if o := &outcomes[i]; o.changed {
			fresh = append(fresh, o)
			instead[o.kept.List.Name] = o.kept.List
		}
	}
	x := r.Index()
	if len(fresh) > 0 {
		lists := r.Lists()
		for i, l := range lists {
			if now, ok := instead[l.Name]; ok {
				lists[i] = now
				delete(instead, l.Name)
			}
		}
		for _, l := range instead {
			lists = append(lists, l)
		}
		var err error
		if x, err = NewIndex(lists); err != nil {
			if len(outcomes) > 1 {
				for i := range outcomes {
					r.commit(ctx, outcomes[i:i+1], tell)
				}
				return
			}
			outcomes[0] = r.failed(outcomes[0].entry, r.config.Clock(), err)
			fresh, x = nil, r.Index()
		}
	}
	r.mu.Lock()
	for _, o := range outcomes {
		o.entry.kept = o.kept
	}
	r.index.Store(x)
	r.mu.Unlock()
	for _, o := range outcomes {
		if o.quiet {
			continue
		}
		if err := r.config.Store.SaveList(ctx, o.kept); err != nil {
			r.mu.Lock()
			o.entry.kept.LastError = fmt.Sprintf("in use, but a restart will forget it: keeping it in the store: %v", err)
			r.mu.Unlock()
		}
	}
	for _, o := range fresh {
		tell(o.kept.List)
	}
}

// try asks the source of an entry once.
func (r *Refresher) try(ctx context.Context, e *entry, anySize bool) outcome {
	now := r.config.Clock()
	prefixes, validators, err := r.read(ctx, e, anySize)
	if errors.Is(err, errSeen) {
		k := e.kept
		k.NextTry = now.Add(fileEvery)
		return outcome{entry: e, kept: k, quiet: true}
	}
	if errors.Is(err, errUnchanged) {
		return r.confirmed(e, now, e.kept.Validators)
	}
	if err != nil {
		return r.failed(e, now, err)
	}
	word := "download"
	if e.file() {
		word = "file"
	}
	prefixes = Canonical(prefixes)
	if e.own == nil {
		prefixes = Public(prefixes)
	}
	if err := Sane(prefixes, e.own != nil); err != nil {
		return r.failed(e, now, fmt.Errorf("the %s is not believed: %w", word, err))
	}
	if !anySize && !e.file() { // who edits a file means it
		if err := Shrunk(e.kept.List.Prefixes, prefixes); err != nil {
			return r.failed(e, now, err)
		}
	}
	sum := Checksum(prefixes)
	if sum == e.kept.List.Checksum {
		return r.confirmed(e, now, validators)
	}
	o := r.confirmed(e, now, validators)
	l := &o.kept.List
	l.Prefixes, l.Checksum, l.Date = prefixes, sum, now
	if e.own == nil {
		l.Source = strings.Join(e.addresses, " ")
	}
	o.changed, o.quiet = true, false
	return o
}

func (r *Refresher) read(ctx context.Context, e *entry, afresh bool) ([]netip.Prefix, map[string]Validator, error) {
	if e.file() {
		seen, err := look(r.config.Files, e.own.File)
		if err != nil {
			e.stamp = stamp{}
			return nil, nil, err
		}
		if seen == e.stamp {
			return nil, nil, errSeen
		}
		ps, err := readFile(r.config.Files, e.own.File, r.config.MaxBytes)
		e.stamp = seen
		return ps, nil, err
	}
	d := download{client: r.config.Public, userAgent: r.config.UserAgent, maxBytes: r.config.MaxBytes, timeout: r.config.Timeout}
	if e.own != nil && e.own.Private {
		d.client = r.config.Private
	}
	known := e.kept.Validators
	if afresh {
		known = nil // the answer that was refused must come once more
	}
	return d.list(ctx, e.addresses, e.format, known)
}

func (r *Refresher) confirmed(e *entry, now time.Time, validators map[string]Validator) outcome {
	k := e.kept
	k.Confirmed, k.LastTry, k.LastError, k.Failures, k.Validators = now, now, "", 0, validators
	k.NextTry = now.Add(r.about(e.every))
	return outcome{entry: e, kept: k}
}

func (r *Refresher) failed(e *entry, now time.Time, err error) outcome {
	k := e.kept
	k.LastTry, k.Failures = now, k.Failures+1
	k.NextTry = now.Add(r.about(min(e.every, backOff<<min(k.Failures-1, 10))))
	why := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(why) > maxWhy { // a host name to which a stranger redirects us may fill pages
		why = strings.ToValidUTF8(why[:maxWhy], "") + "…"
	}
	k.LastError = "no list yet: " + why
	if len(k.List.Prefixes) > 0 {
		k.LastError = fmt.Sprintf("kept the list of %s: %s", k.List.Date.Format(time.DateOnly), why)
	}
	return outcome{entry: e, kept: k, quiet: e.file() && k.LastError == e.kept.LastError}
}

// about spreads times by a tenth each way, so that not all installations ask at the same moment.
func (r *Refresher) about(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*r.config.Rand()))
}
