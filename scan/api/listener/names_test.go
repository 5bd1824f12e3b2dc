package listener

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const zone = "Oob.Example.Test"

func named(t testing.TB, patience time.Duration) *Listener {
	t.Helper()
	l := start(t, patience)
	if err := l.ServeNames(zone, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return l
}

func resolver(l *Listener, network string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.NamesAt())
	}}
}

func TestNames(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		l := named(t, time.Minute)
		at := l.Named("blind " + network)
		host := strings.TrimPrefix(at[:strings.LastIndexByte(at, ':')], "http://")
		if !strings.HasSuffix(host, ".oob.example.test") || strings.Contains(host, "blind") {
			t.Fatalf("a name of the zone that tells nothing, not %s", host)
		}
		addrs, err := resolver(l, network).LookupHost(t.Context(), strings.ToUpper(host))
		if err != nil || len(addrs) != 1 || addrs[0] != "127.0.0.1" {
			t.Fatalf("%s: %v, %v", network, addrs, err)
		}
		asked := l.Lookups(t.Context(), "blind "+network)
		if len(asked) == 0 || asked[0].From != "127.0.0.1" || asked[0].Path != host {
			t.Errorf("%s: looked up by %+v", network, asked)
		}
		if len(l.tokens[strings.Split(host, ".")[0]].calls) != 0 {
			t.Error("a look-up is no call")
		}
		// Names below a word are its own too: some put a label of theirs in front.
		if _, err := resolver(l, network).LookupHost(t.Context(), "www."+host); err != nil {
			t.Error(err)
		}
		_, err = resolver(l, network).LookupHost(t.Context(), "never-given-out.oob.example.test")
		if err == nil || !strings.Contains(err.Error(), "no such host") {
			t.Errorf("a name that was never given out: %v", err)
		}
		if _, err = resolver(l, network).LookupHost(t.Context(), "example.org"); err == nil {
			t.Error("it answers for others' names")
		}
	}
}

// TestNameLeadsHere follows a name by HTTP to the mark.
func TestNameLeadsHere(t *testing.T) {
	l := named(t, time.Minute)
	c := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Resolver: resolver(l, "udp")}).DialContext}}
	resp, err := c.Get(l.Named("one"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if strings.TrimSpace(string(body)) != l.Mark("one") {
		t.Errorf("it serves %q", body)
	}
}

func TestNoZone(t *testing.T) {
	l := start(t, time.Minute)
	if l.Named("one") != "" || l.NamesAt() != "" {
		t.Error("names without a zone")
	}
	for _, bad := range []string{"", "com", "a b.test", "http://oob.test", strings.Repeat("x.", 200) + "test"} {
		if err := l.ServeNames(bad, "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "delegated to this machine") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := l.ServeNames(zone, "203.0.113.7:53"); err == nil || !strings.Contains(err.Error(), "--listener-dns") {
		t.Errorf("an address that is not ours: %v", err)
	}
}

func question(t testing.TB, name string, kind dnsmessage.Type, change func(*dnsmessage.Message)) []byte {
	t.Helper()
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}}}
	if change != nil {
		change(&m)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzNames sends what anybody could: it never falls over, never answers an answer, and never says much more than it was
// asked.
func FuzzNames(f *testing.F) {
	l := named(f, 0)
	word := strings.TrimPrefix(l.Named("one"), "http://")[:24]
	seeds := [][]byte{
		question(f, word+".oob.example.test.", dnsmessage.TypeA, nil),
		question(f, word+".oob.example.test.", dnsmessage.TypeAAAA, nil),
		question(f, "oob.example.test.", dnsmessage.TypeSOA, nil),
		question(f, "notoob.example.test.", dnsmessage.TypeA, nil),
		question(f, word+".oob.example.test.", dnsmessage.TypeALL, nil),
		question(f, word+".oob.example.test.", dnsmessage.TypeA, func(m *dnsmessage.Message) { m.Response = true }),
		question(f, word+".oob.example.test.", dnsmessage.TypeA, func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS }),
		{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1}, // a name that leads to itself
		nil,
	}
	if len(seeds) != 9 {
		f.Fatalf("%d seeds", len(seeds))
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query []byte) {
		if len(query) > maxQuery {
			return
		}
		reply := l.names.answer(bytes.Clone(query), "192.0.2.1")
		if reply == nil {
			return
		}
		var p dnsmessage.Parser
		h, err := p.Start(reply)
		if err != nil || !h.Response || h.ID != uint16(query[0])<<8|uint16(query[1]) {
			t.Errorf("replied %x: %v", reply, err)
		}
		if len(reply) > len(query)+128 {
			t.Errorf("%d bytes were answered with %d", len(query), len(reply))
		}
	})
}
