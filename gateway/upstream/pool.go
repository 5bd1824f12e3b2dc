// Package upstream speaks HTTP/1.1 to the app behind the gateway over kept connections. It writes a request and reads
// its response in the goroutine that serves the client, where net/http's transport hands both to two others; that is
// most of what a proxied request costs. What strangers send is parsed by net/http's server and what the app answers by
// http.ReadResponse: this package has no parser of its own.
package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Options of a Pool; what is zero gets the default in its comment.
type Options struct {
	Dial          func(ctx context.Context, network, address string) (net.Conn, error)
	DialTimeout   time.Duration // 5 s
	HeaderTimeout time.Duration // 60 s until the app has answered with its header
	IdleTimeout   time.Duration // 60 s a connection is kept unused
	MaxIdle       int           // 512 connections kept
	MaxHeader     int64         // 256 KiB of response header
	Now           func() time.Time
}

// Pool keeps connections to one address.
type Pool struct {
	address string
	o       Options

	mu   sync.Mutex
	idle []*conn // the last one used is used next, so that a burst's connections fall idle and go
	shut bool

	open atomic.Int64
}

type conn struct {
	net.Conn
	raw    syscall.RawConn
	r      *bufio.Reader
	w      *bufio.Writer
	limit  meter
	used   time.Time
	reused bool
}

// meter bounds the bytes read while a header is expected. A body is bounded by who reads it.
type meter struct {
	r    io.Reader
	left int64
}

var errHeaderTooLarge = errors.New("the app's response header is too large")

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, errHeaderTooLarge
	}
	if int64(len(b)) > m.left {
		b = b[:m.left]
	}
	n, err := m.r.Read(b)
	m.left -= int64(n)
	return n, err
}

// NewPool makes a pool for "host:port".
func NewPool(address string, o Options) *Pool {
	if o.DialTimeout == 0 {
		o.DialTimeout = 5 * time.Second
	}
	if o.HeaderTimeout == 0 {
		o.HeaderTimeout = time.Minute
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = time.Minute
	}
	if o.MaxIdle == 0 {
		o.MaxIdle = 512
	}
	if o.MaxHeader == 0 {
		o.MaxHeader = 256 << 10
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: o.DialTimeout, KeepAlive: 30 * time.Second}).DialContext
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Pool{address: address, o: o}
}

// Open is how many connections are open.
func (p *Pool) Open() int { return int(p.open.Load()) }

// ErrDial wraps a failure to connect: the app has seen nothing of the request.
var ErrDial = errors.New("connecting to the app")

func (p *Pool) get(ctx context.Context, fresh bool) (*conn, error) {
	if !fresh {
		oldest := p.o.Now().Add(-p.o.IdleTimeout)
		p.mu.Lock()
		for n := len(p.idle); n > 0; n = len(p.idle) {
			c := p.idle[n-1]
			p.idle[n-1] = nil
			p.idle = p.idle[:n-1]
			if c.used.Before(oldest) {
				c.close(p) // and so are all below it
				continue
			}
			p.mu.Unlock()
			c.reused = true
			return c, nil
		}
		p.mu.Unlock()
	}
	d, cancel := context.WithTimeout(ctx, p.o.DialTimeout)
	defer cancel()
	nc, err := p.o.Dial(d, "tcp", p.address)
	if err != nil {
		return nil, fmt.Errorf("%w at %s: %w", ErrDial, p.address, err)
	}
	p.open.Add(1)
	c := &conn{Conn: nc, w: bufio.NewWriterSize(nc, 4<<10)}
	c.limit.r = nc
	c.r = bufio.NewReaderSize(&c.limit, 8<<10)
	if s, ok := nc.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn()
	}
	return c, nil
}

func (c *conn) close(p *Pool) {
	p.open.Add(-1)
	_ = c.Conn.Close()
}

func (p *Pool) put(c *conn) {
	c.used = p.o.Now()
	if c.r.Buffered() > 0 { // bytes nobody asked for
		c.close(p)
		return
	}
	var old *conn
	p.mu.Lock()
	if n := len(p.idle); n > 0 && p.idle[0].used.Before(c.used.Add(-p.o.IdleTimeout)) {
		old = p.idle[0]
		p.idle = append(p.idle[:0], p.idle[1:]...)
	}
	if len(p.idle) < p.o.MaxIdle && !p.shut {
		p.idle = append(p.idle, c)
		c = nil
	}
	p.mu.Unlock()
	if old != nil {
		old.close(p)
	}
	if c != nil {
		c.close(p)
	}
}

