// Package forwardauth is the guard for those who have a proxy already: nginx, Caddy, Traefik or HAProxy asks it about
// each request and passes on what it may. It sees the request's head only, and never the app's answer: outcomes need the
// app's word, and rules on statuses the gateway.
//
//	/auth        yes (204), or the refusal as the client is to get it: Caddy, Traefik, HAProxy
//	/auth/nginx  yes, or 403 with the refusal in X-Palisade-* fields, since nginx lets no other status through
//	/refusal     the page for such fields
//	/outcome     the app's word on what came of a request, which /auth?report has wait for it
package forwardauth

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"palisade.dev/guard"
	"palisade.dev/guard/answer"
	"palisade.dev/guard/identity"
)

// Config of the endpoint.
type Config struct {
	Guard   func(host string) *guard.Guard // of the site that serves a host; nil where none does
	Proxies []netip.Prefix                 // who may ask, and report; everybody else is refused
	Log     *slog.Logger
	Now     func() time.Time
}

// Fields by which a proxy tells of the request it asks about, and is told of a refusal.
const (
	methodField    = "X-Forwarded-Method"
	uriField       = "X-Forwarded-Uri"
	hostField      = "X-Forwarded-Host"
	protoField     = "X-Forwarded-Proto"
	forField       = "X-Forwarded-For"
	statusField    = "X-Palisade-Status"
	retryField     = "X-Palisade-Retry-After"
	referenceField = "X-Palisade-Reference"
)

// Endpoint answers proxies, and hears of outcomes from apps.
type Endpoint struct {
	c       Config
	mux     *http.ServeMux
	pending *pending
	warned  atomic.Int64 // unix seconds of the last warning
}

// New makes the endpoint. Where apps report, let it Run too.
func New(c Config) *Endpoint {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	e := &Endpoint{c: c, mux: http.NewServeMux(), pending: newPending()}
	e.mux.HandleFunc("/auth", func(w http.ResponseWriter, r *http.Request) { e.judge(w, r, whole) })
	e.mux.HandleFunc("/auth/nginx", func(w http.ResponseWriter, r *http.Request) { e.judge(w, r, inFields) })
	e.mux.HandleFunc("/refusal", e.refusal)
	e.mux.HandleFunc("POST /outcome", e.outcome)
	return e
}

// ServeHTTP makes it a handler.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.mux.ServeHTTP(w, r) }

// judge answers for one request that a proxy holds.
func (e *Endpoint) judge(w http.ResponseWriter, r *http.Request, tell teller) {
	if !e.trusts(r) {
		e.warn("a stranger asked the forward-auth endpoint; if it is your proxy, add it to the proxies that may ask", "peer", r.RemoteAddr)
		tell(w, r, answer.Refusal{Status: http.StatusForbidden, Reference: "-"})
		return
	}
	asked, peer, err := about(r)
	if err != nil {
		e.warn("a proxy asks in another way than expected; compare its configuration with the examples", "peer", r.RemoteAddr, "err", err)
		tell(w, r, answer.Refusal{Status: http.StatusBadRequest, Reference: "-"})
		return
	}
	g := e.c.Guard(asked.Host)
	if g == nil {
		tell(w, asked, answer.Refusal{Status: http.StatusNotFound, Reference: "-"})
		return
	}
	v := g.Begin(asked, guard.Facts{Peer: peer})
	status := http.StatusBadGateway // of a panic
	defer func() {
		if v != nil {
			v.End(status, 0)
		}
	}()
	v.Hold(r.Context())
	v.Fields(w.Header())
	if v.Refused() {
		refusal := v.Refusal()
		status = refusal.Status
		tell(w, asked, refusal)
		return
	}
	status = http.StatusNoContent
	if r.URL.Query().Has("report") && changes(asked.Method) {
		w.Header().Set(referenceField, e.pending.hold(v, weight(asked), e.c.Now()))
		v = nil // whoever takes it ends it, perhaps already
	}
	w.WriteHeader(status)
}

