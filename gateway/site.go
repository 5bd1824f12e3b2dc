package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"palisade.dev/gateway/honeypot"
	"palisade.dev/gateway/upstream"
)

// table finds the site of a host name.
type table struct {
	exact map[string]*site
	wild  []wildcard
	any   *site
	all   []*site
}

type wildcard struct {
	suffix string // ".shop.example"
	site   *site
}

type site struct {
	Site
	origins []*origin
	turn    atomic.Uint32
	proxy   *httputil.ReverseProxy
	pot     *honeypot.Pot // nil where nothing is put into pages
}

// origin is one upstream of a site.
type origin struct {
	url   *url.URL
	pool  *upstream.Pool // nil for https
	std   *http.Transport
	state health
	stop  context.CancelFunc
}

func newTable(sites []Site, old *table, now func() time.Time, log *slog.Logger) (*table, error) {
	t := &table{exact: map[string]*site{}}
	var faults []error
	for _, s := range sites {
		built, err := newSite(s, old, now, log)
		if err != nil {
			faults = append(faults, fmt.Errorf("site %s: %w", s.Name, err))
			continue
		}
		for _, h := range s.Hosts {
			h = strings.ToLower(strings.TrimSuffix(h, "."))
			taken := false
			switch {
			case h == "*":
				taken, t.any = t.any != nil, built
			case strings.HasPrefix(h, "*."):
				t.wild = append(t.wild, wildcard{h[1:], built})
			default:
				_, taken = t.exact[h]
				t.exact[h] = built
			}
			if taken {
				faults = append(faults, fmt.Errorf("site %s: host %s belongs to another site already", s.Name, h))
			}
		}
		t.all = append(t.all, built)
	}
	if err := errors.Join(faults...); err != nil {
		t.retire(old)
		return nil, err
	}
	return t, nil
}

// watch starts what goes on in the background, once the table is in force.
func (t *table) watch(every time.Duration, log *slog.Logger) {
	for _, s := range t.all {
		s.watch(every, log)
	}
}

func newSite(s Site, old *table, now func() time.Time, log *slog.Logger) (*site, error) {
	if len(s.Hosts) == 0 {
		return nil, errors.New("no hosts: give at least one name, or * for any")
	}
	if len(s.Upstreams) == 0 {
		return nil, errors.New("no upstream: where is the app, such as http://127.0.0.1:4000?")
	}
	if s.Guard == nil {
		return nil, errors.New("no guard")
	}
	if s.Honeypot != nil && !strings.HasPrefix(s.Honeypot.Path, "/") {
		return nil, fmt.Errorf("honeypot path %q: want one that begins with a slash", s.Honeypot.Path)
	}
	if s.MaxBody == 0 {
		s.MaxBody = 100 << 20
	}
	if s.Timeout == 0 {
		s.Timeout = time.Minute
	}
	built := &site{Site: s, pot: s.pot()}
	for _, raw := range s.Upstreams {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
			return nil, fmt.Errorf("upstream %q: want an address such as http://127.0.0.1:4000", raw)
		}
		if kept := old.origin(s, u); kept != nil {
			built.origins = append(built.origins, kept)
			continue
		}
		o := &origin{url: u, std: &http.Transport{
			MaxIdleConns: 512, MaxIdleConnsPerHost: 512, IdleConnTimeout: time.Minute, DisableCompression: true,
			ResponseHeaderTimeout: s.Timeout, MaxResponseHeaderBytes: 256 << 10, ForceAttemptHTTP2: u.Scheme == "https",
			DialContext:     (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		}}
		if u.Scheme == "http" {
			address := u.Host
			if u.Port() == "" {
				address = net.JoinHostPort(u.Hostname(), "80")
			}
			o.pool = upstream.NewPool(address, upstream.Options{HeaderTimeout: s.Timeout, Now: now})
		}
		o.state.now = now
		built.origins = append(built.origins, o)
	}
	built.proxy = built.slow(log)
	return built, nil
}

// origin finds an upstream that stays, so that a reload keeps its connections and what is known of its health.
func (t *table) origin(s Site, u *url.URL) *origin {
	if t == nil {
		return nil
	}
	for _, old := range t.all {
		if old.Name != s.Name || old.Timeout != s.Timeout || old.Health != s.Health {
			continue
		}
		for _, o := range old.origins {
			if o.url.String() == u.String() {
				return o
			}
		}
	}
	return nil
}

// retire closes what the next table does not use.
func (t *table) retire(next *table) {
	used := map[*origin]bool{}
	if next != nil {
		for _, s := range next.all {
			for _, o := range s.origins {
				used[o] = true
			}
		}
	}
	for _, s := range t.all {
		for _, o := range s.origins {
			if !used[o] {
				o.close()
			}
		}
	}
}

func (o *origin) close() {
	if o.stop != nil {
		o.stop()
	}
	if o.pool != nil {
		o.pool.Close()
	}
	o.std.CloseIdleConnections()
}

func (t *table) hosts() []string {
	var out []string
	for _, s := range t.all {
		out = append(out, s.Hosts...)
	}
	return out
}

// find gives the site of a Host field.
func (t *table) find(host string) *site {
	if len(t.exact) == 0 && len(t.wild) == 0 {
		return t.any
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if s := t.exact[host]; s != nil {
		return s
	}
	for _, w := range t.wild {
		if strings.HasSuffix(host, w.suffix) && len(host) > len(w.suffix) {
			return w.site
		}
	}
	return t.any
}

// pick gives the next upstream that is up, other than the one just tried; where none is, the one whose next try is due
// soonest, because trying beats refusing.
func (s *site) pick(tried *origin) *origin {
	n := uint32(len(s.origins))
	if n == 1 {
		return s.origins[0]
	}
	start := s.turn.Add(1)
	var best *origin
	for i := range n {
		o := s.origins[(start+i)%n]
		if o == tried {
			continue
		}
		if o.state.up() {
			return o
		}
		if best == nil || o.state.retry.Load() < best.state.retry.Load() {
			best = o
		}
	}
	if best == nil { // the same upstream, given twice
		return tried
	}
	return best
}
