package event

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"palisade.dev/guard/wire"
)

// meets is the slow twin of a query: one event, field by field.
func meets(q Query, e wire.Event) bool {
	if !q.From.IsZero() && e.At < q.From.UnixMicro() || !q.To.IsZero() && e.At >= q.To.UnixMicro() {
		return false
	}
	for _, w := range [][2]string{
		{q.Key, e.Key},
		{q.Certificate, e.Certificate},
		{q.Fingerprint, e.Fingerprint},
		{q.Route, e.Route},
		{q.Action, e.Action},
		{q.Reason, e.Reason},
		{q.Kind, e.Kind},
		{q.Session, e.Session},
		{q.Host, e.Host},
		{q.Address, e.Address.String()},
	} {
		if w[0] != "" && w[0] != w[1] {
			return false
		}
	}
	if q.Account != "" && q.Account != e.Account && !slices.ContainsFunc(e.Outcomes, func(o wire.Outcome) bool { return o.Subject == q.Account }) {
		return false
	}
	if q.Rule != "" && q.Rule != e.Rule && !slices.Contains(e.Marks, q.Rule) {
		return false
	}
	if q.Outcome != "" && !slices.ContainsFunc(e.Outcomes, func(o wire.Outcome) bool { return o.Name() == q.Outcome }) {
		return false
	}
	if p, err := netip.ParsePrefix(q.Network); err == nil {
		if !p.Contains(e.Address) {
			return false
		}
	} else if q.Network != "" && !slices.Contains(e.Networks, q.Network) {
		return false
	}
	if q.Status != "" && q.Status != fmt.Sprint(e.Status) && q.Status != fmt.Sprintf("%dxx", e.Status/100) {
		return false
	}
	text := strings.ToLower(e.Path + "\n" + e.Agent + "\n" + e.Account + "\n" + e.Host + "\n" + e.Address.String())
	return strings.Contains(text, strings.ToLower(q.Text))
}

// ask makes a query about a random event, by one to three of what it has.
func ask(chance *rand.Rand, events []wire.Event) Query {
	q := Query{Site: "shop", Limit: 50 + chance.IntN(300)}
	e := events[chance.IntN(len(events))]
	for range 1 + chance.IntN(3) {
		switch chance.IntN(19) {
		case 0, 1:
			q.Address = e.Address.String()
		case 2:
			q.Network = Block(e.Address).String()
		case 3:
			p, _ := e.Address.Prefix(8 + chance.IntN(24))
			q.Network = p.String()
		case 4:
			q.Network = "tor"
		case 5:
			q.Account = e.Account
		case 6:
			q.Key = e.Key
		case 7:
			q.Fingerprint = e.Fingerprint
		case 8:
			q.Route = e.Route
		case 9:
			q.Status = fmt.Sprint(e.Status)
		case 10:
			q.Status = "4xx"
		case 11:
			q.Action = e.Action
		case 12:
			q.Rule = []string{"draft-rule", "search-flood", "nothing"}[chance.IntN(3)]
		case 13:
			q.Outcome = "login.failed"
		case 14:
			q.Text = []string{"users/LOG", "chrome/117", "user-1", "example", "nowhere"}[chance.IntN(5)]
		case 15:
			q.From = time.UnixMicro(e.At)
		case 16:
			q.To = time.UnixMicro(e.At)
		case 17:
			q.Kind, q.Session = e.Kind, e.Session
		case 18:
			if len(e.Outcomes) > 0 {
				q.Account = e.Outcomes[0].Subject
			}
		}
	}
	return q
}

func TestSearchFindsWhatALinearScanFinds(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		b.now = noon.Add(72 * time.Hour)
		chance := rand.New(rand.NewPCG(3, 3))
		events := newTraffic(7, 35*time.Second).take(6_000) // over two days and a half
		var parts [][]wire.Event
		for rest := events; len(rest) > 0; {
			n := min(1+chance.IntN(700), len(rest))
			parts = append(parts, rest[:n])
			rest = rest[n:]
		}
		for i := range len(parts) - 3 { // some are late
			if chance.IntN(4) == 0 {
				parts[i], parts[i+3] = parts[i+3], parts[i]
			}
		}
		for _, part := range parts {
			b.take(t, "g1", slices.Clone(part))
		}
		asked, hit := 0, 0
		for range 80 {
			q := ask(chance, events)
			want := map[uint64]wire.Event{}
			for _, e := range events {
				if meets(q, e) {
					want[e.Seq] = e
				}
			}
			got := map[uint64]wire.Event{}
			asked++
			page := q
			for pages := 0; ; pages++ {
				p, err := b.Find(t.Context(), page)
				if err != nil {
					t.Fatal(err)
				}
				if len(p.Events) > q.Limit || p.Scanned > maxScan {
					t.Fatalf("a page of %d events read %d segments", len(p.Events), p.Scanned)
				}
				if !slices.IsSortedFunc(p.Events, func(a, b wire.Event) int { return int(b.At - a.At) }) {
					t.Fatalf("a page of %+v is not newest first", q)
				}
				for _, e := range p.Events {
					if _, twice := got[e.Seq]; twice {
						t.Fatalf("%+v gave event %d twice", q, e.Seq)
					}
					got[e.Seq] = e
				}
				if page.Cursor = p.Next; p.Next == "" {
					break
				}
				if pages > 20_000 {
					t.Fatalf("%+v does not come to an end", q)
				}
			}
			hit += len(got)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v gave %d events, want %d", q, len(got), len(want))
			}
			var exported []wire.Event
			if err := b.Export(t.Context(), q, func(e wire.Event) error { exported = append(exported, e); return nil }); err != nil {
				t.Fatal(err)
			}
			if len(exported) != len(want) || !slices.IsSortedFunc(exported, func(a, b wire.Event) int { return int(a.At - b.At) }) {
				t.Errorf("%+v exported %d events, want %d in order", q, len(exported), len(want))
			}
		}
		if asked < 80 || hit < 5_000 {
			t.Fatalf("%d queries found %d events: this tests nothing", asked, hit)
		}
	})
}