func (e *Endpoint) trusts(r *http.Request) bool {
	peer := identity.Peer(r.RemoteAddr)
	for _, p := range e.c.Proxies {
		if p.Contains(peer) {
			return true
		}
	}
	return false
}

// warn says the same thing at most once a minute: a stranger must not fill the log.
func (e *Endpoint) warn(text string, args ...any) {
	now, last := e.c.Now().Unix(), e.warned.Load()
	if now-last >= 60 && e.warned.CompareAndSwap(last, now) {
		e.c.Log.Warn(text, args...)
	}
}

// about builds the request that a proxy asks about, as the guard would have met it at the proxy's place. Its peer is
// the last address that the proxy tells, since the proxy wrote that one itself; what stands before it is left for the
// policy's own proxies to vouch for.
func about(r *http.Request) (*http.Request, netip.Addr, error) {
	var faults []error
	one := func(name, fallback string) string {
		switch v := r.Header[name]; {
		case len(v) == 1 && v[0] != "":
			return v[0]
		case len(v) == 0 && fallback != "":
			return fallback
		}
		faults = append(faults, fmt.Errorf("want %s once", name))
		return ""
	}
	method, uri, host, proto := one(methodField, ""), one(uriField, ""), one(hostField, r.Host), one(protoField, "http")
	hops := strings.Join(r.Header[forField], ",")
	before, last, chained := cutLast(hops)
	peer, err := netip.ParseAddr(strings.TrimSpace(last))
	if err != nil {
		faults = append(faults, fmt.Errorf("want the client's address at the end of %s", forField))
	}
	target, err := url.ParseRequestURI(uri)
	if err != nil && uri != "" {
		faults = append(faults, fmt.Errorf("%s is no request target", uriField))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, netip.Addr{}, err
	}
	asked := r.Clone(r.Context())
	asked.Method, asked.URL, asked.Host, asked.RequestURI = method, target, host, uri
	asked.Body, asked.ContentLength = http.NoBody, 0
	for _, name := range [...]string{methodField, uriField, hostField, statusField, retryField, referenceField} {
		delete(asked.Header, name)
	}
	delete(asked.Header, forField)
	if chained {
		asked.Header.Set(forField, before)
	}
	if asked.TLS = nil; proto == "https" || proto == "wss" {
		asked.TLS = &tls.ConnectionState{} // the proxy's; no certificate of it is believed
	}
	return asked, identity.Clean(peer), nil
}

func cutLast(hops string) (before, last string, chained bool) {
	if i := strings.LastIndexByte(hops, ','); i >= 0 {
		return hops[:i], hops[i+1:], true
	}
	return "", hops, false
}

// teller gives a refusal to a proxy.
type teller func(http.ResponseWriter, *http.Request, answer.Refusal)

// whole gives the refusal as the client is to get it. The field tells it from a failure of ours on the way.
func whole(w http.ResponseWriter, r *http.Request, f answer.Refusal) {
	w.Header().Set(statusField, strconv.Itoa(f.Status))
	answer.Write(w, r, f)
}

// inFields gives what /refusal needs to write the page.
func inFields(w http.ResponseWriter, _ *http.Request, f answer.Refusal) {
	h := w.Header()
	h.Set(statusField, strconv.Itoa(f.Status))
	h.Set(retryField, strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10))
	h.Set(referenceField, f.Reference)
	w.WriteHeader(http.StatusForbidden)
}

// refusal writes the page for fields that inFields set. It decides nothing, so that asking it counts for nothing.
func (e *Endpoint) refusal(w http.ResponseWriter, r *http.Request) {
	f := answer.Refusal{Status: http.StatusForbidden, Reference: "-"}
	if e.trusts(r) {
		if n, err := strconv.Atoi(r.Header.Get(statusField)); err == nil && n >= 400 && n <= 599 {
			f.Status = n
		}
		if n, err := strconv.Atoi(r.Header.Get(retryField)); err == nil && n > 0 && n <= 7*24*3600 {
			f.RetryAfter = time.Duration(n) * time.Second
		}
		if s := r.Header.Get(referenceField); s != "" && len(s) <= 32 {
			f.Reference = s
		}
	}
	answer.Write(w, r, f)
}
