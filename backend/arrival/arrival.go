// Package arrival tells how a request came to the back end: from whose address, and over TLS or not, where proxies stand in
// front of it. They are believed by the rules that guards have for sites, so that everything behind (limits at the door, the
// list of sessions, the audit log, appeals, and which addresses no ban may hold) sees the person and not the proxy.
package arrival

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"

	"palisade.dev/guard/identity"
)

// Header is the one that proxies set unless another is named.
const Header = "X-Forwarded-For"

// Front knows the proxies. The zero value knows none, and believes nobody.
type Front struct{ proxies *identity.Proxies }

// Behind reads the trusted prefixes, or "loopback" and "private", and the one header that those proxies set.
func Behind(trusted []string, header string) (Front, error) {
	if len(trusted) == 0 {
		if header != "" {
			return Front{}, fmt.Errorf("header %q without proxies: nobody is believed to set it; say which addresses they have", header)
		}
		return Front{}, nil
	}
	if header == "" {
		header = Header
	}
	p, err := identity.NewProxies(trusted, header)
	return Front{p}, err
}

// Arrival is how a request came.
type Arrival struct {
	Peer   netip.Addr // who is connected to us
	Client netip.Addr // who asks: the peer, or whom a trusted proxy names
	Secure bool       // the browser speaks TLS, to us or to a trusted proxy
}

type key struct{}

// Of gives how a request came. One that passed no Front came from its peer.
func Of(r *http.Request) Arrival {
	if a, ok := r.Context().Value(key{}).(Arrival); ok {
		return a
	}
	peer := identity.Peer(r.RemoteAddr)
	return Arrival{peer, peer, r.TLS != nil}
}

// Handler notes how each request came. What follows finds the client's address in RemoteAddr, where everybody looks for it,
// without its port: that one is the proxy's.
func (f Front) Handler(next http.Handler) http.Handler {
	if f.proxies == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := identity.Peer(r.RemoteAddr)
		if f.proxies.Trusts(peer) {
			a := Arrival{Peer: peer, Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"}
			a.Client, _ = f.proxies.Client(peer, r.Header)
			r = r.WithContext(context.WithValue(r.Context(), key{}, a))
			r.RemoteAddr = netip.AddrPortFrom(a.Client, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}