func TestAPageStaysWhereItWasWhileEventsCome(t *testing.T) {
	b := newBench(t, newMemory())
	traffic := newTraffic(1, time.Millisecond)
	b.take(t, "g", traffic.take(500))
	q := Query{Site: "shop", Limit: 100}
	seen := map[uint64]bool{}
	for page := range 5 {
		p, err := b.Find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Events {
			seen[e.Seq] = true
		}
		if len(p.Events) != 100 {
			t.Fatalf("page %d has %d events", page, len(p.Events))
		}
		q.Cursor = p.Next
		b.take(t, "g", traffic.take(1000)) // more, into the same segment and new ones
	}
	for seq := uint64(1); seq <= 500; seq++ {
		if !seen[seq] {
			t.Fatalf("event %d was stepped over", seq)
		}
	}
}

func TestASearchReadsOnlySegmentsThatHaveTheTerm(t *testing.T) {
	m := newMemory()
	b := newBench(t, m)
	traffic := newTraffic(1, 10*time.Microsecond)
	for i := range 30 {
		events := traffic.take(MaxSegment)
		if i%10 == 0 {
			events[5].Account = "rare"
		}
		b.take(t, "g", events)
	}
	for q, want := range map[Query]int{
		{Account: "rare"}: 3, {Account: "rare", Action: "allow"}: 3, {Action: "allow", Limit: 10}: 1, {Account: "nobody"}: 0,
		{Network: "192.0.2.0/24", Text: "x"}: 0,
	} {
		q.Site = "shop"
		m.bodies = 0
		p, err := b.Find(t.Context(), q)
		if err != nil || p.Scanned != want || m.bodies != want {
			t.Errorf("%+v read %d segments, %v; want %d", q, m.bodies, err, want)
		}
	}
	p, err := b.Find(t.Context(), Query{Site: "shop", Text: "no such text"})
	if err != nil || p.Scanned != 30 || p.Next != "" {
		t.Errorf("a text in all segments: %+v, %v", p, err)
	}
}

func TestQueriesThatMakeNoSenseAreNamed(t *testing.T) {
	b := newBench(t, newMemory())
	cases := map[string]Query{
		`address "here" is none`:      {Address: "here"},
		`outcome "login": write`:      {Outcome: "login"},
		`status "9xx": write`:         {Status: "9xx"},
		`status "40 ": write`:         {Status: "40 "},
		`cursor "1.2" is not`:         {Cursor: "1.2"},
		`cursor "1.2.-3" is not`:      {Cursor: "1.2.-3"},
		`cursor "1.2.3 or" is not`:    {Cursor: "1.2.3 or"},
		`cursor "99999999999.1.1" is`: {Cursor: "99999999999.1.1"},
	}
	for want, q := range cases {
		_, err := b.Find(t.Context(), q)
		if !errors.Is(err, ErrQuery) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want words %q", q, err, want)
		}
	}
	if len(cases) < 8 {
		t.Fatal("cases are missing")
	}
	if _, err := b.Client(t.Context(), "shop", Subject{"shoe", "x"}, noon); !errors.Is(err, ErrQuery) {
		t.Errorf("a client by shoe: %v", err)
	}
	if _, err := b.Summary(t.Context(), "shop", noon, noon, 0); !errors.Is(err, ErrSpan) {
		t.Errorf("a summary of no time: %v", err)
	}
}

func FuzzCursor(f *testing.F) {
	seeds := []string{"", "1.2.3", "-1.-2.0", "20781.14338000000000000.4095", "1.2", "a"}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 6 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, word string) {
		c, err := parseCursor(word)
		if err == nil && word != "" && c.String() != word {
			t.Errorf("%q was taken for %v", word, c)
		}
	})
}

