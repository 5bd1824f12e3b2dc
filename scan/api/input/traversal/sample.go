package traversal

import (
	"path"
	"strings"

	"palisade.dev/scan/api/fixture"
)

// files plays a folder behind GET /invoice: what name leads to is opened after clean.
func files(clean func(string) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /invoice", Open: true, Params: `[{"name":"name","in":"query","required":true,"schema":{"type":"string","example":"march.txt"}}]`, Do: func(c *fixture.Call) {
			switch name := path.Join("/srv/shop/invoices", clean(c.R.URL.Query().Get("name"))); name {
			case "/etc/passwd":
				_, _ = c.W.Write([]byte("root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\n"))
			case "/srv/shop/invoices/march.txt":
				_, _ = c.W.Write([]byte("Invoice for March: 12.00"))
			default:
				c.Error(404, "no such invoice")
			}
		}})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "joined", Kind: fixture.Vulnerable, Make: files(func(s string) string { return s })},
	{Name: "cleaned once, by replacing", Kind: fixture.Vulnerable, Make: files(func(s string) string { return strings.ReplaceAll(s, "../", "") })},
	{Name: "the last element only", Kind: fixture.Fixed, Make: files(path.Base)},
	{Name: "a page about such files", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET /help", Open: true, Params: `[{"name":"topic","in":"query","required":true,"schema":{"type":"string"}}]`, Do: func(c *fixture.Call) {
			c.JSON(200, map[string]string{"topic": c.R.URL.Query().Get("topic"), "text": "A line reads root:x:0:0:root:/root:/bin/sh"})
		}})
	}},
}