// Close closes what is idle, and what is in use as soon as it is given back.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.shut = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		c.close(p)
	}
}

// alive reports whether a kept connection has neither been closed by the app nor holds bytes nobody asked for.
func (c *conn) alive() bool {
	if c.raw == nil {
		return true
	}
	ok := true
	var b [1]byte
	err := c.raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		ok = n < 0 && (err == syscall.EAGAIN || err == syscall.EWOULDBLOCK)
		return true
	})
	return err == nil && ok
}

// Request is what goes to the app.
type Request struct {
	*http.Request               // its method and context; neither its header nor its body is written
	Target        string        // path and query, as they came
	Head          func(*Header) // writes the header fields, Content-Length among them
	Body          []byte
}

// Header writes header fields.
type Header struct{ w *bufio.Writer }

// Field writes one.
func (h *Header) Field(name, value string) {
	_, _ = h.w.WriteString(name)
	_, _ = h.w.WriteString(": ")
	_, _ = h.w.WriteString(value)
	_, _ = h.w.WriteString("\r\n")
}

// Response is the app's answer. Its body must be closed; read to its end, the connection is kept.
type Response struct {
	*http.Response
	pool *Pool
	c    *conn
	stop func() bool
	done bool
}

// Do sends a request and waits for the response's header. A kept connection is looked at before it is used: one that the
// app has closed is dropped, and so is one with bytes nobody asked for, which the next client would take for its answer.
// A request that still meets a closing connection is sent once more where doing it twice is doing it once.
func (p *Pool) Do(r *Request) (*Response, error) {
	repeatable := idempotent(r.Method)
	fresh := false
	for {
		c, err := p.get(r.Context(), fresh)
		if err != nil {
			return nil, err
		}
		if c.reused && !c.alive() {
			c.close(p)
			continue
		}
		res, unseen, err := p.exchange(c, r)
		if err == nil {
			return res, nil
		}
		c.close(p)
		if !unseen || !c.reused || !repeatable || r.Context().Err() != nil {
			return nil, err
		}
		fresh = true
	}
}

func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodTrace:
		return true
	}
	return false
}

// exchange sends and receives on one connection. unseen says that not a byte of an answer came.
func (p *Pool) exchange(c *conn, r *Request) (res *Response, unseen bool, err error) {
	if err := c.SetDeadline(time.Now().Add(p.o.HeaderTimeout)); err != nil {
		return nil, true, err
	}
	stop := context.AfterFunc(r.Context(), func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	fail := func(unseen bool, what string, err error) (*Response, bool, error) {
		stop()
		if ctx := r.Context().Err(); ctx != nil {
			err = ctx
		}
		return nil, unseen, fmt.Errorf("%s the app at %s: %w", what, p.address, err)
	}
	c.limit.left = p.o.MaxHeader
	w := c.w
	_, _ = w.WriteString(r.Method)
	_ = w.WriteByte(' ')
	_, _ = w.WriteString(r.Target)
	_, _ = w.WriteString(" HTTP/1.1\r\n")
	r.Head(&Header{w})
	_, _ = w.WriteString("\r\n")
	_, _ = w.Write(r.Body)
	if err := w.Flush(); err != nil {
		return fail(true, "sending to", err)
	}
	for {
		h, err := http.ReadResponse(c.r, r.Request) //nolint:bodyclose // Response.Close does, or the connection is given up
		if err != nil {
			none := c.limit.left == p.o.MaxHeader
			return fail(none, "reading the answer of", err)
		}
		if h.StatusCode >= 200 {
			res = &Response{Response: h, pool: p, c: c, stop: stop}
			break
		}
		if h.StatusCode == http.StatusSwitchingProtocols {
			return fail(false, "talking to", errors.New("it switched protocols unasked"))
		}
	}
	c.limit.left = 1 << 62
	_ = c.SetDeadline(time.Time{})
	return res, false, nil
}

// Close gives the connection back, or closes it where the body was not read to its end.
func (r *Response) Close(whole bool) {
	if r.done {
		return
	}
	r.done = true
	clean := r.stop() // false: the client went away and the connection's deadline with it
	if !whole || !clean || r.Response.Close {
		r.c.close(r.pool)
		return
	}
	r.pool.put(r.c)
}