func TestExportStopsWhenToldTo(t *testing.T) {
	b := newBench(t, newMemory())
	b.take(t, "g", newTraffic(1, time.Millisecond).take(100))
	stop, n := errors.New("enough"), 0
	err := b.Export(t.Context(), Query{Site: "shop"}, func(wire.Event) error {
		if n++; n == 10 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 10 {
		t.Errorf("%v after %d events", err, n)
	}
}

func TestWhatIsKnownOfAClient(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		home, cafe := netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("198.51.100.7")
		var events []wire.Event
		add := func(minutes int, address netip.Addr, account, action, rule string, outcomes ...wire.Outcome) {
			events = append(events, wire.Event{
				Seq: uint64(len(events) + 1), At: noon.Add(time.Duration(minutes) * time.Minute).UnixMicro(), Address: address,
				Account: account, Action: action, Rule: rule, Outcomes: outcomes, Path: "/", Method: "GET",
			})
		}
		login := func(result, account string) wire.Outcome {
			return wire.Outcome{Kind: "login", Result: result, Subject: account}
		}
		add(-9*24*60, home, "", "allow", "", login("ok", "ann")) // too old for the sign-ins
		add(-60, home, "", "allow", "", login("failed", "ann"))
		add(-59, home, "", "allow", "", login("ok", "ann"))
		add(-50, home, "ann", "allow", "")
		add(-40, cafe, "ann", "throttle", "search-flood")
		add(-30, cafe, "bob", "allow", "")
		add(-20, cafe, "", "allow", "", login("failed", "eve"))
		b.take(t, "g", events)
		b.take(t, "h", newTraffic(1, time.Millisecond).take(500))

		ann, err := b.Client(t.Context(), "shop", Subject{"account", "ann"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if ann.Requests != 5 || ann.Bounded || !ann.First.Equal(noon.Add(-9*24*time.Hour)) || !ann.Last.Equal(noon.Add(-40*time.Minute)) {
			t.Errorf("ann: %d requests from %s to %s", ann.Requests, ann.First, ann.Last)
		}
		if want := []SignIns{{"ann", 1, 1, noon.Add(-59 * time.Minute)}}; !reflect.DeepEqual(ann.SignIns, want) {
			t.Errorf("ann signed in %v, want %v", ann.SignIns, want)
		}
		if !slices.Equal(ann.Others, []string{"bob", "eve"}) || len(ann.Used) != 2 || ann.Used[0] != (Entry{home.String(), 4, 0}) {
			t.Errorf("beside ann: %v, on %v", ann.Others, ann.Used)
		}
		if ann.Actions["throttle"] != 1 || ann.Actions["allow"] != 4 || ann.Rules["search-flood"] != 1 || len(ann.Events) != 5 {
			t.Errorf("ann: %v, %v, %d events", ann.Actions, ann.Rules, len(ann.Events))
		}
		if line := ann.Timeline; len(line) != 1 || !line[0].Start.Equal(noon.Add(-time.Hour)) || line[0].Requests != 4 || line[0].Actions["throttle"] != 1 {
			t.Errorf("ann over the last week, by the hour: %+v", line)
		}
		at, err := b.Client(t.Context(), "shop", Subject{"network", "198.51.100.0/24"}, noon)
		if err != nil || at.Requests != 3 || len(at.Accounts) != 3 || len(at.SignIns) != 1 || at.SignIns[0].Failed != 1 {
			t.Errorf("the café: %+v, %v", at, err)
		}
		none, err := b.Client(t.Context(), "shop", Subject{"api_key", "0123"}, noon)
		if err != nil || none.Requests != 0 || !none.First.IsZero() {
			t.Errorf("nobody: %+v, %v", none, err)
		}

		in, err := b.SignedIn(t.Context(), "shop", noon.Add(-2*time.Hour), noon, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range []struct {
			address netip.Addr
			account string
			minutes int
			want    bool
		}{
			{home, "ann", -50, true},
			{home, "", 1, true},
			{home, "", 2, false},
			{home, "bob", -50, false},
			{cafe, "ann", -50, false},
			{home, "ann", -119, true},
			{home, "ann", -120, false},
		} {
			if got := in.Near(k.address, k.account, noon.Add(time.Duration(k.minutes)*time.Minute).UnixMicro()); got != k.want {
				t.Errorf("case %d: signed in near: %v", i, got)
			}
		}
	})
}

func TestALookAtABusyClientIsBoundedAndSaysSo(t *testing.T) {
	m := newMemory()
	b := newBench(t, m)
	traffic := newTraffic(1, 100*time.Microsecond)
	for range maxScan + 10 {
		events := traffic.take(64)
		events[3].Fingerprint = "busy"
		b.take(t, "g", events)
		if err := b.Close(context.Background()); err != nil { // a segment each
			t.Fatal(err)
		}
	}
	c, err := b.Client(t.Context(), "shop", Subject{"fingerprint", "busy"}, noon)
	if err != nil || !c.Bounded || c.Segments != maxScan || c.Requests != maxScan || len(c.Events) != clientEvents {
		t.Errorf("%d requests of %d segments, bounded %v, %v", c.Requests, c.Segments, c.Bounded, err)
	}
}
