package media

import (
	"encoding/json"
	"net/http"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
)

// search is an operation that reads bodies, and those of other names where it is loose.
func search(reads func(r *http.Request) (item string, ok bool)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{
			Pattern: "POST /orders/search", Answer: `{"type":"object"}`,
			Body: `{"type":"object","required":["item"],"properties":{"item":{"type":"string","example":"Bread at Home"}}}`,
			Do: func(c *fixture.Call) {
				item, ok := reads(c.R)
				if !ok {
					c.Error(422, "an item, please")
					return
				}
				c.JSON(200, map[string]any{"for": item, "orders": []int{}})
			},
		})
	}
}

func anything(r *http.Request) (string, bool) {
	var in struct{ Item string }
	err := json.NewDecoder(r.Body).Decode(&in)
	return in.Item, err == nil && in.Item != ""
}

func form(r *http.Request) (string, bool) {
	if strings.Contains(r.Header.Get("Content-Type"), "json") {
		return anything(r)
	}
	item := r.FormValue("item")
	return item, item != ""
}

func strict(r *http.Request) (string, bool) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return "", false
	}
	return anything(r)
}

func ownSite(r *http.Request) (string, bool) {
	if r.Header.Get("Origin") != "" {
		return "", false
	}
	return anything(r)
}

// byCookie lets alice in by a cookie.
func byCookie(s *fixture.Shop) {
	s.Who = func(r *http.Request) (*fixture.User, bool) {
		c, err := r.Cookie("session")
		if err != nil {
			return nil, false
		}
		if c.Value == "s-alice-41d8cd98f00b" {
			return s.User("alice"), false
		}
		return nil, true
	}
}

func sample(name string, k fixture.Kind, reads func(*http.Request) (string, bool)) fixture.Sample {
	return fixture.Sample{Name: name, Kind: k, Make: func(s *fixture.Shop) { search(reads)(s); byCookie(s) }, Tune: func(_ *fixture.Shop, o *api.Options) {
		o.Identities = []*identity.Identity{identity.New("alice", "", identity.Cookie, "session", "s-alice-41d8cd98f00b")}
	}}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	sample("plain text is JSON", fixture.Vulnerable, anything),
	sample("a form is JSON", fixture.Vulnerable, form),
	{Name: "plain text is JSON, with a bearer token", Kind: fixture.Vulnerable, Make: search(anything)},
	sample("JSON only", fixture.Fixed, strict),
	sample("its own pages only", fixture.Fixed, ownSite),
	sample("reads no body", fixture.Fixed, func(*http.Request) (string, bool) { return "all", true }),
}
