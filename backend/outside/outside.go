// Package outside makes the HTTP clients that ask machines which somebody named: the sources of network lists, the receivers
// of alerts. A client asks about each address it is about to connect to, after names were resolved, so that neither a name
// that points inwards nor a redirect leads it into the operator's own network; and it waits for nobody for ever.
package outside

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Options of a client. All times must be given.
type Options struct {
	Allowed   func(netip.Addr) error // says why an address must not be connected to
	Roots     *x509.CertPool         // nil is the system's
	Connect   time.Duration          // to make a connection; as long again for TLS
	Header    time.Duration          // to begin an answer
	Whole     time.Duration          // for all of it, redirects included
	MaxHeader int64                  // bytes
	Idle      int                    // connections kept
	// Redirect says whether one is followed, as [http.Client.CheckRedirect] does; nil follows none.
	Redirect func(*http.Request, []*http.Request) error
}

// Client makes a client. It uses no proxy: behind one, nobody could tell where a request ends.
func Client(o Options) *http.Client {
	dialer := &net.Dialer{
		Timeout: o.Connect,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return o.Allowed(ap.Addr().Unmap().WithZone(""))
		},
	}
	if o.Redirect == nil {
		o.Redirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return &http.Client{
		Timeout: o.Whole,
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    o.Connect,
			ResponseHeaderTimeout:  o.Header,
			MaxResponseHeaderBytes: o.MaxHeader,
			MaxIdleConns:           o.Idle,
			IdleConnTimeout:        10 * time.Second,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: o.Redirect,
	}
}

// Inner are ranges within the operator's own network.
var Inner = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/8", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")

// Nobody are ranges from which no packet comes, which stand for strangers in every manual: documentation, benchmarks,
// ORCHID, 6to4.
var Nobody = prefixes("192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "2001:2::/48",
	"2001:10::/28", "2001:20::/28", "2001:db8::/32", "3fff::/20", "2002::/16")

var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	tunnels = prefixes("192.0.0.0/24", "2001::/32")
)

func prefixes(words ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(words))
	for i, w := range words {
		out[i] = netip.MustParsePrefix(w)
	}
	return out
}

// Within reports whether one of some ranges holds a whole prefix.
func Within(p netip.Prefix, ranges []netip.Prefix) bool {
	for _, r := range ranges {
		if r.Bits() <= p.Bits() && r.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// Public refuses addresses that lead anywhere but into the public internet.
func Public(a netip.Addr) error {
	if nat64.Contains(a) { // a host without IPv4 reaches all of it through here
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	p := netip.PrefixFrom(a, a.BitLen())
	if !a.IsGlobalUnicast() || Within(p, Inner) || Within(p, Nobody) || Within(p, tunnels) {
		return fmt.Errorf("%s is not a public address", a)
	}
	return nil
}
