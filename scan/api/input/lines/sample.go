package lines

import (
	"strings"

	"palisade.dev/scan/api/fixture"
)

// visit remembers a word in a header, written by hand where it is not cleaned.
func visit(clean func(string) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /visit", Open: true, Params: `[{"name":"from","in":"query","required":true,"schema":{"type":"string","example":"home"}}]`, Do: func(c *fixture.Call) {
			for line := range strings.SplitSeq("X-From: "+clean(c.R.URL.Query().Get("from")), "\n") {
				if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
					c.W.Header().Set(name, strings.TrimSpace(value))
				}
			}
			c.JSON(200, map[string]string{"welcome": "you"})
		}})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "as it is", Kind: fixture.Vulnerable, Make: visit(func(s string) string { return s })},
	{Name: "without line ends", Kind: fixture.Fixed, Make: visit(func(s string) string { return strings.NewReplacer("\r", "", "\n", " ").Replace(s) })},
}
