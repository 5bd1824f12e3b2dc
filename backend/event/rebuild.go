package event

import (
	"context"
	"fmt"
	"time"

	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Rebuild makes a day's rollups of a site anew from its events: for when counting was changed, or a blob is damaged.
// Nothing is appended meanwhile. Lists that are longer than a rollup keeps may come out in another order, within their
// bounds, as that depends on the order of arrival.
func (l *Log) Rebuild(ctx context.Context, site string, day int32) error {
	return l.hold(ctx, func() error {
		start, end := int64(day)*dayMicros, int64(day+1)*dayMicros
		search := NewSearch(l.store, l.codec)
		whole := &Rollup{}
		for hour := start; hour < end; hour += hourMicros {
			ofHour := &Rollup{}
			minutes, err := l.recount(ctx, search, site, hour)
			if err != nil {
				return err
			}
			var write []store.Rollup
			for minute := hour; minute < hour+hourMicros; minute += minuteMicros {
				if r := minutes[minute]; r != nil {
					r.cut()
					for _, sum := range []*Rollup{ofHour, whole} {
						sum.merge(r)
						sum.cut()
					}
					write = append(write, store.Rollup{Span: minutely, Start: minute, Body: r.encode()})
				}
			}
			if len(write) == 0 {
				continue
			}
			write = append(write, store.Rollup{Span: hourly, Start: hour, Body: ofHour.encode()})
			if err := l.replace(ctx, site, write); err != nil {
				return err
			}
		}
		if whole.Requests == 0 {
			return nil
		}
		return l.replace(ctx, site, []store.Rollup{{Span: daily, Start: start, Body: whole.encode()}})
	})
}

// recount counts an hour by minute. A minute that has a rollup but no events any more comes back empty.
func (l *Log) recount(ctx context.Context, search *Search, site string, hour int64) (map[int64]*Rollup, error) {
	minutes := make(map[int64]*Rollup)
	rows, err := l.store.Rollups(ctx, site, minutely, hour, hour+hourMicros)
	if err != nil {
		return nil, fmt.Errorf("reading the counts to be made anew: %w", err)
	}
	for _, row := range rows {
		minutes[row.Start] = &Rollup{}
	}
	q := Query{Site: site, From: time.UnixMicro(hour), To: time.UnixMicro(hour + hourMicros)}
	err = search.Export(ctx, q, func(e wire.Event) error {
		m := floor(e.At, minuteMicros)
		if minutes[m] == nil {
			minutes[m] = &Rollup{}
		}
		r := minutes[m]
		if r.add(&e); r.Requests%MaxSegment == 0 {
			r.cut()
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("counting events anew: %w", err)
	}
	return minutes, nil
}

func (l *Log) replace(ctx context.Context, site string, rollups []store.Rollup) error {
	for _, r := range rollups {
		for i, span := range spans {
			if span.name == r.Span {
				delete(l.rollups, rollupKey{site, i, r.Start})
			}
		}
	}
	if err := l.store.AppendEvents(ctx, []store.EventWrite{{Site: site, Rollups: rollups}}); err != nil {
		return fmt.Errorf("keeping counts made anew: %w", err)
	}
	return nil
}
