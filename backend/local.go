package backend

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/ban"
	"palisade.dev/backend/event"
	"palisade.dev/backend/guardapi"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/link"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

func sum(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// local is the back end as one site's guards see it: over HTTP, or in the same process without it.
type local struct {
	b    *Backend
	site store.Site
}

// Local gives the back end to a guard in the same process.
func (b *Backend) Local(s store.Site) link.Backend { return &local{b, s} }

func (l *local) Policy(ctx context.Context, after uint64, wait time.Duration) ([]wire.Envelope, error) {
	return l.b.Feed.Policy(ctx, l.site.ID, after, wait)
}

func (l *local) Network(_ context.Context, checksum string) ([]netip.Prefix, error) {
	p, ok := l.b.Networks.Prefixes(checksum)
	if !ok {
		return nil, fmt.Errorf("network list: %w", store.ErrNotFound)
	}
	return p, nil
}

// guardName bounds how a guard may call itself.
func guardName(name string) error {
	if name == "" || len(name) > 128 {
		return fmt.Errorf("%w: guard: want a name of 1 to 128 bytes", guardapi.ErrInvalid)
	}
	for _, c := range name {
		if c < 0x20 || c == 0x7f {
			return fmt.Errorf("%w: guard: a name holds no control characters", guardapi.ErrInvalid)
		}
	}
	return nil
}

// Events keeps a batch, then acts on what guards asked for in it. The batch is confirmed only after both: one that is
// sent again changes nothing, so nothing is lost or done twice.
func (l *local) Events(ctx context.Context, batch wire.Batch) error {
	if err := guardName(batch.Guard); err != nil {
		return err
	}
	if err := l.b.Events.Append(ctx, l.site.ID, batch.Guard, batch); err != nil {
		if errors.Is(err, event.ErrBatch) {
			return fmt.Errorf("%w: %w: %w", link.ErrRejected, guardapi.ErrInvalid, err)
		}
		return err
	}
	if batch.Dropped > 0 {
		if err := l.b.DB.GuardDropped(ctx, l.site.ID, batch.Guard, batch.Dropped, l.b.o.Now().UnixMilli()); err != nil {
			l.b.o.Log.Error("noting lost events", "guard", batch.Guard, "err", err)
		}
	}
	for i := range batch.Events {
		e := &batch.Events[i]
		if e.Ban != nil {
			switch err := l.b.Bans.Ordered(ctx, l.site.ID, batch.Guard, e); {
			case errors.Is(err, ban.ErrInvalid):
				l.b.o.Log.Warn("a guard asked for a ban that makes no sense", "guard", batch.Guard, "err", err)
			case err != nil:
				return err
			}
		}
		if decoy := decoyed(e); e.Reason == string(engine.Trapped) && (e.Ban == nil || decoy) || e.Alert && decoy {
			told := *e // an alert is kept, and leaves the house: it says no more than the event does
			v, err := l.b.veil(ctx, l.site.ID)
			if err != nil {
				return err
			}
			v.Hide(&told)
			if err := l.b.Alerts.Tell(ctx, alert.TrapTouched(l.site, batch.Guard, batch.Boot, &told)); err != nil {
				return err
			}
		}
	}
	return nil
}

// decoyed reports whether an event is about a key or an account that is nobody's: a ban tells who it was, and not that
// something was read or stolen.
func decoyed(e *wire.Event) bool {
	return slices.ContainsFunc(e.Outcomes, func(o wire.Outcome) bool { return o.Kind == "decoy" })
}

func (l *local) Receipt(ctx context.Context, r wire.Receipt) error {
	if err := guardName(r.Guard); err != nil {
		return err
	}
	if len(r.Fault) > 1024 {
		r.Fault = r.Fault[:1024]
	}
	return l.b.DB.Receipt(ctx, l.site.ID, r.Guard, r.Revision, r.Since, r.Fault, l.b.o.Now().UnixMilli())
}

func (l *local) Inventory(ctx context.Context, i wire.Inventory) error {
	if err := guardName(i.Guard); err != nil {
		return err
	}
	modules, err := json.Marshal(i.Modules)
	if err != nil {
		return err
	}
	return l.b.DB.SeenGuard(ctx, store.Guard{
		Site: l.site.ID, ID: i.Guard, Kind: i.Kind, Version: i.Version, Runtime: i.Runtime, Host: i.Host,
		LastSeen: l.b.o.Now().UnixMilli(), Modules: string(modules),
	})
}
