// Package link joins a guard to its back end: policies come in by long poll, events, receipts and the inventory go
// out. A guard whose back end is away, hangs or talks nonsense goes on with the last good policy; events wait in a
// bounded spool. Nothing here is ever waited for by a request.
package link

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// Backend is what a guard asks of its back end. Calls may block until their context ends.
type Backend interface {
	// Policy gives what leads from a revision to the newest: one policy, or deltas. It waits up to that long for
	// something new and gives nothing when there is nothing.
	Policy(ctx context.Context, after uint64, wait time.Duration) ([]wire.Envelope, error)
	// Network gives the prefixes of a network list by checksum.
	Network(ctx context.Context, checksum string) ([]netip.Prefix, error)
	// Events returns once they are stored for good. Sending a batch twice changes nothing; ErrRejected says that sending
	// it again will not help.
	Events(ctx context.Context, b wire.Batch) error
	Receipt(ctx context.Context, r wire.Receipt) error
	Inventory(ctx context.Context, i wire.Inventory) error
}

// ErrRejected says that the back end will never take what it was sent.
var ErrRejected = errors.New("the back end rejects it")

// Enforcer is the guard at this end.
type Enforcer interface {
	Install(p *wire.Policy, lists []engine.NetworkList) error
	Apply(d *wire.Delta) error
}

// Options of a Link. Guard, Backend, Public and Enforcer must be given.
type Options struct {
	Guard    string // stable name of this guard at its site
	Backend  Backend
	Public   ed25519.PublicKey
	Enforcer Enforcer
	Site     string // a policy of another site is refused; "" takes the first and stays with it

	Inventory wire.Inventory
	Lists     []engine.NetworkList // at hand without asking: found by checksum
	Dir       string               // keeps the last good policy and the spool; "" keeps nothing
	Queue     int                  // events held in memory: 16,384
	Spool     int64                // bytes of events held on disk: 64 MiB
	Now       func() time.Time
	Rand      *rand.Rand
	Log       *slog.Logger
}

// Pace of the link. A batch is sent when it is full or a quarter of a second old, so that a ban asked for by one guard
// is with the others within a second. After a failure we wait half a second, then twice as long each time to 30 s,
// give or take a quarter so that guards do not come back all at once.
const (
	batchSize  = 2048
	batchAge   = 250 * time.Millisecond
	pollWait   = 30 * time.Second
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
	callLimit  = 10 * time.Second
	// awayAfter is how long the back end may be silent before routes with a failure mode of their own notice.
	awayAfter = 5 * time.Second
)

// Link is one guard's tie to its back end. Make it with New, then Run it.
type Link struct {
	o        Options
	q        *queue
	keep     *keeper
	spool    *spool
	boot     string
	seq      uint64
	revision atomic.Uint64
	lastOK   atomic.Int64 // unix nanoseconds of the last good answer
	failing  atomic.Bool
	receipt  chan wire.Receipt
	rejected atomic.Uint64
	randMu   sync.Mutex
	cache    map[string][]netip.Prefix
}

