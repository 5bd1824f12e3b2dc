package event

import (
	"context"
	"fmt"

	"palisade.dev/guard/wire"
)

// cached is a rollup that is still being counted into.
type cached struct {
	Rollup
	used int64
}

// count brings the rollups of the events' own minutes, hours and days up to date, however late the events are. Hours and
// days are counted along with minutes rather than made from them later: there is no step that a crash could leave out.
func (d *draft) count(ctx context.Context, site string, events []wire.Event) error {
	for minute, delta := range byMinute(events) {
		for i, span := range spans {
			r, err := d.l.rollup(ctx, rollupKey{site, i, floor(minute, span.micros)})
			if err != nil {
				return err
			}
			r.merge(delta)
			r.cut()
			r.used = d.l.commits
			d.site(site).rollups[rollupKey{site, i, floor(minute, span.micros)}] = struct{}{}
		}
	}
	return nil
}

// byMinute counts events, exactly, by the minute in which they began.
func byMinute(events []wire.Event) map[int64]*Rollup {
	deltas := make(map[int64]*Rollup)
	var minute int64
	var delta *Rollup
	for i := range events {
		if m := floor(events[i].At, minuteMicros); delta == nil || m != minute {
			minute, delta = m, deltas[m]
			if delta == nil {
				delta = &Rollup{}
				deltas[m] = delta
			}
		}
		delta.add(&events[i])
	}
	return deltas
}

// rollup gives a rollup to count into, from memory or from the store.
func (l *Log) rollup(ctx context.Context, key rollupKey) (*cached, error) {
	if r := l.rollups[key]; r != nil {
		return r, nil
	}
	rows, err := l.store.Rollups(ctx, key.site, spans[key.span].name, key.start, key.start+1)
	if err != nil {
		return nil, fmt.Errorf("reading the counts of a %s: %w", spans[key.span].name, err)
	}
	r := &cached{used: l.commits}
	if len(rows) > 0 {
		parsed, err := parseRollup(rows[0].Body)
		if err != nil {
			return nil, err
		}
		r.Rollup = *parsed
	}
	l.rollups[key] = r
	return r, nil
}

// spareRollups forgets the counts that were not used for longest. The store has them.
func (l *Log) spareRollups() {
	if len(l.rollups) <= maxRollups {
		return
	}
	for age := int64(64); len(l.rollups) > maxRollups*3/4; age /= 2 {
		for key, r := range l.rollups {
			if l.commits-r.used >= age {
				delete(l.rollups, key)
			}
		}
		if age == 0 {
			break
		}
	}
}
