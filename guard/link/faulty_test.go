package link

import (
	"context"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// faulty is a back end whose every answer a test decides on.
type faulty struct {
	mu       sync.Mutex
	policy   func(after uint64) ([]wire.Envelope, error)
	events   func(wire.Batch) error
	network  func(string) ([]netip.Prefix, error)
	batches  []wire.Batch
	receipts []wire.Receipt
	changed  chan struct{}
}

func newFaulty() *faulty { return &faulty{changed: make(chan struct{}, 1000)} }

func (f *faulty) note() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func (f *faulty) set(change func(*faulty)) {
	f.mu.Lock()
	change(f)
	f.mu.Unlock()
}

func (f *faulty) Policy(ctx context.Context, after uint64, wait time.Duration) ([]wire.Envelope, error) {
	f.mu.Lock()
	p := f.policy
	f.mu.Unlock()
	if p == nil {
		return nil, errors.New("the back end is away")
	}
	out, err := p(after)
	if err != nil || len(out) > 0 {
		return out, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(min(wait, time.Second)):
		return nil, nil
	}
}

func (f *faulty) Network(_ context.Context, checksum string) ([]netip.Prefix, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.network == nil {
		return nil, errors.New("no such list")
	}
	return f.network(checksum)
}

func (f *faulty) Events(_ context.Context, b wire.Batch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.note()
	if f.events != nil {
		if err := f.events(b); err != nil {
			return err
		}
	}
	f.batches = append(f.batches, b)
	return nil
}

func (f *faulty) Receipt(_ context.Context, r wire.Receipt) error {
	f.mu.Lock()
	f.receipts = append(f.receipts, r)
	f.mu.Unlock()
	f.note()
	return nil
}

func (f *faulty) Inventory(context.Context, wire.Inventory) error { return nil }

func (f *faulty) received() (n int, seqs map[uint64]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seqs = map[uint64]int{}
	for _, b := range f.batches {
		for _, e := range b.Events {
			n++
			seqs[e.Seq]++
		}
	}
	return n, seqs
}

func (f *faulty) lastReceipt() (wire.Receipt, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.receipts) == 0 {
		return wire.Receipt{}, 0
	}
	return f.receipts[len(f.receipts)-1], len(f.receipts)
}

// until waits for something that another goroutine brings about. The bound is for a broken test only.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// enforcer notes what it was told to enforce.
type enforcer struct {
	mu       sync.Mutex
	revision uint64
	site     string
	lists    []engine.NetworkList
	bans     int
}

func (e *enforcer) Install(p *wire.Policy, lists []engine.NetworkList) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.revision, e.site, e.lists, e.bans = p.Revision, p.Site, lists, len(p.Bans)
	return nil
}

func (e *enforcer) Apply(d *wire.Delta) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if d.From != e.revision {
		return errors.New("it does not fit")
	}
	e.revision = d.To
	e.bans += len(d.Bans)
	return nil
}

func (e *enforcer) at() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.revision
}

var testKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func whole(t *testing.T, revision uint64, change ...func(*wire.Policy)) wire.Envelope {
	t.Helper()
	p := &wire.Policy{Version: wire.Version, Site: "shop", Revision: revision}
	for _, c := range change {
		c(p)
	}
	e, err := wire.Seal(wire.KindPolicy, p, testKey)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func delta(t *testing.T, from, to uint64) wire.Envelope {
	t.Helper()
	e, err := wire.Seal(wire.KindDelta, &wire.Delta{Version: wire.Version, Site: "shop", From: from, To: to, Bans: []wire.Ban{{ID: "1", Subject: "203.0.113.7"}}}, testKey)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// start runs a link until the test ends.
func start(t *testing.T, f *faulty, change ...func(*Options)) (*Link, *enforcer) {
	t.Helper()
	e := &enforcer{}
	o := Options{
		Guard: "g", Backend: f, Public: testKey.Public().(ed25519.PublicKey), Enforcer: e,
		Now: time.Now, Rand: rand.New(rand.NewPCG(1, 2)),
	}
	for _, c := range change {
		c(&o)
	}
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { l.Run(ctx); close(done) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("the link does not end")
		}
	})
	return l, e
}
