package link

import (
	"context"
	"errors"
	"time"

	"palisade.dev/guard/wire"
)

// send moves events from the queue to the back end. While that is away they go to the spool, oldest first out; a batch
// is forgotten only once the back end has said that it is stored.
func (l *Link) send(ctx context.Context) {
	buffer := make([]wire.Event, batchSize)
	tick := time.NewTicker(batchAge)
	defer tick.Stop()
	var held *wire.Batch // sent or to be sent, not yet acknowledged
	var p pause
	var tryAt time.Time
	for {
		stopping := false
		select {
		case <-ctx.Done():
			stopping = true
		case <-tick.C:
		}
		for {
			c, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
			if stopping {
				cancel()
				c, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			}
			more := l.step(c, buffer, &held, &p, &tryAt, stopping)
			cancel()
			if !more {
				break
			}
		}
		if stopping {
			l.keepRest(held, buffer)
			return
		}
	}
}

// keepRest puts what could not be sent on disk, for the next start.
func (l *Link) keepRest(held *wire.Batch, buffer []wire.Event) {
	if l.spool == nil {
		return
	}
	if held != nil && l.spool.reading == "" { // otherwise it is there still
		l.spool.push(*held)
	}
	for b := l.batch(buffer); b != nil; b = l.batch(buffer) {
		l.spool.push(*b)
	}
}

// step sends one batch; it reports whether there is more to do at once.
func (l *Link) step(ctx context.Context, buffer []wire.Event, held **wire.Batch, p *pause, tryAt *time.Time, stopping bool) bool {
	now := l.o.Now()
	if *held == nil && l.spool != nil {
		if b, ok := l.spool.pop(); ok {
			*held = b
		}
	}
	if *held == nil {
		*held = l.batch(buffer)
	}
	if *held == nil {
		return false
	}
	if now.Before(*tryAt) && !stopping {
		l.overflow(buffer)
		return false
	}
	(*held).Dropped = l.Dropped()
	err := l.o.Backend.Events(ctx, **held)
	if errors.Is(err, ErrRejected) {
		l.o.Log.Error("a batch of events is lost", "guard", l.o.Guard, "events", len((*held).Events), "err", err)
		l.rejected.Add(uint64(len((*held).Events)))
		err = nil
	}
	if err != nil {
		l.failed("sending events", err)
		if p.next == 0 {
			p.next = firstPause
		}
		*tryAt = now.Add(p.next)
		p.next = min(p.next*2, lastPause)
		l.overflow(buffer)
		return false
	}
	l.ok()
	*p, *tryAt = pause{}, time.Time{}
	if l.spool != nil {
		l.spool.done()
	}
	*held = nil
	return true
}

// batch takes what the queue holds, up to one batch.
func (l *Link) batch(buffer []wire.Event) *wire.Batch {
	n := l.q.take(buffer)
	if n == 0 {
		return nil
	}
	events := make([]wire.Event, n)
	copy(events, buffer[:n])
	for i := range events {
		l.seq++
		events[i].Seq = l.seq
	}
	return &wire.Batch{Guard: l.o.Guard, Boot: l.boot, Events: events}
}

// overflow moves a queue that is more than half full to the spool, so that a back end away for minutes costs disk
// rather than events.
func (l *Link) overflow(buffer []wire.Event) {
	if l.spool == nil {
		return
	}
	for l.q.len() > len(l.q.slots)/2 {
		b := l.batch(buffer)
		if b == nil {
			return
		}
		l.spool.push(*b)
	}
}
