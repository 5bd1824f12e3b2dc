package event

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
)

// Log takes in what guards report. Batches that arrive together share a transaction; when Append returns, the batch is on
// disk, found by its terms and counted in the rollups. One Log writes a site's events at a time: it holds the counts of
// the running minutes in memory and writes them whole.
type Log struct {
	store Store
	codec *Codec
	o     Options
	keep  atomic.Int64 // days
	tails tails

	queue struct {
		sync.Mutex
		batches []*pending
		events  int
	}

	// turn is held by whoever commits; all below is theirs.
	turn     chan struct{}
	open     map[openKey]*open
	catalogs map[openKey]*catalog
	memory   int
	rollups  map[rollupKey]*cached
	seen     map[seenKey]seen
	commits  int64
	stats    Stats
}

// Options say how a Log works. The zero value of a number is its default.
type Options struct {
	Clock  func() time.Time // required
	Keep   int              // days; what is older on arrival is not taken in. Default 30
	Memory int              // bytes for open segments; the least used are sealed beyond it. Default 64 MiB
	Node   int              // of 0..7, another for each process that writes to the same store
	Veil   Veils            // hides addresses before anything is written; nil: they stay clear
	// Heard, if given, gets a site's events once they are on disk, each once and as they are stored. It is waited for.
	Heard func(site string, events []wire.Event)
}

// Veils gives a site's veil, as it is now; nil is a site that has always kept addresses clear.
type Veils func(ctx context.Context, site string) (*veil.Veil, error)

// Stats count what a Log did since it was made.
type Stats struct {
	Events    uint64 // taken in
	Repeated  uint64 // had been taken in before
	TooOld    uint64 // older than what is kept
	FromAhead uint64 // by a clock that runs ahead: set to the time of arrival
	Commits   uint64
}

type (
	openKey struct {
		site string
		day  int32
	}
	rollupKey struct {
		site  string
		span  int
		start int64
	}
	seenKey struct{ site, guard, boot string }
)

type pending struct {
	site, guard string
	batch       wire.Batch
	done        chan error // holds one
}

const (
	maxQueue    = 1 << 16          // events waiting for their turn, of all guards
	maxCommit   = 1 << 14          // events per transaction, so that nobody waits long for the writer
	maxAhead    = 10 * time.Minute // a guard's clock may be wrong by this much
	sealAfter   = time.Hour        // so that a segment's time says something
	commitTime  = 30 * time.Second // after which a stuck store is reported to the guards
	maxRollups  = 1024             // counted minutes, hours and days in memory: 16 KiB each when full
	maxCatalogs = 1 << 10          // lists of a site's day in memory, beside those with an open segment
	maxSeen     = 1 << 14          // guards' sequences in memory
	maxGuard    = 128              // bytes of a guard's or boot's name
)

// ErrBusy says that the store does not keep up: the guard keeps the batch and sends it again.
var ErrBusy = errors.New("the event log is busy: keep the batch and send it again")

// ErrBatch says that a batch can never be taken in.
var ErrBatch = errors.New("the batch cannot be taken in")

// NewLog returns a log over a store.
func NewLog(s Store, c *Codec, o Options) *Log {
	if o.Keep == 0 {
		o.Keep = 30
	}
	if o.Memory == 0 {
		o.Memory = 64 << 20
	}
	l := &Log{store: s, codec: c, o: o, turn: make(chan struct{}, 1)}
	l.SetKeep(o.Keep)
	l.forget()
	return l
}

// SetKeep changes for how many days back events are taken in, at once.
func (l *Log) SetKeep(days int) { l.keep.Store(int64(max(days, 1))) }

// forget lets go of all that is in memory; the store has it.
func (l *Log) forget() {
	l.open = make(map[openKey]*open)
	l.catalogs = make(map[openKey]*catalog)
	l.rollups = make(map[rollupKey]*cached)
	l.seen = make(map[seenKey]seen)
	l.memory = 0
}

