package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"palisade.dev/scan/api/answer"
)

// wire gives the transport for a certificate, a source address, or a connection of its own.
func (c *Client) wire(r Request) *http.Transport {
	key := ""
	if r.From.IsValid() {
		key = r.From.String()
	}
	cert := r.As.Certificate()
	if cert != nil {
		key += "|" + r.As.Name
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.wires[key]; ok && !r.Fresh {
		return t
	}
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, hostport string) (net.Conn, error) { return c.dial(ctx, hostport, r.From) },
		// No proxy from the environment: it would see credentials, and its address is not the target's.
		Proxy:                  nil,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    c.o.Budget.Parallel,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    c.o.Budget.Patience,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        c.tls(cert),
		DisableKeepAlives:      r.Fresh,
	}
	if !r.Fresh {
		c.wires[key] = t
	}
	return t
}

func (c *Client) tls(cert *tls.Certificate) *tls.Config {
	// Verification is the business of the transport probes; a scan of a staging host with its own certificate must be
	// possible, and then only where the caller said so.
	conf := &tls.Config{InsecureSkipVerify: c.o.Insecure} //nolint:gosec // asked for by name
	if cert != nil {
		conf.Certificates = []tls.Certificate{*cert}
	}
	return conf
}

// dial connects to a pinned address, never to what the name says now.
func (c *Client) dial(ctx context.Context, hostport string, from netip.Addr) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	addrs, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: 5 * time.Second}
	if from.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: from.AsSlice()}
	}
	for i, a := range addrs {
		var conn net.Conn
		if conn, err = d.DialContext(ctx, "tcp", net.JoinHostPort(a.Unmap().String(), port)); err == nil {
			return conn, nil
		}
		if i == 3 {
			break
		}
	}
	return nil, err
}

// Dial opens a connection to a host in scope, for probes that speak TLS themselves. It counts as a request.
func (c *Client) Dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	if !c.InScope(u) {
		return nil, fmt.Errorf("%w: %s", ErrScope, u.Host)
	}
	if err := c.take(ctx, false); err != nil {
		return nil, err
	}
	_, hostport, _ := strings.Cut(Origin(u), "://")
	return c.dial(ctx, hostport, netip.Addr{})
}

func (c *Client) send(ctx context.Context, r Request, u *url.URL) *answer.Answer {
	header, target := r.wired(u, "")
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target.String(), body)
	if err != nil {
		return lost(err)
	}
	req.Header = header
	if r.Host != "" {
		req.Host = r.Host
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", c.o.Agent)
	}
	w := c.wire(r)
	if r.Fresh {
		defer w.CloseIdleConnections()
	}
	resp, err := w.RoundTrip(req)
	if err != nil {
		return lost(err)
	}
	most := maxBody
	if r.Most > 0 {
		most = r.Most
	}
	return read(resp, most)
}

// read takes an answer's body, decompressed, up to the limit. What is behind the limit is not read and not counted.
func read(resp *http.Response, most int) *answer.Answer {
	defer resp.Body.Close()
	a := &answer.Answer{Status: resp.StatusCode, Proto: resp.Proto, Header: resp.Header, TLS: resp.TLS}
	var from io.Reader = resp.Body
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(io.LimitReader(resp.Body, int64(most)))
		if err != nil {
			a.Truncated = true
			return a
		}
		from = z
	}
	body, err := io.ReadAll(io.LimitReader(from, int64(most)+1))
	a.Body = body
	if len(body) > most || err != nil {
		a.Body, a.Truncated = body[:min(len(body), most)], true
	}
	return a
}
