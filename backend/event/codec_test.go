package event

import (
	"bytes"
	"encoding/json"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"palisade.dev/guard/wire"
)

func codec(t testing.TB) *Codec {
	t.Helper()
	c, err := NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatIsPackedComesBack(t *testing.T) {
	c := codec(t)
	odd := []wire.Event{
		{},
		{Seq: math.MaxUint64, At: math.MinInt64, Duration: -1, Bytes: math.MaxInt64, Status: 999, Revision: math.MaxUint64, Alert: true},
		{At: math.MaxInt64, Path: strings.Repeat("ä", 250), Agent: "\x00\xff", Networks: []string{"", "x"}, Marks: []string{"m"}},
		{Address: netip.MustParseAddr("::ffff:192.0.2.1"), Peer: netip.MustParseAddr("::")},
		{Ban: &wire.BanOrder{}, Outcomes: []wire.Outcome{{}, {Kind: "login", Result: "ok"}}},
	}
	for name, events := range map[string][]wire.Event{
		"none": nil, "one": newTraffic(1, time.Millisecond).take(1), "full": newTraffic(1, time.Millisecond).take(MaxSegment), "odd": odd,
	} {
		body, err := c.Encode(events)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := c.Decode(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, events) {
			t.Errorf("%s: %d events came back otherwise than they went in", name, len(events))
		}
	}
}

func TestFramesAreReadAsOne(t *testing.T) {
	c := codec(t)
	events := newTraffic(2, time.Millisecond).take(1000)
	var body []byte
	for _, part := range [][]wire.Event{events[:1], events[1:400], events[400:]} {
		frame, err := c.Encode(part)
		if err != nil {
			t.Fatal(err)
		}
		body = append(body, frame...)
	}
	got, err := c.Decode(body)
	if err != nil || !reflect.DeepEqual(got, events) {
		t.Fatalf("three frames came back as %d events, %v", len(got), err)
	}
}

func TestBrokenSegmentsAreNamed(t *testing.T) {
	c := codec(t)
	good, err := c.Encode(newTraffic(3, time.Millisecond).take(10))
	if err != nil {
		t.Fatal(err)
	}
	pack := func(raw []byte) []byte {
		frame := c.pack.EncodeAll(raw, []byte{version, 0, 0, 0, 0})
		frame[1], frame[2], frame[3] = byte(len(frame)-5), byte((len(frame)-5)>>8), byte((len(frame)-5)>>16)
		return frame
	}
	full, err := c.Encode(newTraffic(3, time.Millisecond).take(MaxSegment))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		body []byte
		want string
	}{
		{"another format", []byte{9, 0, 0, 0, 0}, "format 9 is not known"},
		{"no length", good[:3], "end too early"},
		{"cut", good[:len(good)-1], "end too early"},
		{"not compressed", []byte{version, 2, 0, 0, 0, 'h', 'i'}, "unpacking"},
		{"empty", pack(nil), "end too early"},
		{"too many", pack([]byte{0xff, 0xff, 0x03}), "count of events is 65535, more than 4096"},
		{"no entries", pack([]byte{1, 0}), "no entries"},
		{"more entries than events", pack([]byte{1, 2}), "dictionary size of column 0 is 2, more than 1"},
		{"index out of range", pack([]byte{2, 2, 0, 0, 7, 7}), "points to entry 7 of 2"},
		{"larger than a segment may be", pack(make([]byte, maxRaw+1)), "unpacking"},
		{"one too many", append(bytes.Clone(full), good...), "more than 4096 events"},
	}
	for _, k := range cases {
		_, err := c.Decode(k.body)
		if err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: got %v, want words %q", k.name, err, k.want)
		}
	}
	if len(cases) < 11 {
		t.Fatalf("only %d cases", len(cases))
	}
	if _, err := c.Encode(make([]wire.Event, MaxSegment+1)); err == nil {
		t.Error("a segment took one event too many")
	}
	if _, err := c.Encode([]wire.Event{{Marks: make([]string, maxList+1)}}); err == nil {
		t.Error("a list longer than Decode reads was packed")
	}
}

func TestEveryFlippedByteIsSafe(t *testing.T) {
	c := codec(t)
	good, err := c.Encode(newTraffic(4, time.Millisecond).take(50))
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x41
		if got, err := c.Decode(bad); err == nil && len(got) > 0 {
			t.Fatalf("byte %d was changed and nobody noticed", i)
		}
	}
}

func FuzzDecode(f *testing.F) {
	c := codec(f)
	seeds := 0
	for _, n := range []int{0, 1, 3, 300} {
		body, err := c.Encode(newTraffic(uint64(n), time.Millisecond).take(n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, false)
		b := newBuilder()
		b.add(newTraffic(uint64(n), time.Millisecond).take(n))
		f.Add(bytes.Clone(b.bytes()), true)
		seeds += 2
	}
	if seeds < 8 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, body []byte, raw bool) {
		if raw { // past the checksum, where a fuzzer would never come by itself
			if len(body) > 1<<16 {
				return
			}
			packed := c.pack.EncodeAll(body, []byte{version, 0, 0, 0, 0})
			packed[1], packed[2], packed[3] = byte(len(packed)-5), byte((len(packed)-5)>>8), byte((len(packed)-5)>>16)
			body = packed
		}
		events, err := c.Decode(body)
		if err != nil {
			return
		}
		again, err := c.Encode(events)
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		back, err := c.Decode(again)
		if err != nil || !reflect.DeepEqual(back, events) {
			t.Fatalf("what was decoded changes when it is packed again: %v", err)
		}
	})
}

