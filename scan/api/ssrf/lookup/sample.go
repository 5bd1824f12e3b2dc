package lookup

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// server is what a route does with an address that it was given, in a world whose names resolve as r says.
type server func(ctx context.Context, r *net.Resolver, u *url.URL) bool

// sample adds a route that takes an address.
func sample(name string, kind fixture.Kind, does server) fixture.Sample {
	return fixture.Sample{
		Name: name, Kind: kind,
		Make: func(s *fixture.Shop) {
			s.Add(&fixture.Route{Pattern: "GET /preview", Params: `[{"name":"url","in":"query","required":true,"schema":{"type":"string","format":"uri"}}]`})
		},
		Tune: func(s *fixture.Shop, o *api.Options) {
			r := fixture.ListenForNames(s, o)
			s.Route("GET /preview").Do = func(c *fixture.Call) {
				u, err := url.Parse(c.R.URL.Query().Get("url"))
				if err != nil || u.Scheme != "http" || !does(c.R.Context(), r, u) {
					c.Error(422, "this address is not allowed")
					return
				}
				c.JSON(200, map[string]bool{"seen": true})
			}
		},
	}
}

// resolves looks a name up to see whether it is private, and goes no further.
func resolves(ctx context.Context, r *net.Resolver, u *url.URL) bool {
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return false
	}
	_, err := r.LookupHost(ctx, u.Hostname())
	return err != nil
}

// fetches connects where a name leads; what is an address by its text is refused.
func fetches(ctx context.Context, r *net.Resolver, u *url.URL) bool {
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return false
	}
	c := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DialContext: (&net.Dialer{Resolver: r}).DialContext, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	resp, err := c.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

func lists(_ context.Context, _ *net.Resolver, u *url.URL) bool { return u.Host == "images.books.test" }

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	sample("looks up before it refuses", fixture.Vulnerable, resolves),
	sample("a filter that reads the text", fixture.Vulnerable, fetches),
	sample("a list that comes first", fixture.Fixed, lists),
	sample("takes any and does nothing with it", fixture.Fixed, func(context.Context, *net.Resolver, *url.URL) bool { return true }),
	{Name: "takes none", Kind: fixture.Fixed, Tune: func(s *fixture.Shop, o *api.Options) { fixture.ListenForNames(s, o) }},
}
