// Package ssrf is what the probes share that make a server call: where an operation takes addresses, and how to put one
// there while everything else stays as it was.
package ssrf

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

// Place is where an operation takes an address.
type Place struct {
	Op   *spec.Operation
	In   string // query or body
	Name string // url, or image.link in a body
	base any
	way  []string
}

// Param is the place as a finding names it.
func (p Place) Param() string { return p.In + ":" + p.Name }

// Token is the word that stands for the place at a listener.
func (p Place) Token(what string) string { return what + " " + p.Op.Name() + " " + p.Param() }

// named are parameters that are addresses by their name. A number of a page and the name of a file are none; those come
// as numbers, or without a word of these.
var named = late.Pattern(`(?i)(?:^|[_\-.])(?:url|uri|link|href|callback|webhook|hook|image|avatar|icon|logo|feed|rss|next|dest|destination|redirect|endpoint|site|source|src|proxy|remote|origin|target)$|(?:url|uri|link|href|webhook)s?$`)

// fetches are operations that only look at an address. They may be asked where others that write may not.
var fetches = late.Pattern(`(?i)preview|unfurl|fetch|proxy|thumbnail|screenshot|render|validate|check|crawl|oembed|metadata|resolve|convert|probe`)

// Asks says that an operation may be asked with an address of ours.
func Asks(t *api.Target, op *spec.Operation) bool {
	return t.Askable(op) || t.Mode >= api.Active && op.Method == "POST" && fetches.MatchString(op.Path)
}

// Places finds them in all operations that may be asked; held back are those that the mode keeps from being asked.
func Places(l *api.Look) (places []Place, held int) {
	type all struct {
		places []Place
		held   int
	}
	got := l.Once("ssrf places", func() any {
		var a all
		for _, op := range l.Operations {
			found := placesOf(op)
			if Asks(l.Target, op) {
				a.places = append(a.places, found...)
			} else if op.Method != "DELETE" {
				a.held += len(found)
			}
		}
		return a
	}).(all)
	return got.places, got.held
}

// mostPlaces in one body; a document of a hundred addresses is fetched by one loop.
const mostPlaces = 8

func placesOf(op *spec.Operation) []Place {
	var out []Place
	for _, p := range op.Params {
		if p.In == "query" && address(p.Name, p.Schema, p.Example) {
			out = append(out, Place{Op: op, In: "query", Name: p.Name})
		}
	}
	if op.Body == nil || op.Method == "GET" || op.Body.Raw != "" && op.Body.Example == nil {
		return out
	}
	base := api.BodyValue(op, rand.New(rand.NewPCG(1, 1)))
	var walk func(v any, s *spec.Schema, way []string)
	walk = func(v any, s *spec.Schema, way []string) {
		if len(way) > 4 || len(out) >= mostPlaces {
			return
		}
		switch v := v.(type) {
		case map[string]any:
			fields := map[string]*spec.Schema{}
			if s != nil {
				fields = s.Fields()
			}
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name], fields[name], append(slices.Clone(way), name))
			}
		case []any:
			if len(v) > 0 {
				var items *spec.Schema
				if s != nil {
					items = s.Items
				}
				walk(v[0], items, append(slices.Clone(way), "0"))
			}
		case string:
			name := last(way)
			if address(name, s, v) {
				out = append(out, Place{Op: op, In: "body", Name: strings.Join(way, "."), base: base, way: way})
			}
		}
	}
	walk(base, op.Body.Schema, nil)
	return out
}

// last is the name a value stands under; the place in a list is none.
func last(way []string) string {
	for _, name := range slices.Backward(way) {
		if name != "0" {
			return name
		}
	}
	return ""
}

func address(name string, s *spec.Schema, example any) bool {
	if s != nil && s.Type() != "" && s.Type() != "string" {
		return false
	}
	if s != nil && (len(s.Enum) > 0 || s.Format != "" && s.Format != "uri" && s.Format != "url") {
		return false
	}
	text, _ := example.(string)
	return s != nil && (s.Format == "uri" || s.Format == "url") || named.MatchString(name) || strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// Request asks the operation with an address at the place.
func (p Place) Request(l *api.Look, address string) client.Request {
	r := l.Request(p.Op, l.First()).By(l.First())
	if p.In == "query" {
		return r.Query(p.Name, address)
	}
	r.Body = api.Encode(p.Op.Body, put(p.base, p.way, address))
	return r
}

// put gives a copy with one value changed.
func put(v any, way []string, to string) any {
	if len(way) == 0 {
		return to
	}
	switch v := v.(type) {
	case map[string]any:
		c := maps.Clone(v)
		c[way[0]] = put(c[way[0]], way[1:], to)
		return c
	case []any:
		c := slices.Clone(v)
		if way[0] == "0" && len(c) > 0 {
			c[0] = put(c[0], way[1:], to)
		}
		return c
	}
	return v
}

// Came gives the calls at a token, our own left out.
func Came(ctx context.Context, l *api.Look, token string) []api.Call {
	return slices.DeleteFunc(l.Listener.Calls(ctx, token), func(c api.Call) bool { return strings.HasPrefix(c.Agent, "palisade") })
}

// Spelling is another way to write the same address.
type Spelling struct{ Name, Address string }

// Spellings writes an address so that a filter may not know it again. They all lead to the listener and nowhere else.
func Spellings(address string) []Spelling {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	with := func(host string) string { return u.Scheme + "://" + host + ":" + u.Port() + u.EscapedPath() }
	var out []Spelling
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && a.Is4() {
		b := a.As4()
		n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		out = append(
			out,
			Spelling{"as IPv6", with("[::ffff:" + a.String() + "]")},
			Spelling{"as IPv6 in hexadecimal", with(fmt.Sprintf("[::ffff:%x:%x]", n>>16, n&0xffff))},
			Spelling{"as one number", with(fmt.Sprint(n))},
			Spelling{"in hexadecimal", with(fmt.Sprintf("0x%08x", n))},
			Spelling{"in octal", with(fmt.Sprintf("0%o.%d.%d.%d", b[0], b[1], b[2], b[3]))},
			Spelling{"shortened", with(fmt.Sprintf("%d.%d", b[0], n&0xffffff))},
		)
	}
	return append(
		out,
		Spelling{"with a user name in front", u.Scheme + "://example.com@" + u.Host + u.EscapedPath()},
		Spelling{"in capitals", strings.ToUpper(u.Scheme) + "://" + u.Host + u.EscapedPath()},
		Spelling{"without a scheme", "//" + u.Host + u.EscapedPath()},
		Spelling{"with a dot behind the name", with(u.Hostname() + ".")},
		Spelling{"with a name of another behind", u.Scheme + "://" + u.Host + u.EscapedPath() + "#@example.com/"},
	)
}

// Near says that an address is one of this machine or of a private network.
func Near(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return err == nil && client.Near(a)
}

// Holds says that an answer holds a text, as it is or as JSON writes it.
func Holds(body []byte, text string) bool {
	if strings.Contains(string(body), text) {
		return true
	}
	quoted, err := json.Marshal(text)
	return err == nil && strings.Contains(string(body), string(quoted[1:len(quoted)-1]))
}
