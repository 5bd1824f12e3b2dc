package xml

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/ssrf/fake"
	"palisade.dev/scan/late"
)

var (
	entity    = late.Pattern(`<!ENTITY (% )?(\w+) (SYSTEM )?"([^"]*)">`)
	doctype   = late.Pattern(`(?s)<!DOCTYPE.*?\]>`)
	parameter = late.Pattern(`%\w+;`)
)

// parser is what a server reads XML with, well or badly.
type parser struct {
	expands bool          // entities that the document defines
	reads   *fake.Fetcher // entities that are elsewhere
	refuses bool          // any definition
}

func (p *parser) item(body string) (string, bool) {
	if p.refuses && strings.Contains(body, "<!DOCTYPE") {
		return "", false
	}
	defined := entity.FindAllStringSubmatch(body, -1)
	body = doctype.ReplaceAllString(body, "")
	for range 2 {
		for _, e := range defined {
			text, use := e[4], e[1] == ""
			if e[3] != "" {
				if p.reads == nil {
					continue
				}
				text, _ = p.reads.Fetch(e[4])
			} else if !p.expands {
				continue
			}
			if use {
				body = strings.ReplaceAll(body, "&"+e[2]+";", strings.TrimSpace(text))
			}
		}
	}
	d := xml.NewDecoder(strings.NewReader(parameter.ReplaceAllString(body, "")))
	d.Strict = !p.expands && p.reads == nil
	var in struct {
		Item string `xml:"item"`
	}
	// Without a definition that it follows, an entity is an error, as it should be.
	return in.Item, d.Decode(&in) == nil
}

// search is an operation that reads JSON, and XML where it has a parser.
func search(p *parser, answers bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{
			Pattern: "POST /orders/search", Answer: `{"type":"object"}`,
			Body: `{"type":"object","required":["item"],"properties":{"item":{"type":"string","example":"Bread at Home"}}}`,
			Do: func(c *fixture.Call) {
				body, _ := io.ReadAll(io.LimitReader(c.R.Body, 1<<20))
				var in struct{ Item string }
				ok := json.Unmarshal(body, &in) == nil
				if strings.Contains(c.R.Header.Get("Content-Type"), "xml") {
					if p == nil {
						c.Error(415, "JSON, please")
						return
					}
					in.Item, ok = p.item(string(body))
				} else if !strings.Contains(c.R.Header.Get("Content-Type"), "json") {
					c.Error(415, "JSON, please")
					return
				}
				if !ok {
					c.Error(400, "this cannot be read")
					return
				}
				if !answers {
					in.Item = "what you asked for"
				}
				c.JSON(200, map[string]any{"for": in.Item, "orders": []int{}})
			},
		})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "expands what is within", Kind: fixture.Vulnerable, Make: search(&parser{expands: true}, true)},
	{Name: "reads what is elsewhere", Kind: fixture.Vulnerable, Make: search(&parser{expands: true, reads: &fake.Fetcher{}}, true), Tune: fixture.Listen},
	{Name: "reads what is elsewhere and tells nothing", Kind: fixture.Vulnerable, Make: search(&parser{reads: &fake.Fetcher{}}, false), Tune: fixture.Listen},
	{Name: "takes XML without being asked", Kind: fixture.Vulnerable, Make: search(&parser{refuses: true}, true)},
	{Name: "JSON only", Kind: fixture.Fixed, Make: search(nil, true)},
	{Name: "JSON only, with a listener", Kind: fixture.Fixed, Make: search(nil, true), Tune: fixture.Listen},
	{Name: "expands nothing", Kind: fixture.Fixed, Make: search(&parser{}, true), Tune: fixture.Listen},
	{Name: "refuses definitions", Kind: fixture.Fixed, Make: search(&parser{refuses: true}, true), Tune: fixture.Listen},
	{Name: "refuses definitions, with noise", Kind: fixture.Noisy, Make: search(&parser{refuses: true}, true)},
	{Name: "no body at all", Kind: fixture.Fixed},
}
