package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"palisade.dev/backend/event"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Detections concludes from what all sites report, and keeps what came of it.
type Detections struct {
	DB      *store.DB
	Search  *event.Search
	Recipes []Recipe
	Now     func() time.Time
	ID      func() string
	Log     *slog.Logger
	// Told, if given, hears of each detection that is new or got worse.
	Told func(ctx context.Context, d store.Detection, e Evidence) error

	mu    sync.Mutex
	sites map[string]*watched
}

// watched is what is known of a site. Whoever concludes holds the lock; the desk has its own, which is held briefly.
type watched struct {
	desk *Desk
	sync.Mutex
	levels map[string]Level
	since  time.Time // of levels
	open   map[string]kept
	later  map[string]*Concluded // what open ones have become since they were written
	untold []untold              // what could not be told; it is tried again
	unkept uint64
}

type kept struct {
	severity int
	recipe   string
	wrote    time.Time
}

type untold struct {
	detection store.Detection
	evidence  Evidence
}

const (
	// Ends is how long nothing has to be seen of a detection for it to be over.
	Ends = 30 * time.Minute
	// Kept is how long detections are remembered, for reports of a year and a little.
	Kept = 400 * 24 * time.Hour
	// MostOpen is how many of a recipe's detections are open on a site at most: of more, the first tell enough.
	MostOpen = 100

	every      = time.Second      // Step
	again      = 15 * time.Second // before a detection that only grew is written again
	levelsLast = 10 * time.Minute
	replay     = time.Hour // after a restart: the longest window
	replayMost = 300_000   // events, some seconds of work
)

// ErrInvalid is what whoever asked can mend.
var ErrInvalid = errors.New("invalid")

// Heard counts events that were taken in. It is quick and does not wait for anything slow.
func (d *Detections) Heard(site string, events []wire.Event) { d.site(site).desk.See(events) }

func (d *Detections) site(id string) *watched {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sites == nil {
		d.sites = map[string]*watched{}
	}
	w := d.sites[id]
	if w == nil {
		w = &watched{desk: NewDesk(d.Recipes), open: map[string]kept{}, later: map[string]*Concluded{}}
		d.sites[id] = w
	}
	return w
}

// Run concludes each second until the context ends. It begins with what was taken in before a restart.
func (d *Detections) Run(ctx context.Context) {
	if err := d.Replay(ctx); err != nil && ctx.Err() == nil {
		d.Log.Error("counting what was taken in before the start; detections begin anew", "err", err)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := d.Step(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("detecting", "err", err)
		}
		if n%60 == 0 {
			if err := d.End(ctx); err != nil && ctx.Err() == nil {
				d.Log.Error("ending detections", "err", err)
			}
		}
	}
}

// Replay counts the events of the last hour, and knows of open detections again.
func (d *Detections) Replay(ctx context.Context) error {
	sites, err := d.DB.Sites(ctx)
	if err != nil {
		return err
	}
	now := d.Now()
	for _, s := range sites {
		w := d.site(s.ID)
		open, err := d.DB.OpenDetections(ctx, s.ID, 10*MostOpen)
		if err != nil {
			return err
		}
		w.Lock()
		for _, o := range open {
			w.open[o.Recipe+" "+o.Key] = kept{o.Severity, o.Recipe, now}
		}
		w.Unlock()
		if err := d.replay(ctx, s.ID, w.desk, now); err != nil {
			return fmt.Errorf("site %s: %w", s.Name, err)
		}
		// What it concludes of the time before is known, or was over: only what goes on is kept.
		if err := d.conclude(ctx, s.ID, w, now.Add(-Ends)); err != nil {
			return err
		}
	}
	return nil
}

var errEnough = errors.New("enough")

func (d *Detections) replay(ctx context.Context, site string, desk *Desk, now time.Time) error {
	span := replay
	sum, err := d.Search.Summary(ctx, site, now.Add(-span), now, time.Minute)
	if err != nil {
		return err
	}
	if n := sum.Total.Requests; n > replayMost {
		span = time.Duration(float64(span) * replayMost / float64(n))
	}
	batch := make([]wire.Event, 0, 512)
	seen := 0
	err = d.Search.Export(ctx, event.Query{Site: site, From: now.Add(-span), To: now}, func(e wire.Event) error {
		batch = append(batch, e)
		if len(batch) == cap(batch) {
			desk.See(batch)
			batch = batch[:0]
		}
		if seen++; seen > 2*replayMost {
			return errEnough
		}
		return ctx.Err()
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	desk.See(batch)
	return nil
}

// Step concludes from what came since the last one.
func (d *Detections) Step(ctx context.Context) error {
	var errs []error
	for _, id := range d.ids() {
		errs = append(errs, d.conclude(ctx, id, d.site(id), time.Time{}))
	}
	return errors.Join(errs...)
}

func (d *Detections) ids() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.sites))
}

