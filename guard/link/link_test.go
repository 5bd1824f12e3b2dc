package link

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palisade.dev/guard/wire"
)

// serve answers with the newest of some envelopes, deltas where they fit.
func serve(envelopes func(after uint64) []wire.Envelope) func(uint64) ([]wire.Envelope, error) {
	return func(after uint64) ([]wire.Envelope, error) { return envelopes(after), nil }
}

func TestPolicyComesInAndIsConfirmed(t *testing.T) {
	f := newFaulty()
	first, second := whole(t, 7), delta(t, 7, 8)
	f.policy = serve(func(after uint64) []wire.Envelope {
		switch after {
		case 0:
			return []wire.Envelope{first}
		case 7:
			return []wire.Envelope{second}
		}
		return nil
	})
	l, e := start(t, f)
	until(t, "revision 8", func() bool { return e.at() == 8 })
	until(t, "its receipt", func() bool { r, _ := f.lastReceipt(); return r.Revision == 8 && r.Fault == "" })
	if l.Revision() != 8 || e.bans != 1 {
		t.Errorf("revision %d, %d bans", l.Revision(), e.bans)
	}
}

func TestRefusedPoliciesLeaveTheOneInForce(t *testing.T) {
	good := whole(t, 3)
	forged := good
	forged.Signature = append([]byte{}, good.Signature...)
	forged.Signature[0] ^= 1
	changed := whole(t, 4)
	changed.Payload = []byte(strings.Replace(string(changed.Payload), `"revision":4`, `"revision":5`, 1))
	elsewhere := whole(t, 9, func(p *wire.Policy) { p.Site = "other" })
	unknown := whole(t, 9)
	unknown.Kind = "hologram"
	cases := map[string]struct {
		envelope wire.Envelope
		says     string
	}{
		"a forged signature":  {forged, "signature is not the back end's"},
		"a changed payload":   {changed, "signature is not the back end's"},
		"another site's":      {elsewhere, "is of site other"},
		"an unknown kind":     {unknown, "hologram"},
		"a delta as a policy": {wire.Envelope{Kind: wire.KindPolicy, Payload: delta(t, 3, 4).Payload, Signature: delta(t, 3, 4).Signature}, "signature is not the back end's"},
	}
	if len(cases) < 5 {
		t.Fatal("cases are missing")
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFaulty()
			f.policy = serve(func(after uint64) []wire.Envelope {
				if after == 0 {
					return []wire.Envelope{good}
				}
				return []wire.Envelope{c.envelope}
			})
			_, e := start(t, f)
			until(t, "a receipt with the fault", func() bool { r, _ := f.lastReceipt(); return strings.Contains(r.Fault, c.says) })
			if r, _ := f.lastReceipt(); r.Revision != 3 || e.at() != 3 {
				t.Errorf("in force: %d, receipt of %d", e.at(), r.Revision)
			}
		})
	}
}

func TestDeltaThatDoesNotFitAsksForTheWhole(t *testing.T) {
	f := newFaulty()
	first, stray, all := whole(t, 3), delta(t, 5, 6), whole(t, 6)
	asked := 0
	f.policy = func(after uint64) ([]wire.Envelope, error) {
		asked++
		switch {
		case asked == 1:
			return []wire.Envelope{first}, nil
		case after == 3:
			return []wire.Envelope{stray}, nil
		case after == 0:
			return []wire.Envelope{all}, nil
		}
		return nil, nil
	}
	_, e := start(t, f)
	until(t, "the whole policy", func() bool { return e.at() == 6 })
}

func TestPolicyIsKeptOverARestart(t *testing.T) {
	dir := t.TempDir()
	f := newFaulty()
	first, second := whole(t, 7), delta(t, 7, 8)
	f.policy = serve(func(after uint64) []wire.Envelope {
		switch after {
		case 0:
			return []wire.Envelope{first}
		case 7:
			return []wire.Envelope{second}
		}
		return nil
	})
	t.Run("first life", func(t *testing.T) {
		_, e := start(t, f, func(o *Options) { o.Dir = dir })
		until(t, "revision 8", func() bool { return e.at() == 8 })
	})
	t.Run("restarted while the back end is away", func(t *testing.T) {
		_, e := start(t, newFaulty(), func(o *Options) { o.Dir = dir })
		if e.at() != 8 || e.bans != 1 { // at once: before any answer
			t.Errorf("in force: %d with %d bans", e.at(), e.bans)
		}
	})
	t.Run("restarted after a crash in the middle of a line", func(t *testing.T) {
		path := filepath.Join(dir, "policy.jsonl")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b[:len(b)-20], 0o600); err != nil {
			t.Fatal(err)
		}
		_, e := start(t, newFaulty(), func(o *Options) { o.Dir = dir })
		if e.at() != 7 {
			t.Errorf("in force: %d", e.at())
		}
	})
	t.Run("restarted with a file that somebody changed", func(t *testing.T) {
		path := filepath.Join(dir, "policy.jsonl")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(b), `"payload":"e`, `"payload":"f`, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, e := start(t, newFaulty(), func(o *Options) { o.Dir = dir })
		if e.at() != 0 {
			t.Errorf("a changed file is in force: %d", e.at())
		}
	})
}

