package backend

import (
	"context"
	"time"

	"palisade.dev/backend/appeal"
	"palisade.dev/backend/detect"
	"palisade.dev/backend/finding"
)

// keepFor is told that events are kept for another number of days.
func (b *Backend) keepFor(days int) {
	if days > 0 {
		b.Events.SetKeep(days)
	}
	select {
	case b.shorter <- struct{}{}:
	default: // it will look anyway
	}
}

// retain forgets what is older than the retention, at start, each hour, and when it is changed; bans that ran out are put among the past
// ones each minute.
func (b *Backend) retain(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for minute := 0; ; minute++ {
		now := b.o.Now()
		if _, err := b.DB.ExpireBans(ctx, now.UnixMilli()); err != nil && ctx.Err() == nil {
			b.o.Log.Error("putting past bans away", "err", err)
		}
		if minute%60 == 0 {
			b.forget(ctx, now)
		}
		select {
		case <-ctx.Done():
			return
		case <-b.shorter:
			minute = -1
		case <-tick.C:
		}
	}
}

// keepBans is how long past bans are remembered: as long as they make the next one longer.
const keepBans = 90 * 24 * time.Hour

func (b *Backend) forget(ctx context.Context, now time.Time) {
	note := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			b.o.Log.Error("forgetting old "+what, "err", err)
		}
	}
	kept, err := b.Retention.Get(ctx) // as it is by now: another back end of this database may have been told
	note("events", err)
	if err == nil && kept.Days > 0 {
		b.Events.SetKeep(kept.Days)
		_, err := b.Events.Retain(ctx, now, kept.Days)
		note("events", err)
		note("guards", b.DB.ForgetGuards(ctx, now.AddDate(0, 0, -kept.Days).UnixMilli()))
	}
	_, err = b.DB.ForgetBans(ctx, now.Add(-keepBans).UnixMilli())
	note("bans", err)
	note("addresses of past bans", b.veilBans(ctx))
	_, err = b.DB.ForgetAppeals(ctx, now.Add(-appeal.Kept).UnixMilli())
	note("appeals", err)
	_, err = b.DB.ForgetScans(ctx, now.Add(-finding.Keep).UnixMilli())
	note("scans", err)
	_, err = b.DB.ForgetDetections(ctx, now.Add(-detect.Kept).UnixMilli())
	note("detections", err)
	note("sign-ins", b.People.Forget(ctx))
	note("changes", b.DB.PruneChanges(ctx, now.Add(-24*time.Hour).UnixMilli()))
}
