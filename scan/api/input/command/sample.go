package command

import (
	"net/http"
	"strings"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/late"
)

var (
	call         = late.Pattern(`curl -s (http://[^\s|;)&']+)`)
	substitution = late.Pattern(`\$\([^)]*\)`)
	breakout     = late.Pattern(`';[^']*;'`)
)

// cover is an operation that draws the cover of a book, by a program; where what is in the title runs as a command.
func cover(runs *late.Regexp) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /cover", Params: `[{"name":"title","in":"query","required":true,"schema":{"type":"string","example":"Omoo"}}]`, Do: func(c *fixture.Call) {
			title := c.R.URL.Query().Get("title")
			if runs != nil {
				if m := call.FindStringSubmatch(runs.FindString(title)); m != nil {
					get(m[1])
				}
			}
			c.JSON(200, map[string]string{"cover": "/covers/" + strings.ToLower(title[:min(len(title), 8)])})
		}})
	}
}

func get(address string) {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return
	}
	req.Header.Set("User-Agent", "curl/8.5.0")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "between double quotes", Kind: fixture.Vulnerable, Make: cover(substitution), Tune: fixture.Listen},
	{Name: "between single quotes", Kind: fixture.Vulnerable, Make: cover(breakout), Tune: fixture.Listen},
	{Name: "a list of arguments", Kind: fixture.Fixed, Make: cover(nil), Tune: fixture.Listen},
	{Name: "a list of arguments, with noise", Kind: fixture.Noisy, Make: cover(nil), Tune: fixture.Listen},
}