func FuzzEncode(f *testing.F) {
	c := codec(f)
	f.Add(uint64(1), int64(2), "/a", "agent", "account", []byte{1, 2, 3, 4}, int64(5))
	f.Add(uint64(math.MaxUint64), int64(math.MinInt64), "", "\xff", "a\x00", make([]byte, 16), int64(-1))
	f.Fuzz(func(t *testing.T, seq uint64, at int64, path, agent, account string, address []byte, size int64) {
		e := wire.Event{Seq: seq, At: at, Path: path, Agent: agent, Account: account, Bytes: size, Networks: []string{path, agent}}
		e.Address, _ = netip.AddrFromSlice(address)
		if e.Outcomes = []wire.Outcome{{Kind: account, Subject: path}}; size < 0 {
			e.Ban = &wire.BanOrder{Subject: agent, Seconds: size}
		}
		events := []wire.Event{e, {Path: agent}, e}
		body, err := c.Encode(events)
		if err != nil {
			return
		}
		got, err := c.Decode(body)
		if err != nil || !reflect.DeepEqual(got, events) {
			t.Fatalf("%+v came back as %+v, %v", events, got, err)
		}
	})
}

// The slow twin of terms: one event at a time.
func TestTermsOfASegmentAreThoseOfItsEvents(t *testing.T) {
	c := codec(t)
	events := newTraffic(5, time.Millisecond).take(2000)
	terms := func(events ...wire.Event) []int64 {
		body, err := c.Encode(events)
		if err != nil {
			t.Fatal(err)
		}
		terms, err := c.terms(body)
		if err != nil {
			t.Fatal(err)
		}
		return terms
	}
	got := terms(events...)
	have, want := map[int64]bool{}, map[int64]bool{}
	for _, term := range got {
		have[term] = true
	}
	for _, e := range events {
		for _, term := range terms(e) {
			want[term] = true
		}
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("a segment has %d terms, its events %d", len(have), len(want))
	}
	e := wire.Event{
		Address: netip.MustParseAddr("192.0.2.7"), Host: "h", Route: "r", Kind: "k", Fingerprint: "f", Account: "a", Key: "y",
		Certificate: "c", Session: "s", Action: "block", Rule: "u", Reason: "z", Status: 403, Networks: []string{"tor"},
		Marks: []string{"m"}, Outcomes: []wire.Outcome{{Kind: "login", Result: "failed", Subject: "eve"}},
	}
	all := []int64{
		addressTerm(e.Address), hash(byNetwork, "192.0.2.0/24"), hash(byNetwork, "tor"), hash(byHost, "h"), hash(byRoute, "r"),
		hash(byKind, "k"), hash(byFingerprint, "f"), hash(byAccount, "a"), hash(byKey, "y"), hash(byCertificate, "c"),
		hash(bySession, "s"), hash(byAction, "block"), hash(byRule, "u"), hash(byRule, "m"), hash(byReason, "z"),
		statusTerm(403), hash(byOutcome, "login.failed"), hash(byAccount, "eve"),
	}
	set := map[int64]bool{}
	for _, term := range terms(e) {
		set[term] = true
	}
	for i, term := range all {
		if !set[term] {
			t.Errorf("term %d is missing", i)
		}
	}
	if len(set) != len(all) || len(all) != 18 {
		t.Errorf("the event has %d terms, want %d", len(set), len(all))
	}
}

// Stored hashes must not change with a new version of the program.
func TestHashesStay(t *testing.T) {
	if got := hash(byAddress, "x"); got != hash(byAddress, []byte("x")) || got != -8156889938301531963 {
		t.Errorf("hash(address, x) = %d; what is stored would no longer be found", got)
	}
}

func BenchmarkEncode(b *testing.B) {
	c := codec(b)
	for _, n := range []int{500, MaxSegment} {
		events := newTraffic(1, time.Millisecond).take(n)
		b.Run(map[int]string{500: "500", MaxSegment: "4096"}[n], func(b *testing.B) {
			size := 0
			b.ReportAllocs()
			for b.Loop() {
				body, err := c.Encode(events)
				if err != nil {
					b.Fatal(err)
				}
				size = len(body)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
			b.ReportMetric(float64(size)/float64(n), "B/event")
		})
	}
}

func BenchmarkEncodeJSONLines(b *testing.B) {
	events := newTraffic(1, time.Millisecond).take(MaxSegment)
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for b.Loop() {
		var lines bytes.Buffer
		encoder := json.NewEncoder(&lines)
		for i := range events {
			if err := encoder.Encode(&events[i]); err != nil {
				b.Fatal(err)
			}
		}
		size = len(pack.EncodeAll(lines.Bytes(), nil))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
	b.ReportMetric(float64(size)/float64(len(events)), "B/event")
}

func BenchmarkDecode(b *testing.B) {
	c := codec(b)
	body, err := c.Encode(newTraffic(1, time.Millisecond).take(MaxSegment))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*MaxSegment), "ns/event")
}
