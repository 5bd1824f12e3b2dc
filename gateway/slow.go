package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"

	"palisade.dev/gateway/upstream"
)

// passageKey hands a passage to the hooks of the slow path.
type passageKey struct{}

// slow is the standard reverse proxy, for upgrades, long bodies, TLS to the app and whatever else is rare.
func (s *site) slow(log *slog.Logger) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			c := pr.In.Context().Value(passageKey{}).(*carried)
			pr.Out.URL.Scheme, pr.Out.URL.Host = c.o.url.Scheme, c.o.url.Host
			pr.Out.Host = pr.In.Host
			pr.Out.URL.RawQuery = pr.In.URL.RawQuery // the proxy takes out what Go would not parse; the app may
			for name := range pr.Out.Header {
				if name != "Connection" && name != "Upgrade" && name != "Te" && c.p.keeps(name) {
					delete(pr.Out.Header, name)
				}
			}
			for name := range pr.Out.Trailer {
				if c.p.keeps(name) {
					delete(pr.Out.Trailer, name)
				}
			}
			if accepted := pr.In.Header.Get("Accept-Encoding"); s.pot != nil && accepted != "" {
				pr.Out.Header.Set("Accept-Encoding", s.pot.Encodings(pr.In, accepted))
			}
			c.trailer = pr.Out.Trailer
			c.p.told(func(name, value string) { pr.Out.Header.Set(name, value) })
			if _, ok := pr.Out.Header["User-Agent"]; !ok {
				pr.Out.Header["User-Agent"] = nil // otherwise net/http would name itself
			}
		},
		ModifyResponse: func(res *http.Response) error {
			c := res.Request.Context().Value(passageKey{}).(*carried)
			c.o.state.ok()
			c.p.status = res.StatusCode
			c.p.v.Responding(res.StatusCode, res.Header)
			if res.StatusCode != http.StatusSwitchingProtocols {
				var from io.Reader = res.Body
				if s.pot != nil {
					from = s.pot.Page(c.p.r, res.StatusCode, res.Header, from)
				}
				res.Body = &countedBody{from, res.Body, c.p}
			}
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			c := r.Context().Value(passageKey{}).(*carried)
			c.p.upstreamFailed(c.o, err)
		},
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		FlushInterval: -1,
		Transport:     carrier{},
	}
}

// carried is what the slow path's hooks need to know.
type carried struct {
	p       *passage
	o       *origin
	trailer http.Header // that goes to the app once the body is through
}

// carrier sends each request through the transport of its upstream.
type carrier struct{}

func (carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	return r.Context().Value(passageKey{}).(*carried).o.std.RoundTrip(r)
}

// countedBody is the app's, on its way to the client.
type countedBody struct {
	io.Reader
	io.Closer
	p *passage
}

func (b *countedBody) Read(buf []byte) (int, error) {
	n, err := b.Reader.Read(buf)
	b.p.bytes += int64(n)
	return n, err
}

// passSlow hands the request on through the standard proxy.
func (p *passage) passSlow(o *origin) {
	if upgrades(p.r) {
		p.g.metrics.Upgrades.Add(1)
		defer p.g.metrics.Upgrades.Add(-1)
	}
	c := &carried{p: p, o: o}
	if p.r.ContentLength != 0 {
		p.r.Body = &clientBody{p.r.Body, c}
	}
	ctx := context.WithValue(p.r.Context(), passageKey{}, c)
	p.s.proxy.ServeHTTP(p.w, p.r.WithContext(ctx))
}

// clientBody is on its way to the app. It brings the trailer along, which the standard proxy forgets, and remembers
// that it was the client who failed, which the transport reports like a failure of the app.
type clientBody struct {
	io.ReadCloser
	c *carried
}

func (b *clientBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	switch err {
	case nil:
	case io.EOF:
		for name := range b.c.trailer {
			b.c.trailer[name] = b.c.p.r.Trailer[name]
		}
	default:
		b.c.p.late.Store(&err)
	}
	return n, err
}

// dialFailed reports whether an error of the standard transport came before the app saw anything.
func dialFailed(err error) bool {
	var op *net.OpError
	return errors.Is(err, upstream.ErrDial) || errors.As(err, &op) && op.Op == "dial"
}
