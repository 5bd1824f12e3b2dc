// Package watch runs scans again and again: at an interval or as cron says, each a little off the hour so that not all come
// at once. What a scan found goes to the findings like any report; a target that does not answer is told to people, once for
// each time it stops answering. The scanners themselves are given by who puts the program together.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"palisade.dev/backend/finding"
	"palisade.dev/guard/engine"
	"palisade.dev/scan"
	"palisade.dev/store"
)

// ErrInvalid is what whoever asked can mend.
var ErrInvalid = errors.New("invalid")

// Scanner runs one kind of scan.
type Scanner interface {
	// Check says what is wrong with settings, and what they aim at.
	Check(site store.Site, settings json.RawMessage) (target string, err error)
	// Scan runs it. A scan that was cut short has gaps; an error is one that came to nothing.
	Scan(ctx context.Context, site store.Site, settings json.RawMessage) (*scan.Run, error)
}

// Bounds.
const (
	Shortest = 15 * time.Minute // between two runs
	longest  = 31 * 24 * time.Hour
	runTime  = 20 * time.Minute // of one run, the lease and a margin included
	most     = 50               // monitors of a site
	look     = 15 * time.Second // between two looks at what is due
	side     = 2                // scans at a time
)

// Watch is all of it.
type Watch struct {
	DB       *store.DB
	Findings *finding.Findings
	Scanners map[string]Scanner
	Now      func() time.Time
	ID       func() string
	Log      *slog.Logger
	// Told, if given, hears of a target that stopped answering, and of one that answers again.
	Told func(ctx context.Context, m store.Monitor) error
}

// Draft is what is said of a new monitor.
type Draft struct {
	Kind     string          `json:"kind"`
	Schedule string          `json:"schedule"`
	Settings json.RawMessage `json:"settings"`
}

