package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"palisade.dev/backend/rehearse"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Rehearser knows which rules of a site are in rehearsal, and what one would have done in a time.
type Rehearser interface {
	Rehearsing(ctx context.Context, s store.Site) ([]rehearse.Standing, error)
	RehearseBetween(ctx context.Context, s store.Site, rule wire.Rule, from, to time.Time) (rehearse.Report, error)
}

const (
	summaryHour = 8 // on the site's clock
	// longestSummary bounds what one tells of, for a back end that was away for weeks.
	longestSummary = 7 * 24 * time.Hour
	summaryRetry   = 10 * time.Minute // after one that failed: each costs a minute of work at the worst
)

// Due gives the last time at which a summary was due in a zone: the last eight o'clock on its clock. On the days when the
// clock is changed, a day is longer or shorter, and eight o'clock is eight o'clock.
func Due(now time.Time, zone *time.Location) time.Time {
	t := now.In(zone)
	due := time.Date(t.Year(), t.Month(), t.Day(), summaryHour, 0, 0, 0, zone)
	if due.After(now) {
		due = time.Date(t.Year(), t.Month(), t.Day()-1, summaryHour, 0, 0, 0, zone)
	}
	return due
}

// RunDaily tells once a day what rules in rehearsal would have done, until the context ends. It is a loop of its own, since
// a rehearsal takes its time and bans are not to wait for it.
func (s *Alerts) RunDaily(ctx context.Context, r Rehearser) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	var again time.Time
	for {
		if now := s.o.Now(); !now.Before(again) {
			if err := s.Summarise(ctx, r); err != nil {
				s.note(ctx, "summing up rules in rehearsal", err)
				again = now.Add(summaryRetry)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Summarise tells of each rule in rehearsal what it would have done since the summary before, where eight o'clock has passed
// since then. Told is kept before it is noted that it was, and is the same alert whoever tells it, so that neither a crash
// in between nor another back end loses or doubles one; a back end that was away at eight tells when it is back.
func (s *Alerts) Summarise(ctx context.Context, r Rehearser) error {
	sites, err := s.o.DB.Sites(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for _, site := range sites {
		if err := s.summarise(ctx, r, site); err != nil && !errors.Is(err, store.ErrNotFound) { // deleted meanwhile
			faults = append(faults, fmt.Errorf("site %s: %w", site.Name, err))
		}
	}
	return errors.Join(faults...)
}

func (s *Alerts) summarise(ctx context.Context, r Rehearser, site store.Site) error {
	zone, err := time.LoadLocation(site.Zone)
	if err != nil {
		zone = time.UTC
	}
	now := s.o.Now()
	due := Due(now, zone)
	key := "rehearsal-summaries " + site.ID
	told, err := s.toldUntil(ctx, key)
	if err != nil {
		return err
	}
	rules, err := r.Rehearsing(ctx, site)
	if err != nil {
		return err
	}
	if len(rules) == 0 && len(told) == 0 {
		return nil
	}
	heard, err := s.heard(ctx, site)
	if err != nil {
		return err
	}
	var faults []error
	fresh, until := false, map[string]int64{} // without rules that are no longer in rehearsal
	for _, rule := range rules {
		name := rule.Rule.Name
		last, known := told[name]
		if !known && rule.Since >= due.UnixMilli() { // its first summary is tomorrow's
			until[name], fresh = due.UnixMilli(), true
			continue
		}
		if known {
			until[name] = last
		} else {
			last = due.AddDate(0, 0, -1).UnixMilli()
		}
		if last >= due.UnixMilli() {
			continue
		}
		if heard { // where nobody hears it, nobody is told later either
			from := at(max(last, due.Add(-longestSummary).UnixMilli()))
			report, err := r.RehearseBetween(ctx, site, rule.Rule, from, due)
			if err == nil {
				a := RehearsalSummary(site, report, now)
				a.ID = fmt.Sprintf("rehearsal %s %s %d", site.ID, name, due.UnixMilli()) // however far it was looked
				err = s.Tell(ctx, a)
			}
			if err != nil {
				faults = append(faults, err)
				continue
			}
		}
		until[name], fresh = due.UnixMilli(), true
	}
	if fresh || len(until) != len(told) {
		body, err := json.Marshal(until)
		if err == nil {
			err = s.o.DB.PutSetting(ctx, key, body)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// toldUntil reads until when each rule of a site was told of, in unix milliseconds.
func (s *Alerts) toldUntil(ctx context.Context, key string) (map[string]int64, error) {
	told := map[string]int64{}
	body, err := s.o.DB.Setting(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return told, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return nil, fmt.Errorf("reading which rehearsals were told of: %w", err)
	}
	return told, nil
}

// heard reports whether any channel hears rehearsals of a site.
func (s *Alerts) heard(ctx context.Context, site store.Site) (bool, error) {
	channels, err := s.listeners(ctx)
	if err != nil {
		return false, err
	}
	for _, severity := range []Severity{Info, Low} {
		a := Alert{Kind: Rehearsal, Severity: severity, Site: Site{site.ID, site.Name}}
		for _, c := range channels {
			if c.hears.hears(&a) {
				return true, nil
			}
		}
	}
	return false, nil
}
