// Package fake is a server's part that fetches an address it is given, well or badly.
package fake

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"palisade.dev/scan/api/fixture"
)

// Fetcher is how it fetches. The zero one is careful but for private addresses, since all samples live on one machine.
type Fetcher struct {
	Filter   func(*url.URL) bool // says no by the look of an address
	Dial     bool                // refuses private addresses when it connects
	Follows  bool                // redirects, to wherever they lead
	Careless bool                // takes any certificate
	Most     int64               // bytes that are read; 0: all
	Media    string              // that it expects; "": any
}

// Fetch gets an address.
func (f Fetcher) Fetch(at string) (string, error) {
	u, err := url.Parse(at)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return "", errors.New("this is no address")
	}
	if f.Filter != nil && !f.Filter(u) {
		return "", errors.New("this address is not allowed")
	}
	d := &net.Dialer{Timeout: 2 * time.Second}
	if f.Dial {
		// After the name was looked up, so no name and no spelling leads round it.
		d.Control = func(_, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil || !a.Addr().Unmap().IsGlobalUnicast() || a.Addr().Unmap().IsPrivate() {
				return errors.New("this address is not allowed")
			}
			return nil
		}
	}
	c := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: f.Careless}}} //nolint:gosec // a sample of the fault
	if !f.Follows {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := c.Get(u.String())
	if err != nil {
		return "", errors.New("the address cannot be reached")
	}
	defer resp.Body.Close()
	if f.Media != "" && !strings.HasPrefix(resp.Header.Get("Content-Type"), f.Media) {
		return "", errors.New("this is not what was expected there")
	}
	from := io.Reader(resp.Body)
	if f.Most > 0 {
		from = io.LimitReader(from, f.Most)
	}
	page, err := io.ReadAll(from)
	return string(page), err
}

// Text refuses addresses that begin as private ones do, which is not enough.
func Text(u *url.URL) bool {
	h := u.Hostname()
	return !strings.HasPrefix(h, "127.") && !strings.HasPrefix(h, "10.") && !strings.HasPrefix(h, "192.168.") && h != "localhost"
}

// List lets one host in.
func List(u *url.URL) bool { return u.Host == "images.books.test" }

// Preview is an operation that fetches and says what it found, or only that it did.
func (f Fetcher) Preview(tells bool) *fixture.Route {
	return &fixture.Route{
		Pattern: "GET /preview", Params: `[{"name":"url","in":"query","required":true,"schema":{"type":"string","format":"uri"}}]`,
		Do: func(c *fixture.Call) {
			page, err := f.Fetch(c.R.URL.Query().Get("url"))
			switch {
			case err != nil:
				c.Error(422, err.Error())
			case tells:
				c.JSON(200, map[string]string{"text": page})
			default:
				c.JSON(200, map[string]any{"fetched": true, "url": c.R.URL.Query().Get("url")})
			}
		},
	}
}

// Hook is an operation that takes an address in its body and calls it later.
func (f Fetcher) Hook(path string, later bool) *fixture.Route {
	return &fixture.Route{
		Pattern: "POST " + path, Body: `{"type":"object","required":["event","target"],"properties":{"event":{"type":"string","enum":["sold"]},"target":{"type":"object","properties":{"callback_url":{"type":"string","format":"uri"}}}}}`,
		Do: func(c *fixture.Call) {
			target, _ := c.Body()["target"].(map[string]any)
			at, ok := target["callback_url"].(string)
			if !ok {
				c.Error(422, "target.callback_url is missing")
				return
			}
			if later {
				go func() { _, _ = f.Fetch(at) }()
			} else if _, err := f.Fetch(at); err != nil {
				c.Error(422, err.Error())
				return
			}
			c.JSON(202, map[string]string{"state": "accepted"})
		},
	}
}

// Adding gives the shop an operation.
func Adding(routes ...*fixture.Route) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		for _, r := range routes {
			own := *r
			s.Add(&own)
		}
	}
}