// Add makes a monitor. Its first run is at once.
func (w *Watch) Add(ctx context.Context, site store.Site, d Draft, author string) (store.Monitor, error) {
	scanner, ok := w.Scanners[d.Kind]
	if !ok {
		return store.Monitor{}, fmt.Errorf("%w: kind %.20q: want one of %s", ErrInvalid, d.Kind, strings.Join(w.Kinds(), ", "))
	}
	d.Schedule = strings.Join(strings.Fields(d.Schedule), " ")
	if _, err := ParseSchedule(d.Schedule); err != nil {
		return store.Monitor{}, err
	}
	target, err := scanner.Check(site, d.Settings)
	if err != nil {
		return store.Monitor{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	now := w.Now().UnixMilli()
	m := store.Monitor{ID: w.ID(), Site: site.ID, Kind: d.Kind, Target: target, Settings: string(d.Settings), Schedule: d.Schedule, Author: author, Created: now, Next: now}
	return m, w.DB.AddMonitor(ctx, m, most)
}

// Kinds are those of which there is a scanner.
func (w *Watch) Kinds() []string {
	var all []string
	for _, kind := range []string{"api", "exposure"} {
		if w.Scanners[kind] != nil {
			all = append(all, kind)
		}
	}
	return all
}

// Pause keeps a monitor from running.
func (w *Watch) Pause(ctx context.Context, site store.Site, id, author string) error {
	m, err := w.DB.Monitor(ctx, site.ID, id)
	if err != nil {
		return err
	}
	now := w.Now().UnixMilli()
	return w.DB.SetMonitor(ctx, site.ID, id, now, m.Next, "pausing", author, now)
}

// Go runs a monitor now, paused or not, and lets it go on.
func (w *Watch) Go(ctx context.Context, site store.Site, id, author string) error {
	now := w.Now().UnixMilli()
	return w.DB.SetMonitor(ctx, site.ID, id, 0, now, "running", author, now)
}

// Delete forgets a monitor; what it found stays.
func (w *Watch) Delete(ctx context.Context, site store.Site, id, author string) error {
	return w.DB.DeleteMonitor(ctx, site.ID, id, author, w.Now().UnixMilli())
}

// Schedule says when to run.
type Schedule interface {
	Next(after time.Time) time.Time
}

type every time.Duration

func (e every) Next(after time.Time) time.Time { return after.Add(time.Duration(e)) }

// ParseSchedule reads an interval (6h, 1d) or five fields of cron.
func ParseSchedule(text string) (Schedule, error) {
	if !strings.Contains(text, " ") {
		d, err := engine.ParseDuration(text)
		if err != nil {
			return nil, fmt.Errorf("%w: schedule %.40q: want an interval such as 6h, or five fields such as 30 3 * * *", ErrInvalid, text)
		}
		if d < Shortest || d > longest {
			return nil, fmt.Errorf("%w: schedule %s: want from %s to 31d", ErrInvalid, text, Shortest)
		}
		return every(d), nil
	}
	if len(text) > 100 {
		return nil, fmt.Errorf("%w: a schedule has 100 bytes at the most", ErrInvalid)
	}
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: schedule %.40q: %w; want minute, hour, day, month and weekday, such as 30 3 * * *", ErrInvalid, text, err)
	}
	// Two runs in a row of a year's, looked at: cron can say every minute.
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if s.Next(at).IsZero() {
		return nil, fmt.Errorf("%w: schedule %q never comes", ErrInvalid, text)
	}
	for range 50 {
		next := s.Next(at)
		if next.IsZero() { // the library looks five years ahead, and 2100 has no 29 February
			break
		}
		if after := s.Next(next); !after.IsZero() && after.Sub(next) < Shortest {
			return nil, fmt.Errorf("%w: schedule %q runs more often than every %s", ErrInvalid, text, Shortest)
		}
		at = next
	}
	return s, nil
}

// next is when a monitor runs after a time: as its schedule says in the site's zone, and up to a tenth of the interval or ten
// minutes later, always the same for one monitor.
func next(m store.Monitor, zone string, after time.Time) (time.Time, error) {
	s, err := ParseSchedule(m.Schedule)
	if err != nil {
		return time.Time{}, err
	}
	if where, err := time.LoadLocation(zone); err == nil {
		after = after.In(where)
	}
	at := s.Next(after)
	spread := min(at.Sub(after)/10, 10*time.Minute)
	if spread < time.Second {
		return at, nil
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(m.ID))
	return at.Add(time.Duration(h.Sum64() % uint64(spread)).Truncate(time.Second)), nil
}

// Run runs what is due until the context ends; a scan under way is then cut short and due again.
func (w *Watch) Run(ctx context.Context) {
	if len(w.Scanners) == 0 {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for range side {
		wg.Go(func() {
			tick := time.NewTicker(look)
			defer tick.Stop()
			for {
				for {
					ran, err := w.Once(ctx)
					if err != nil && ctx.Err() == nil {
						w.Log.Error("running a monitor", "err", err)
					}
					if !ran || err != nil || ctx.Err() != nil {
						break
					}
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
}

// Once runs the monitor that has been due for longest, and reports whether there was one.
func (w *Watch) Once(ctx context.Context) (bool, error) {
	now := w.Now()
	m, err := w.DB.ClaimMonitor(ctx, now.UnixMilli(), now.Add(runTime).UnixMilli())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	site, err := w.DB.SiteByID(ctx, m.Site)
	if err != nil {
		return true, err
	}
	before := m.Failed
	id, err := w.run(ctx, site, m)
	if ctx.Err() != nil {
		return true, nil //nolint:nilerr // the back end ends; the lease runs out and another takes it up
	}
	m.Last, m.Fault = w.Now().UnixMilli(), ""
	if err != nil {
		m.Fault, m.Failed = finding.Cut(err.Error(), 500), m.Failed+1
	} else {
		m.Scan, m.Failed = id, 0
	}
	at, bad := next(m, site.Zone, w.Now())
	if bad != nil { // it was sound when it was kept
		at = w.Now().Add(longest)
	}
	m.Next = at.UnixMilli()
	if err := w.DB.RanMonitor(ctx, m); err != nil {
		return true, err
	}
	// Two runs in a row: one may be a deploy.
	if w.Told != nil && (m.Failed == 2 || m.Failed == 0 && before >= 2) {
		return true, w.Told(ctx, m)
	}
	return true, nil
}

func (w *Watch) run(ctx context.Context, site store.Site, m store.Monitor) (string, error) {
	scanner := w.Scanners[m.Kind]
	if scanner == nil {
		return "", fmt.Errorf("this back end has no scanner of kind %s", m.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, runTime-time.Minute)
	defer cancel()
	r, err := scanner.Scan(ctx, site, json.RawMessage(m.Settings))
	if err != nil {
		return "", err
	}
	report, err := r.JSON()
	if err != nil {
		return "", err
	}
	b, err := w.Findings.Bring(ctx, site, report, Author(m.ID))
	return b.Scan.ID, err
}

// Change is a fact that is not what it was at the scan before: an endpoint more, another specification, a new certificate.
type Change struct{ Name, Was, Is string }

// unsteady are facts about a scan and not about its target: they differ every time.
var unsteady = []string{"requests", "bytes read", "slowest answer", "seed"}

// Steady leaves out what differs every time.
func Steady(all []Change) []Change {
	return slices.DeleteFunc(slices.Clone(all), func(c Change) bool { return slices.Contains(unsteady, c.Name) })
}

// Drift compares what two runs tell of a target beside findings.
func Drift(was, is *scan.Run) []Change {
	before := map[string]string{}
	for _, f := range was.Facts {
		before[f.Name] = f.Value
	}
	var out []Change
	for _, f := range is.Facts {
		if old, had := before[f.Name]; had && old != f.Value {
			out = append(out, Change{f.Name, old, f.Value})
		}
		delete(before, f.Name)
	}
	return out
}

// Author is who brought the scans of a monitor.
func Author(monitor string) string { return "monitor " + monitor }