// conclude keeps what recipes conclude of a site, but for what ended before a time.
func (d *Detections) conclude(ctx context.Context, site string, w *watched, since time.Time) error {
	w.Lock()
	defer w.Unlock()
	now := d.Now()
	if w.levels == nil || now.Sub(w.since) > levelsLast {
		levels, err := d.levels(ctx, site, now)
		if err != nil {
			return err
		}
		w.levels, w.since = levels, now
	}
	var errs []error
	waiting := w.untold
	w.untold = nil
	for _, u := range waiting {
		errs = append(errs, d.tell(ctx, w, u))
	}
	for _, c := range w.desk.Conclude(func(outcome string) Level { return w.levels[outcome] }) {
		if c.Last.After(since) {
			errs = append(errs, d.keep(ctx, site, w, &c, now))
		}
	}
	for name, c := range w.later { // an attack that ended within the time is told as it ended
		if now.Sub(w.open[name].wrote) >= again {
			errs = append(errs, d.keep(ctx, site, w, c, now))
		}
	}
	return errors.Join(errs...)
}

func (d *Detections) keep(ctx context.Context, site string, w *watched, c *Concluded, now time.Time) error {
	name := c.Recipe.ID + " " + c.Key
	before, open := w.open[name]
	if open && c.Severity <= before.severity && now.Sub(before.wrote) < again {
		w.later[name] = c
		return nil
	}
	delete(w.later, name)
	if !open {
		n := 0
		for _, k := range w.open {
			if k.recipe == c.Recipe.ID {
				n++
			}
		}
		if n >= MostOpen {
			w.unkept++
			return nil
		}
	}
	evidence, err := json.Marshal(c.Evidence)
	if err != nil {
		return fmt.Errorf("writing the evidence of %s: %w", name, err)
	}
	x, worse, err := d.DB.KeepDetection(ctx, store.Detection{
		ID: d.ID(), Site: site, Recipe: c.Recipe.ID, Version: c.Recipe.Version, Key: c.Key, Subject: c.Subject, Route: c.Route,
		Severity: c.Severity, Title: c.Title, Evidence: string(evidence), Began: c.First.UnixMilli(), Last: c.Last.UnixMilli(),
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && x.ID == "" { // the site is gone, or silence was asked for
		return nil
	}
	if err != nil {
		return err
	}
	w.open[name] = kept{x.Severity, x.Recipe, now}
	if worse {
		return d.tell(ctx, w, untold{x, c.Evidence})
	}
	return nil
}

func (d *Detections) tell(ctx context.Context, w *watched, u untold) error {
	if d.Told == nil {
		return nil
	}
	err := d.Told(ctx, u.detection, u.evidence)
	if err != nil && !errors.Is(err, store.ErrNotFound) && len(w.untold) < MostOpen {
		w.untold = append(w.untold, u)
	}
	return err
}

// End ends what is over, and forgets what is counted in vain.
func (d *Detections) End(ctx context.Context) error {
	now := d.Now()
	if err := d.DB.EndDetections(ctx, now.Add(-Ends).UnixMilli()); err != nil {
		return err
	}
	for _, id := range d.ids() {
		w := d.site(id)
		w.desk.Forget(now)
		w.Lock()
		for name, k := range w.open {
			if now.Sub(k.wrote) > Ends {
				delete(w.open, name)
				delete(w.later, name)
			}
		}
		if w.unkept > 0 {
			d.Log.Warn("more detections of one recipe than are kept open", "site", id, "not kept", w.unkept)
			w.unkept = 0
		}
		w.Unlock()
	}
	return nil
}

// Answers that people give.
const (
	Handled  = "handled"  // an attack, and something was done
	Harmless = "harmless" // no attack: the recipe is silent about this key for a month
)

// What an answer keeps silent. After a wrong "harmless" an attack would be missed for that long, so it is bounded.
const (
	quietHandled  = time.Hour
	quietHarmless = 30 * 24 * time.Hour
	maxReason     = 1000
)

// Answer ends a detection.
func (d *Detections) Answer(ctx context.Context, site, id, answer, reason, author string) error {
	quiet := quietHandled
	switch {
	case answer == Harmless:
		quiet = quietHarmless
	case answer != Handled:
		return fmt.Errorf("%w: answer: want %s or %s", ErrInvalid, Handled, Harmless)
	}
	if len(reason) > maxReason {
		return fmt.Errorf("%w: reason: at most %d bytes", ErrInvalid, maxReason)
	}
	now := d.Now()
	x, err := d.DB.Detection(ctx, site, id)
	if err != nil {
		return err
	}
	if err := d.DB.AnswerDetection(ctx, site, id, answer, reason, author, now.UnixMilli(), now.Add(quiet).UnixMilli()); err != nil {
		return err
	}
	w := d.site(site)
	w.Lock()
	defer w.Unlock()
	delete(w.open, x.Recipe+" "+x.Key)
	delete(w.later, x.Recipe+" "+x.Key)
	return nil
}

// ReadEvidence reads what a detection was kept with.
func ReadEvidence(d store.Detection) (e Evidence, err error) {
	if err := json.Unmarshal([]byte(d.Evidence), &e); err != nil {
		return e, fmt.Errorf("the evidence of detection %s is damaged: %w", d.ID, err)
	}
	return e, nil
}

// Recipe finds one by its id; a detection may be of one that is no more.
func (d *Detections) Recipe(id string) *Recipe {
	for i := range d.Recipes {
		if d.Recipes[i].ID == id {
			return &d.Recipes[i]
		}
	}
	return nil
}
