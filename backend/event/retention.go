package event

import (
	"context"
	"fmt"
	"time"
)

// FirstKept is the oldest day that is kept where so many are: they are whole, and today's has only begun.
func FirstKept(now time.Time, days int) int32 { return Day(now.UnixMicro()) - int32(max(days, 1)) }

// Retain drops the days that ended at least so many days ago, whole, with their counts; top lists hold
// addresses and accounts and must not outlive the events. It says how many days it dropped. At least one day stays.
// A Log should not take in events (Options.Keep, SetKeep) older than what is retained: they would go again the next time.
func (l *Log) Retain(ctx context.Context, now time.Time, days int) (int, error) {
	first := FirstKept(now, days)
	have, err := l.store.EventDays(ctx)
	if err != nil {
		return 0, fmt.Errorf("listing the days of events: %w", err)
	}
	dropped := 0
	for _, day := range have {
		if day >= first {
			continue
		}
		if err := l.letGo(ctx, day); err != nil {
			return dropped, err
		}
		if err := l.store.DropEventDay(ctx, day); err != nil {
			return dropped, fmt.Errorf("dropping the events of %s: %w", time.UnixMicro(int64(day)*dayMicros).UTC().Format(time.DateOnly), err)
		}
		dropped++
	}
	return dropped, nil
}

// letGo forgets what memory holds of a day, or the next commit would write part of it again.
func (l *Log) letGo(ctx context.Context, day int32) error {
	return l.hold(ctx, func() error {
		for key, o := range l.open {
			if key.day == day {
				l.memory -= o.size()
				delete(l.open, key)
			}
		}
		for key := range l.catalogs {
			if key.day == day {
				delete(l.catalogs, key)
			}
		}
		for key := range l.rollups {
			if Day(key.start) == day {
				delete(l.rollups, key)
			}
		}
		return nil
	})
}
