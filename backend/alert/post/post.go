// Package post posts to addresses that somebody typed in. It goes to public addresses only, looked at when the connection
// is made, follows no redirect, waits ten seconds and reads a little of the answer; no error it gives shows more of an
// address than its host, as paths and queries hold secrets.
package post

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"palisade.dev/backend/outside"
)

// Bounds of a post.
const (
	Timeout    = 10 * time.Second
	maxAnswer  = 1 << 10 // read; the log keeps less
	maxAddress = 2000
	maxWait    = 24 * time.Hour
)

// Options of a client.
type Options struct {
	Private  bool           // addresses inside the operator's own network may be posted to, over https
	Loopback bool           // so may this machine, even over http
	Roots    *x509.CertPool // further authorities; nil is the system's
	Timeout  time.Duration  // of a whole post; Timeout unless given
	Version  string         // of Palisade, for the User-Agent
}

// Client posts. It keeps nothing between posts.
type Client struct {
	o    Options
	http *http.Client
}

// NewClient makes one.
func NewClient(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = Timeout
	}
	c := &Client{o: o}
	c.http = outside.Client(outside.Options{
		Allowed: c.allowed, Roots: o.Roots, Connect: o.Timeout, Header: o.Timeout, Whole: o.Timeout, MaxHeader: 16 << 10, Idle: 8,
	})
	return c
}

// allowed says whether an address may be connected to.
func (c *Client) allowed(a netip.Addr) error {
	switch {
	case a.IsLoopback():
		if !c.o.Loopback {
			return fmt.Errorf("%s is this machine itself, and posting there is not allowed", a)
		}
	// The addresses of link-local lead to a cloud's metadata, which no receiver of alerts stands on.
	case a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified():
		return fmt.Errorf("%s is no address of a receiver", a)
	case !c.o.Private && outside.Public(a) != nil:
		return fmt.Errorf("%s is not a public address; if the receiver is in your own network, allow private addresses in the configuration", a)
	}
	return nil
}

// Address reads an address that somebody typed in.
func (c *Client) Address(text string) (*url.URL, error) {
	if len(text) > maxAddress {
		return nil, fmt.Errorf("url: more than %d bytes", maxAddress)
	}
	u, err := url.Parse(text) // its error would show the address
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("url: want an address such as https://example.com/hook")
	}
	if u.User != nil {
		return nil, errors.New("url: a name and password in it would be in the open; leave them out")
	}
	if u.Scheme == "http" && c.o.Loopback {
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && a.IsLoopback() {
			return u, nil
		}
	}
	if u.Scheme != "https" {
		return nil, errors.New("url: want https, so that nobody on the way reads or changes alerts")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := c.allowed(a.Unmap().WithZone("")); err != nil {
			return nil, fmt.Errorf("url: %w", err)
		}
	}
	u.Fragment = ""
	return u, nil
}

// Answer is what the other side said.
type Answer struct {
	Status int
	Said   string // "429 Too Many Requests: slow down"
	Wait   time.Duration
}

// Post sends a body and gives the answer, whatever its status. An error is that there was none.
func (c *Client) Post(ctx context.Context, to string, header http.Header, body []byte, now time.Time) (Answer, error) {
	u, err := c.Address(to)
	if err != nil {
		return Answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, errors.New("the address is not one")
	}
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", strings.TrimSuffix("Palisade/"+c.o.Version, "/"))
	res, err := c.http.Do(r)
	if err != nil {
		return Answer{}, c.fault(u, err)
	}
	defer res.Body.Close()
	// What was answered counts, even where the rest of it never comes.
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	a := Answer{Status: res.StatusCode, Said: strings.TrimSpace(fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode))), Wait: RetryAfter(res.Header.Get("Retry-After"), now)}
	if t := strings.TrimSpace(string(text)); t != "" {
		a.Said += ": " + t
	}
	if l := res.Header.Get("Location"); l != "" && res.StatusCode/100 == 3 {
		a.Said += " (a redirect, which is not followed: give the address it leads to)"
	}
	return a, nil
}

// fault is what went wrong, without the address as the client knows it.
func (c *Client) fault(u *url.URL, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		if wrapped.Timeout() {
			return fmt.Errorf("%s did not answer within %s", u.Host, c.o.Timeout)
		}
		err = wrapped.Err
	}
	return fmt.Errorf("posting to %s: %w", u.Host, err)
}

// RetryAfter reads how long a server asks us to wait, in seconds or as a date: nothing where it cannot be read, and a day
// at most.
func RetryAfter(text string, now time.Time) time.Duration {
	if len(text) > 100 {
		return 0
	}
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, maxWait)
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return min(at.Sub(now), maxWait)
	}
	return 0
}