// New makes a link and, where a folder keeps one, installs the last good policy at once, so that a guard which starts
// while its back end is away protects from its first request.
func New(o Options) (*Link, error) {
	if o.Queue == 0 {
		o.Queue = 1 << 14
	}
	if o.Spool == 0 {
		o.Spool = 64 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l := &Link{o: o, q: newQueue(o.Queue), receipt: make(chan wire.Receipt, 1), cache: map[string][]netip.Prefix{}}
	l.boot = engineID(o.Rand)
	l.lastOK.Store(o.Now().UnixNano())
	for _, list := range o.Lists {
		l.cache[list.Checksum] = list.Prefixes
	}
	if o.Dir == "" {
		return l, nil
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	l.keep = &keeper{dir: o.Dir}
	l.spool = newSpool(o.Dir, o.Spool)
	envelopes, err := l.keep.load()
	if err != nil {
		o.Log.Warn("the kept policy cannot be read; waiting for the back end", "err", err)
	}
	for _, e := range envelopes {
		if err := l.accept(context.Background(), e, false); err != nil {
			o.Log.Warn("the kept policy is not used from here on", "err", err)
			break
		}
	}
	return l, nil
}

func engineID(r *rand.Rand) string {
	const letters = "0123456789abcdefghijklmnopqrstuv"
	b := make([]byte, 16)
	for i := range b {
		b[i] = letters[r.Uint32()>>27]
	}
	return string(b)
}

// Record hands an event over. It never blocks; the event is copied.
func (l *Link) Record(e *wire.Event) { l.q.put(e) }

// Dropped is how many events were lost for want of room.
func (l *Link) Dropped() uint64 {
	n := l.q.lost.Load() + l.rejected.Load()
	if l.spool != nil {
		n += l.spool.dropped.Load()
	}
	return n
}

// Away reports whether the back end has been silent for so long that failure modes apply.
func (l *Link) Away(now time.Time) bool {
	return l.failing.Load() && now.UnixNano()-l.lastOK.Load() > int64(awayAfter)
}

// Revision is that of the policy in force, 0 before the first.
func (l *Link) Revision() uint64 { return l.revision.Load() }

// Run keeps the link until the context ends, then sends what is left as well as it can in a second.
func (l *Link) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, loop := range []func(context.Context){l.poll, l.send, l.confirm} {
		wg.Go(func() { loop(ctx) })
	}
	wg.Wait()
}

func (l *Link) ok() {
	l.lastOK.Store(l.o.Now().UnixNano())
	if l.failing.Swap(false) {
		l.o.Log.Info("the back end answers again", "guard", l.o.Guard)
	}
}

func (l *Link) failed(what string, err error) {
	if !l.failing.Swap(true) {
		l.o.Log.Warn(what+": going on with the policy we have", "guard", l.o.Guard, "revision", l.Revision(), "err", err)
	}
}

// pause waits before another try.
type pause struct{ next time.Duration }

func (l *Link) wait(ctx context.Context, p *pause) {
	if p.next == 0 {
		p.next = firstPause
	}
	l.randMu.Lock()
	d := p.next*3/4 + time.Duration(l.o.Rand.Int64N(int64(p.next)/2))
	l.randMu.Unlock()
	p.next = min(p.next*2, lastPause)
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// poll asks for policies for ever.
func (l *Link) poll(ctx context.Context) {
	var p pause
	inventory := false
	for ctx.Err() == nil {
		if !inventory {
			c, cancel := context.WithTimeout(ctx, callLimit)
			inventory = l.o.Backend.Inventory(c, l.o.Inventory) == nil
			cancel()
		}
		c, cancel := context.WithTimeout(ctx, pollWait+callLimit)
		envelopes, err := l.o.Backend.Policy(c, l.Revision(), pollWait)
		cancel()
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			l.failed("asking for the policy", err)
			l.wait(ctx, &p)
			continue
		}
		l.ok()
		p = pause{}
		for _, e := range envelopes {
			if err := l.accept(ctx, e, true); err != nil {
				l.o.Log.Error("a policy from the back end was refused", "guard", l.o.Guard, "err", err)
				l.tell(wire.Receipt{Guard: l.o.Guard, Revision: l.Revision(), Since: l.o.Now().UnixMilli(), Fault: err.Error()})
				if errors.Is(err, errMustHaveAll) {
					l.revision.Store(0) // asks for the whole policy; the one in force stays in force
				}
				l.wait(ctx, &p)
				break
			}
		}
	}
}

var errMustHaveAll = errors.New("the change does not fit the policy in force: asking for the whole")

// accept checks an envelope, puts it in force and keeps it.
func (l *Link) accept(ctx context.Context, e wire.Envelope, keep bool) error {
	var revision uint64
	switch e.Kind {
	case wire.KindPolicy:
		p, err := e.Policy(l.o.Public)
		if err != nil {
			return err
		}
		if l.o.Site != "" && p.Site != l.o.Site {
			return errors.New("the policy is of site " + p.Site + ", this guard stands before " + l.o.Site)
		}
		if err := l.o.Enforcer.Install(p, l.lists(ctx, p.Networks)); err != nil {
			return err
		}
		l.o.Site, revision = p.Site, p.Revision
	case wire.KindDelta:
		d, err := e.Delta(l.o.Public)
		if err != nil {
			return err
		}
		if err := l.o.Enforcer.Apply(d); err != nil {
			return errors.Join(errMustHaveAll, err)
		}
		revision = d.To
	default:
		return errors.New("an envelope of kind " + e.Kind + " is not known here; upgrade this guard")
	}
	l.revision.Store(revision)
	l.tell(wire.Receipt{Guard: l.o.Guard, Revision: revision, Since: l.o.Now().UnixMilli()})
	if keep && l.keep != nil {
		if err := l.keep.save(e); err != nil {
			l.o.Log.Warn("the policy is in force but could not be kept on disk; a restart without the back end would miss it", "err", err)
		}
	}
	return nil
}

// lists finds the network lists a policy names: at hand, on disk, or at the back end. One that cannot be had is left
// out, which the engine's notes tell.
func (l *Link) lists(ctx context.Context, refs []wire.Network) []engine.NetworkList {
	var out []engine.NetworkList
	fresh := map[string][]netip.Prefix{}
	for _, ref := range refs {
		prefixes, ok := l.cache[ref.Checksum]
		if !ok && l.keep != nil {
			prefixes, ok = l.keep.network(ref.Checksum)
		}
		if !ok {
			c, cancel := context.WithTimeout(ctx, callLimit)
			got, err := l.o.Backend.Network(c, ref.Checksum)
			cancel()
			if err != nil {
				l.o.Log.Warn("a network list cannot be had: its addresses are not recognised", "list", ref.Name, "err", err)
				continue
			}
			if prefixes = got; l.keep != nil {
				l.keep.saveNetwork(ref.Checksum, got)
			}
		}
		fresh[ref.Checksum] = prefixes
		out = append(out, engine.NetworkList{Name: ref.Name, Kind: ref.Kind, Checksum: ref.Checksum, Prefixes: prefixes})
	}
	for _, list := range l.o.Lists {
		fresh[list.Checksum] = list.Prefixes
	}
	l.cache = fresh
	return out
}

// tell leaves the newest receipt for confirm; one not yet sent is replaced.
func (l *Link) tell(r wire.Receipt) {
	for {
		select {
		case l.receipt <- r:
			return
		default:
		}
		select {
		case <-l.receipt:
		default:
		}
	}
}

func (l *Link) confirm(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-l.receipt:
			var p pause
			for ctx.Err() == nil {
				c, cancel := context.WithTimeout(ctx, callLimit)
				err := l.o.Backend.Receipt(c, r)
				cancel()
				if err == nil {
					break
				}
				l.wait(ctx, &p)
				select { // a newer one says more
				case r = <-l.receipt:
				default:
				}
			}
		}
	}
}
