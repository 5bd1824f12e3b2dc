package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"palisade.dev/gateway/upstream"
	"palisade.dev/guard"
	"palisade.dev/guard/answer"
)

// ServeHTTP takes one request through its site's guard and on to the app. Requests come from the gateway's own
// listeners, which know more of the connection than a request says.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.metrics.Requests.Add(1)
	in, _ := r.Context().Value(inboundKey{}).(*inbound)
	peer, ok := in.from()
	if !ok {
		panic(http.ErrAbortHandler) // one connection too many
	}
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		r.Body = g.slowBody(w, r)
	}
	if !wellFormed(r) {
		g.metrics.Malformed.Add(1)
		answer.Write(w, r, answer.Refusal{Status: http.StatusBadRequest, Reference: "-"})
		return
	}
	s := g.sites.Load().find(r.Host)
	if s == nil {
		g.metrics.UnknownHost.Add(1)
		answer.Write(w, r, answer.Refusal{Status: http.StatusNotFound, Reference: "-"})
		return
	}
	p := passage{g: g, s: s, w: w, r: r}
	tooLarge := r.ContentLength > s.MaxBody
	if r.ContentLength != 0 && !tooLarge {
		r.Body = http.MaxBytesReader(w, r.Body, s.MaxBody)
	}
	p.v = s.Guard.Begin(r, guard.Facts{Peer: peer, JA4: in.ja4})
	defer func() {
		if p.status == 0 { // a panic before there was an answer
			p.status = http.StatusBadGateway
		}
		p.v.End(p.status, p.bytes)
	}()
	p.v.Hold(r.Context())
	switch {
	case p.v.Refused():
		g.metrics.Refused.Add(1)
		p.refuse()
	case tooLarge:
		p.fail(http.StatusRequestEntityTooLarge)
	case s.Honeypot != nil && s.Honeypot.serves(r):
		p.honeypot()
	default:
		p.pass()
	}
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
	late   atomic.Pointer[error] // what the client failed to send of a long body
}

func (p *passage) refuse() {
	p.hangUp()
	p.v.Refuse(p.w, p.r)
	p.status = p.v.Refusal().Status
}

// fail answers in place of the app.
func (p *passage) fail(status int) {
	p.hangUp()
	p.status = status
	answer.Write(p.w, p.r, answer.Refusal{Status: status, Reference: p.v.Reference()})
}

// hangUp has the connection closed where a body is still on its way: nobody reads a flood's bodies to keep its
// connections. HTTP/2 can end one stream without the others.
func (p *passage) hangUp() {
	if p.r.ContentLength != 0 && p.r.ProtoMajor == 1 {
		p.w.Header().Set("Connection", "close")
	}
}

// shortBody is how long a body may be to be read before the app is asked, which so never waits for a slow client. A
// longer one may be answered before it is all there, for which the standard transport is made.
const shortBody = 32 << 10

func (p *passage) shortBody() (*[]byte, error) {
	buffer := p.g.buffers.Get().(*[]byte)
	if p.r.ContentLength == 0 {
		return buffer, nil
	}
	if _, err := io.ReadFull(p.r.Body, (*buffer)[:p.r.ContentLength]); err != nil {
		p.g.buffers.Put(buffer)
		return nil, err
	}
	return buffer, nil
}

// bodyFailed answers a client that did not send what it said.
func (p *passage) bodyFailed(err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		p.fail(http.StatusRequestEntityTooLarge)
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.fail(http.StatusRequestTimeout)
	default:
		p.fail(http.StatusBadRequest)
	}
}

// pass hands the request to the app and its response back.
func (p *passage) pass() {
	r := p.r
	o := p.s.pick(nil)
	if o.pool == nil || upgrades(r) || r.ContentLength < 0 || r.ContentLength > shortBody || len(r.Trailer) > 0 || r.Header.Get("Expect") != "" {
		p.passSlow(o)
		return
	}
	buffer, err := p.shortBody()
	if err != nil {
		p.bodyFailed(err)
		return
	}
	defer p.g.buffers.Put(buffer)
	ask := &upstream.Request{Request: r, Target: target(r), Head: p.head, Body: (*buffer)[:r.ContentLength]}
	res, err := o.pool.Do(ask)
	if errors.Is(err, upstream.ErrDial) && len(p.s.origins) > 1 && r.Context().Err() == nil {
		// The app has seen nothing of it: the next one may.
		p.unreachable(o, err)
		o = p.s.pick(o)
		if o.pool == nil {
			r.Body = io.NopCloser(bytes.NewReader(ask.Body))
			p.passSlow(o)
			return
		}
		res, err = o.pool.Do(ask)
	}
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
	var from io.Reader = res.Body
	if p.s.pot != nil {
		from = p.s.pot.Page(r, p.status, h, from)
	}
	p.w.WriteHeader(res.StatusCode)
	whole = p.copy(from, *buffer, res.ContentLength < 0)
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
func (p *passage) copy(body io.Reader, buffer []byte, stream bool) bool {
	var flush func() error
	if stream {
		flush = http.NewResponseController(p.w).Flush
		_ = flush() // the header, before the app has anything to say
	}
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			m, werr := p.w.Write(buffer[:n])
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
	var tooLarge *http.MaxBytesError
	var timeout net.Error
	switch {
	case errors.As(err, &tooLarge):
		p.bodyFailed(err)
		return
	case p.late.Load() != nil:
		p.bodyFailed(*p.late.Load())
		return
	case errors.Is(err, context.Canceled):
		p.status = 499 // as nginx calls a client that left
		return
	}
	p.g.metrics.UpstreamErrors.Add(1)
	switch {
	case dialFailed(err):
		p.unreachable(o, err)
		p.fail(http.StatusBadGateway)
		return
	case errors.As(err, &timeout) && timeout.Timeout():
		p.fail(http.StatusGatewayTimeout)
	default:
		p.fail(http.StatusBadGateway)
	}
	p.g.log.Warn("the app did not answer", "site", p.s.Name, "upstream", o.url.String(), "method", p.r.Method, "path", p.r.URL.Path, "err", err)
}

// unreachable notes a failure to connect. Only the first ones are news: an app that is down fails every request.
func (p *passage) unreachable(o *origin, err error) {
	level := slog.LevelDebug
	if o.state.failed() <= failuresToDown {
		level = slog.LevelWarn
	}
	p.g.log.Log(p.r.Context(), level, "the app cannot be reached", "site", p.s.Name, "upstream", o.url.String(), "err", err)
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
