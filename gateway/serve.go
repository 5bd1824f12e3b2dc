package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"palisade.dev/gateway/upstream"
	"palisade.dev/guard"
	"palisade.dev/guard/answer"
)

// ServeHTTP takes one request through its site's guard and on to the app.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.metrics.Requests.Add(1)
	s := g.sites.Load().find(r.Host)
	if s == nil {
		g.metrics.UnknownHost.Add(1)
		answer.Write(w, r, answer.Refusal{Status: http.StatusNotFound, Reference: "-"})
		return
	}
	var f guard.Facts
	f.Peer, _ = r.Context().Value(peerKey{}).(netip.Addr)
	if h, ok := r.Context().Value(helloKey{}).(*hello); ok {
		f.JA4 = h.ja4
	}
	p := passage{g: g, s: s, w: w, r: r}
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		p.limitBody()
	}
	p.v = s.Guard.Begin(r, f)
	ended := false
	defer func() {
		if !ended { // a panic, which net/http uses to cut a response off
			p.v.End(http.StatusBadGateway, p.bytes)
		}
	}()
	p.v.Hold(r.Context())
	switch {
	case p.v.Refused():
		g.metrics.Refused.Add(1)
		p.refuse()
	case s.Honeypot != nil && s.Honeypot.serves(r):
		p.honeypot()
	default:
		p.pass()
	}
	ended = true
	p.v.End(p.status, p.bytes)
}

// passage is one request on its way.
type passage struct {
	g      *Gateway
	s      *site
	w      http.ResponseWriter
	r      *http.Request
	v      *guard.Visit
	status int
	bytes  int64
}

func (p *passage) refuse() {
	if p.r.Body != nil && p.r.ContentLength != 0 {
		p.w.Header().Set("Connection", "close") // do not read a flood's bodies to keep its connections
	}
	p.v.Refuse(p.w, p.r)
	p.status = p.v.Verdict.Status
}

func (p *passage) fail(status int) {
	p.status = status
	answer.Write(p.w, p.r, answer.Refusal{Status: status, Reference: p.v.Reference()})
}

// limitBody bounds a body's size, and the time that may pass without a byte of it.
func (p *passage) limitBody() {
	p.r.Body = &slowBody{
		ReadCloser: http.MaxBytesReader(p.w, p.r.Body, p.s.MaxBody),
		c:          http.NewResponseController(p.w), every: p.g.limits.BodyTimeout, now: p.g.now,
	}
}

// slowBody gives each read a deadline of its own. A client that sends a byte now and then keeps it moving only as long
// as it really sends.
type slowBody struct {
	io.ReadCloser
	c     *http.ResponseController
	every time.Duration
	now   func() time.Time
}

func (b *slowBody) Read(p []byte) (int, error) {
	_ = b.c.SetReadDeadline(b.now().Add(b.every))
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.c.SetReadDeadline(time.Time{})
	}
	return n, err
}

// shortBody is how long a body may be to be sent before the app's answer is read. A longer one may be answered before
// it is all there, for which the standard transport is made.
const shortBody = 64 << 10

// pass hands the request to the app and its response back.
func (p *passage) pass() {
	o := p.s.pick()
	r := p.r
	if o.pool == nil || upgrades(r) || r.ContentLength < 0 || r.ContentLength > shortBody || len(r.Trailer) > 0 || r.Header.Get("Expect") != "" || r.Method == http.MethodConnect {
		p.passSlow(o)
		return
	}
	res, err := o.pool.Do(&upstream.Request{Request: r, Target: target(r), Head: p.head})
	if err != nil {
		p.upstreamFailed(o, err)
		return
	}
	o.state.ok()
	whole := false
	defer func() { res.Close(whole) }()
	p.status = res.StatusCode
	h := p.w.Header()
	for name, values := range res.Header {
		h[name] = values
	}
	strip(h)
	announced := announce(h, res.Trailer)
	p.v.Responding(p.status, h)
	if res.ContentLength >= 0 && res.Header.Get("Content-Length") == "" && bodyAllowed(r.Method, res.StatusCode) {
		h.Set("Content-Length", itoa(res.ContentLength))
	}
	body := p.injected(res.Body, h)
	p.w.WriteHeader(res.StatusCode)
	whole = p.copy(body, res.ContentLength < 0)
	if whole && announced {
		for name, values := range res.Trailer {
			h[name] = values
		}
	}
	if !whole {
		// The client must not take half a response for all of it.
		panic(http.ErrAbortHandler)
	}
}

// copy moves the body to the client and reports whether all of it got there. A stream is flushed at each piece.
func (p *passage) copy(body io.Reader, stream bool) bool {
	buffer := p.g.buffers.Get().(*[]byte)
	defer p.g.buffers.Put(buffer)
	var flush func() error
	if stream {
		flush = http.NewResponseController(p.w).Flush
		_ = flush() // the header, before the app has anything to say
	}
	for {
		n, err := body.Read(*buffer)
		if n > 0 {
			m, werr := p.w.Write((*buffer)[:n])
			p.bytes += int64(m)
			if werr != nil {
				return false
			}
			if stream {
				_ = flush()
			}
		}
		if err == io.EOF {
			return true
		}
		if err != nil {
			return false
		}
	}
}

// upstreamFailed answers for an app that did not.
func (p *passage) upstreamFailed(o *origin, err error) {
	p.g.metrics.UpstreamErrors.Add(1)
	var tooLarge *http.MaxBytesError
	var timeout net.Error
	switch {
	case errors.As(err, &tooLarge):
		p.fail(http.StatusRequestEntityTooLarge)
		return
	case errors.Is(err, context.Canceled):
		p.status = 499 // as nginx calls a client that left
		return
	case dialFailed(err):
		o.state.failed()
		p.fail(http.StatusBadGateway)
	case errors.As(err, &timeout) && timeout.Timeout():
		p.fail(http.StatusGatewayTimeout)
	default:
		p.fail(http.StatusBadGateway)
	}
	p.g.log.Warn("the app did not answer", "site", p.s.Name, "upstream", o.url.String(), "err", err)
}

// target is the request's path and query as they came. A path that begins with two slashes would be read as a host by
// nobody here, since it is written after the method as it is.
func target(r *http.Request) string {
	path := r.URL.EscapedPath()
	if path == "" || path[0] != '/' {
		path = "/" + path
		if r.Method == http.MethodOptions && r.URL.Path == "*" {
			path = "*"
		}
	}
	if r.URL.RawQuery == "" && !r.URL.ForceQuery {
		return path
	}
	return path + "?" + r.URL.RawQuery
}

func upgrades(r *http.Request) bool {
	return len(r.Header["Upgrade"]) > 0 && hasToken(r.Header["Connection"], "upgrade")
}

func hasToken(values []string, token string) bool {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

func bodyAllowed(method string, status int) bool {
	return method != http.MethodHead && status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