func TestEventsArriveOnceThoughTheBackEndWasAway(t *testing.T) {
	dir := t.TempDir()
	f := newFaulty()
	f.events = func(wire.Batch) error { return errors.New("away") }
	const n = 5000
	t.Run("while away", func(t *testing.T) {
		l, _ := start(t, f, func(o *Options) { o.Dir, o.Queue = dir, 1024 })
		for i := range n {
			for l.q.len() > 900 { // a request would lose it; this test is about those that were taken
				time.Sleep(time.Millisecond)
			}
			l.Record(&wire.Event{Path: "/" + string(rune('a'+i%26))})
		}
		if l.Dropped() != 0 {
			t.Fatalf("%d dropped", l.Dropped())
		}
	})
	f.set(func(f *faulty) { f.events = nil })
	t.Run("after a restart", func(t *testing.T) {
		start(t, f, func(o *Options) { o.Dir, o.Queue = dir, 1024 })
		until(t, "all events", func() bool { got, _ := f.received(); return got >= n })
	})
	got, seqs := f.received()
	if got != n || len(seqs) != n {
		t.Errorf("%d events of %d sequences, want %d", got, len(seqs), n)
	}
}

func TestSpoolIsBoundedAndCounts(t *testing.T) {
	f := newFaulty()
	f.events = func(wire.Batch) error { return errors.New("away") }
	dir := t.TempDir()
	l, _ := start(t, f, func(o *Options) { o.Dir, o.Queue, o.Spool = dir, 512, 4<<10 })
	sent := 0
	until(t, "drops", func() bool {
		for range 100 {
			l.Record(&wire.Event{Path: "/x", Agent: strings.Repeat("y", 200)})
			sent++
		}
		return l.spool.dropped.Load() > 0
	})
	size := int64(0)
	entries, err := os.ReadDir(filepath.Join(dir, "spool"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil {
			size += info.Size()
		}
	}
	if size > 16<<10 {
		t.Errorf("the spool holds %d bytes", size)
	}
}

func TestRejectedBatchIsCountedAndNotSentForEver(t *testing.T) {
	f := newFaulty()
	f.events = func(b wire.Batch) error {
		if b.Events[0].Path == "/bad" {
			return ErrRejected
		}
		return nil
	}
	l, _ := start(t, f)
	l.Record(&wire.Event{Path: "/bad"})
	until(t, "the loss is counted", func() bool { return l.Dropped() == 1 })
	l.Record(&wire.Event{Path: "/good"})
	until(t, "the next one", func() bool { n, _ := f.received(); return n == 1 })
}

func TestQueueNeverBlocks(t *testing.T) {
	q := newQueue(64)
	for range 1000 {
		q.put(&wire.Event{Path: "/x"})
	}
	if q.lost.Load() != 1000-64 {
		t.Errorf("lost %d", q.lost.Load())
	}
	into := make([]wire.Event, 100)
	if n := q.take(into); n != 64 {
		t.Errorf("took %d", n)
	}
	q.put(&wire.Event{Path: "/y"})
	if n := q.take(into); n != 1 || into[0].Path != "/y" {
		t.Errorf("took %d: %q", n, into[0].Path)
	}
}

func TestAway(t *testing.T) {
	f := newFaulty()
	now := time.Now()
	l, _ := start(t, f)
	until(t, "the first failure", func() bool { return l.failing.Load() })
	if l.Away(now) {
		t.Error("away at once")
	}
	if !l.Away(now.Add(time.Minute)) {
		t.Error("not away after a minute of silence")
	}
	p := whole(t, 1)
	f.set(func(f *faulty) {
		f.policy = serve(func(after uint64) []wire.Envelope {
			if after == 0 {
				return []wire.Envelope{p}
			}
			return nil
		})
	})
	until(t, "an answer", func() bool { return !l.failing.Load() })
	if l.Away(time.Now().Add(time.Minute)) {
		t.Error("still away")
	}
}

func TestNetworkListsAreFetchedOnceAndKept(t *testing.T) {
	dir := t.TempDir()
	list := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	p := whole(t, 1, func(p *wire.Policy) {
		p.Networks = []wire.Network{{Name: "cloud/x", Kind: "cloud", Checksum: "c1"}, {Name: "cloud/y", Kind: "cloud", Checksum: "c2"}}
	})
	answer := serve(func(after uint64) []wire.Envelope {
		if after == 0 {
			return []wire.Envelope{p}
		}
		return nil
	})
	f := newFaulty()
	asked := map[string]int{}
	f.policy = answer
	f.network = func(sum string) ([]netip.Prefix, error) {
		asked[sum]++
		if sum == "c1" {
			return list, nil
		}
		return nil, errors.New("gone")
	}
	t.Run("first life", func(t *testing.T) {
		_, e := start(t, f, func(o *Options) { o.Dir = dir })
		until(t, "the policy", func() bool { return e.at() == 1 })
		if len(e.lists) != 1 || e.lists[0].Name != "cloud/x" { // one that cannot be had is left out
			t.Errorf("lists: %v", e.lists)
		}
	})
	t.Run("second life, back end away", func(t *testing.T) {
		_, e := start(t, newFaulty(), func(o *Options) { o.Dir = dir })
		if len(e.lists) != 1 || len(e.lists[0].Prefixes) != 1 {
			t.Errorf("lists: %v", e.lists)
		}
	})
	if asked["c1"] != 1 {
		t.Errorf("asked %d times", asked["c1"])
	}
}
