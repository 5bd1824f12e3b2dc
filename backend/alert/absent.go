package alert

import (
	"context"
	"errors"
	"sync"
	"time"

	"palisade.dev/store"
)

// Silence is how long a guard may say nothing before it is lost. A guard asks every 30 seconds, so it has missed two times
// and is late for the third.
const Silence = 90 * time.Second

const (
	lookEvery = 15 * time.Second
	blind     = time.Minute    // after this long without a look it was we who were away
	history   = 24 * time.Hour // a guard silent for longer was taken out of service, most likely before there were alerts
)

// Return is a guard that is back, and when it had last been heard before.
type Return struct {
	Guard store.Guard
	Since time.Time
}

// Absences is what has changed about who is there.
type Absences struct {
	Lost      []store.Guard // to be told
	Old       []store.Guard // lost too long ago to be told
	Back      []Return
	Forgotten []store.AlertAbsence // of guards that nobody knows any more
}

// Compare looks who of a site's guards is silent, and who was known to be. Silence counts from began at the earliest: before
// that nobody was listening.
func Compare(guards []store.Guard, known []store.AlertAbsence, began, now time.Time) (a Absences) {
	lost := map[string]store.AlertAbsence{}
	for _, k := range known {
		lost[k.Guard] = k
	}
	for _, g := range guards {
		heard := time.UnixMilli(g.LastSeen)
		since := heard
		if since.Before(began) {
			since = began
		}
		k, was := lost[g.ID]
		delete(lost, g.ID)
		switch {
		case was && g.LastSeen > k.LastSeen && now.Sub(heard) <= Silence:
			a.Back = append(a.Back, Return{g, time.UnixMilli(k.LastSeen)})
		case was:
		case now.Sub(heard) > history:
			a.Old = append(a.Old, g)
		case now.Sub(since) > Silence:
			a.Lost = append(a.Lost, g)
		}
	}
	for _, k := range known {
		if _, left := lost[k.Guard]; left {
			a.Forgotten = append(a.Forgotten, k)
		}
	}
	return a
}

// looking is since when we see who is there.
type looking struct {
	mu          sync.Mutex
	began, last time.Time
}

// due reports whether it is time for a look, and since when we have been looking.
func (l *looking) due(now time.Time) (began time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.last) > blind || now.Before(l.last) {
		l.began = now
	} else if now.Sub(l.last) < lookEvery {
		return l.began, false
	}
	return l.began, true
}

func (l *looking) done(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = now
}

// LookForGuards tells of guards that were lost and of those that are back, each once, over restarts and with several back
// ends. It looks every 15 seconds however often it is called. An alert is kept before it is noted that it was told, and has
// an id, so that neither a crash nor another back end loses or doubles it.
func (s *Alerts) LookForGuards(ctx context.Context) error {
	now := s.o.Now()
	began, ok := s.looking.due(now)
	if !ok {
		return nil
	}
	sites, err := s.o.DB.Sites(ctx)
	if err != nil {
		return err
	}
	for _, site := range sites {
		if err := s.lookAt(ctx, site, began, now); err != nil && !errors.Is(err, store.ErrNotFound) { // deleted meanwhile
			return err
		}
	}
	s.looking.done(now)
	return nil
}

func (s *Alerts) lookAt(ctx context.Context, site store.Site, began, now time.Time) error {
	guards, err := s.o.DB.Guards(ctx, site.ID)
	if err != nil {
		return err
	}
	known, err := s.o.DB.AlertAbsences(ctx, site.ID)
	if err != nil {
		return err
	}
	a := Compare(guards, known, began, now)
	present := 0
	for _, g := range guards {
		if now.Sub(time.UnixMilli(g.LastSeen)) <= Silence {
			present++
		}
	}
	for _, g := range a.Lost {
		if err := s.Tell(ctx, GuardLost(site, g, present, now)); err != nil {
			return err
		}
	}
	for _, g := range append(a.Lost, a.Old...) {
		if err := s.o.DB.PutAlertAbsence(ctx, store.AlertAbsence{Site: site.ID, Guard: g.ID, LastSeen: g.LastSeen}); err != nil {
			return err
		}
	}
	for _, r := range a.Back {
		if err := s.Tell(ctx, GuardBack(site, r.Guard, r.Since, now)); err != nil {
			return err
		}
		if err := s.o.DB.DeleteAlertAbsence(ctx, site.ID, r.Guard.ID); err != nil {
			return err
		}
	}
	for _, f := range a.Forgotten {
		if err := s.o.DB.DeleteAlertAbsence(ctx, site.ID, f.Guard); err != nil {
			return err
		}
	}
	return nil
}
