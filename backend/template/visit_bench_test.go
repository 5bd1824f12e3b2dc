package template

import (
	"io"
	"net/http"
	"net/netip"
	"testing"

	"palisade.dev/backend/network"
	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// BenchmarkVisit is what the guard costs a request with the policy of a new site and the bundled network lists: facts,
// decision, settling and the event, without HTTP or sending.
func BenchmarkVisit(b *testing.B) {
	s, err := Default()
	if err != nil {
		b.Fatal(err)
	}
	p := &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1, Secret: make([]byte, 32)}
	s.Onto(p)
	lists, err := network.Bundled()
	if err != nil {
		b.Fatal(err)
	}
	var at []engine.NetworkList
	for _, l := range lists {
		at = append(at, engine.NetworkList{Name: l.Name, Kind: l.Kind, Checksum: l.Checksum, Prefixes: l.Prefixes})
	}
	g := guard.New(guard.Options{})
	if err := g.Install(p, at); err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequest("GET", "http://shop.example/products/17", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0")
	r.Header.Set("Accept-Language", "en-GB,en;q=0.7")
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	r.Body = io.NopCloser(http.NoBody)
	addresses := make([]netip.Addr, 256)
	for i := range addresses {
		addresses[i] = netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})
	}
	h := http.Header{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v := g.Begin(r, guard.Facts{Peer: addresses[i&255]})
		v.Responding(200, h)
		v.End(200, 512)
	}
}
