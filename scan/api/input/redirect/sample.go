package redirect

import (
	"net/http"
	"net/url"
	"strings"

	"palisade.dev/scan/api/fixture"
)

func leave(check func(string) bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /leave", Open: true, Params: `[{"name":"next","in":"query","required":true,"schema":{"type":"string","example":"/books"}}]`, Do: func(c *fixture.Call) {
			next := c.R.URL.Query().Get("next")
			if !check(next) {
				next = "/"
			}
			c.W.Header().Set("Location", next)
			c.W.WriteHeader(http.StatusFound)
		}})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "wherever it says", Kind: fixture.Vulnerable, Make: leave(func(string) bool { return true })},
	{Name: "whatever begins with a slash", Kind: fixture.Vulnerable, Make: leave(func(s string) bool { return strings.HasPrefix(s, "/") })},
	{Name: "paths of its own", Kind: fixture.Fixed, Make: leave(func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && u.Host == "" && u.Scheme == "" && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.Contains(s, `\`)
	})},
	{Name: "through a page of its own that asks first", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /leave", Open: true, Params: `[{"name":"next","in":"query","required":true,"schema":{"type":"string"}}]`, Do: func(c *fixture.Call) {
			c.W.Header().Set("Location", "/really?to="+url.QueryEscape(c.R.URL.Query().Get("next")))
			c.W.WriteHeader(http.StatusFound)
		}})
	}},
}
