package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan/api/answer"
)

// Line is a connection over which a request is written by hand, over HTTP/1.1, piece by piece where a probe wants to see
// what the server does meanwhile.
type Line struct {
	client *Client
	conn   net.Conn
	in     *bufio.Reader
	method string
	begun  time.Time
	leave  func()
}

// Open connects and writes the head of a request, which counts as one. The body is the caller's to write, and so is a
// line that says how long it is.
func (c *Client) Open(ctx context.Context, r Request) (*Line, error) {
	u, leave, err := c.enter(ctx, r)
	if err != nil {
		return nil, err
	}
	head, err := c.head(r, u)
	if err != nil {
		leave()
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Budget.Patience)
	defer cancel()
	l, err := c.connect(ctx, r, u)
	if err == nil {
		l.leave = leave
		if err = l.Write(head); err == nil {
			return l, nil
		}
		l.conn.Close()
	}
	leave()
	return nil, err
}

// Write writes a piece of the body. A server that does not read makes it fail after a while.
func (l *Line) Write(b []byte) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.client.o.Budget.Patience)); err != nil {
		return err
	}
	_, err := l.conn.Write(b)
	return err
}

// Answer waits a moment for an answer, an interim one included. Nil says that none came and that the connection stands.
func (l *Line) Answer(wait time.Duration) *answer.Answer {
	_ = l.conn.SetReadDeadline(time.Now().Add(wait))
	if _, err := l.in.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	_ = l.conn.SetReadDeadline(time.Now().Add(l.client.o.Budget.Patience))
	a := l.read()
	a.Took = l.client.o.Clock.Now().Sub(l.begun)
	l.client.mu.Lock()
	l.client.spent.Bytes += int64(len(a.Body))
	l.client.mu.Unlock()
	return a
}

// Close ends the connection, whatever was written.
func (l *Line) Close() {
	l.conn.Close()
	l.leave()
}

func (l *Line) read() *answer.Answer {
	resp, err := http.ReadResponse(l.in, &http.Request{Method: l.method})
	if err != nil {
		return lost(err)
	}
	return read(resp, maxBody)
}

func (c *Client) connect(ctx context.Context, r Request, u *url.URL) (*Line, error) {
	_, hostport, _ := strings.Cut(Origin(u), "://")
	conn, err := c.dial(ctx, hostport, r.From)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "https" {
		conf := c.tls(r.As.Certificate())
		conf.ServerName = u.Hostname()
		secure := tls.Client(conn, conf)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	return &Line{client: c, conn: conn, in: bufio.NewReader(io.LimitReader(conn, maxHeader+maxBody)), method: r.Method, begun: c.o.Clock.Now()}, nil
}

// head is a request up to where its body begins.
func (c *Client) head(r Request, u *url.URL) ([]byte, error) {
	header, target := r.wired(u, "")
	line := r.Target
	if line == "" {
		line = target.RequestURI()
	}
	if strings.ContainsAny(line, " \r\n") || strings.ContainsAny(strings.Join(r.Lines, ""), "\r\n") {
		return nil, fmt.Errorf("the request line %q would be more than one", line)
	}
	proto, host := "HTTP/1.1", r.Host
	if r.OldProto {
		proto = "HTTP/1.0"
	}
	if host == "" {
		host = u.Host
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\r\nHost: %s\r\nUser-Agent: %s\r\nConnection: close\r\n", r.Method, line, proto, host, c.o.Agent)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, v := range header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, strings.NewReplacer("\r", "", "\n", "").Replace(v))
		}
	}
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "%s\r\n", l)
	}
	if r.Body != nil {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	b.WriteString("\r\n")
	return b.Bytes(), nil
}

// raw writes a whole request by hand.
func (c *Client) raw(ctx context.Context, r Request, u *url.URL) *answer.Answer {
	head, err := c.head(r, u)
	if err != nil {
		return lost(err)
	}
	l, err := c.connect(ctx, r, u)
	if err != nil {
		return lost(err)
	}
	defer l.conn.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = l.conn.SetDeadline(end)
	}
	if _, err := l.conn.Write(append(head, r.Body...)); err != nil {
		return lost(err)
	}
	return l.read()
}