// Append takes a batch in. It is idempotent by guard, boot and sequence: a batch that is repeated, or comes before an
// earlier one, changes nothing twice. After an error the batch may or may not have been taken in; send it again.
func (l *Log) Append(ctx context.Context, site, guard string, batch wire.Batch) error {
	switch {
	case len(batch.Events) == 0:
		return nil
	case len(batch.Events) > maxCommit:
		return fmt.Errorf("%w: %d events; send %d at most", ErrBatch, len(batch.Events), maxCommit)
	case site == "" || guard == "" || !name(guard) || !name(batch.Boot):
		return fmt.Errorf("%w: it must name its guard and boot in up to %d bytes of text", ErrBatch, maxGuard)
	}
	p := &pending{site: site, guard: guard, batch: batch, done: make(chan error, 1)}
	l.queue.Lock()
	if l.queue.events+len(batch.Events) > maxQueue {
		l.queue.Unlock()
		return ErrBusy
	}
	l.queue.batches = append(l.queue.batches, p)
	l.queue.events += len(batch.Events)
	l.queue.Unlock()

	// Whoever gets the turn commits for all that wait, perhaps including us; nobody else has to be running.
	for {
		select {
		case err := <-p.done:
			return err
		case <-ctx.Done():
			l.withdraw(p)
			return fmt.Errorf("taking in %d events of guard %s: %w", len(batch.Events), guard, ctx.Err())
		case l.turn <- struct{}{}:
			select {
			case err := <-p.done:
				<-l.turn
				return err
			default:
			}
			l.commit(ctx, l.take())
			<-l.turn
		}
	}
}

// name says whether a text can be the name of a guard or boot in every store.
func name(s string) bool {
	return len(s) <= maxGuard && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// take removes the next batches from the queue, up to a transaction's worth.
func (l *Log) take() []*pending {
	l.queue.Lock()
	defer l.queue.Unlock()
	n, events := 0, 0
	for n < len(l.queue.batches) {
		k := len(l.queue.batches[n].batch.Events)
		if n > 0 && events+k > maxCommit {
			break
		}
		events += k
		n++
	}
	taken := l.queue.batches[:n:n]
	l.queue.batches = l.queue.batches[n:]
	if len(l.queue.batches) == 0 {
		l.queue.batches = nil
	}
	l.queue.events -= events
	return taken
}

// withdraw takes a batch back that nobody waits for any more, if it is still in the queue.
func (l *Log) withdraw(p *pending) {
	l.queue.Lock()
	defer l.queue.Unlock()
	for i, q := range l.queue.batches {
		if q == p {
			l.queue.batches = append(l.queue.batches[:i:i], l.queue.batches[i+1:]...)
			l.queue.events -= len(p.batch.Events)
			return
		}
	}
}

// commit writes batches in one transaction and tells those who wait. One caller's cancelled context must not fail the
// others' batches, so the work has a time limit of its own.
func (l *Log) commit(ctx context.Context, batches []*pending) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	d := l.draft()
	err := d.write(ctx, batches)
	if err != nil {
		// Memory may now be ahead of the store, or, had the commit only seemed to fail, behind it: start from the store.
		l.forget()
	} else {
		l.stats = d.stats
		l.stats.Commits++
		l.spareRollups()
		if len(l.catalogs) > maxCatalogs {
			for key := range l.catalogs {
				if l.open[key] == nil {
					delete(l.catalogs, key)
				}
			}
		}
		if len(l.seen) > maxSeen {
			clear(l.seen) // the store has them, and a guard in use is back with its next batch
		}
		for _, w := range d.fresh {
			l.tails.send(w.site, w.events)
			if l.o.Heard != nil {
				l.o.Heard(w.site, w.events)
			}
		}
	}
	for _, p := range batches {
		p.done <- err
	}
}

// hold runs f while nothing is appended.
func (l *Log) hold(ctx context.Context, f func() error) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
		return f()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stats says what the log did so far.
func (l *Log) Stats(ctx context.Context) (s Stats, err error) {
	return s, l.hold(ctx, func() error { s = l.stats; return nil })
}

// Close packs what is open for good. Without it nothing is lost, only packed less well.
func (l *Log) Close(ctx context.Context) error {
	return l.hold(ctx, func() error {
		d := l.draft()
		for key := range l.open {
			if err := d.seal(ctx, key); err != nil {
				return err
			}
		}
		err := d.store(ctx)
		l.forget()
		l.tails.close()
		return err
	})
}
