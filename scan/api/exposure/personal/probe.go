// Package personal reads what the target answered and looks for data of people who did not ask.
package personal

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/exposure/personal", Title: "Data of other people is in answers", Severity: scan.High, CWE: []int{359, 200},
		Standards: []string{"OWASP API3:2023", "OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 C1.1", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Passive, Whole: true,
	Fix: "Answer to each who asks with the fields that are theirs to know; leave account numbers, numbers of identity and addresses of others out, or show their last digits.",
	Run: run,
}

// crowd is from how many people on contact data is a list that somebody can carry off.
const crowd = 10

// sighting is data of one kind in one answer, and by whom it was seen.
type sighting struct {
	kind  kind
	path  string
	seen  map[string]*client.Exchange // by who
	items map[string]map[string]bool  // who saw a value
}

func run(ctx context.Context, l *api.Look) {
	own := map[string]bool{}
	for _, i := range l.Identities {
		for path, x := range l.Knows(i).Answers {
			if api.IsMe(path) {
				for _, f := range Find(x.Body) {
					own[f.Value] = true
				}
			}
		}
		own[strings.ToLower(i.User)] = true
	}
	all := map[string]*sighting{}
	read := 0
	for _, who := range l.Names() {
		if high(l, who) {
			continue // those with more rights may read of others; that is what the rights are for
		}
		for _, x := range l.Read(ctx, who) {
			if len(x.Body) == 0 {
				continue
			}
			read++
			for _, f := range Find(l.Search(x.Body)) {
				if own[f.Value] || strings.Contains(x.Request.URL, f.Value) || strings.Contains(string(x.Request.Body), f.Value) {
					continue
				}
				key := string(f.Kind) + " " + l.PathOf(x)
				s := all[key]
				if s == nil {
					s = &sighting{kind: f.Kind, path: l.PathOf(x), seen: map[string]*client.Exchange{}, items: map[string]map[string]bool{}}
					all[key] = s
				}
				if s.seen[who] == nil {
					s.seen[who] = x
				}
				if s.items[f.Value] == nil {
					s.items[f.Value] = map[string]bool{}
				}
				s.items[f.Value][who] = true
			}
		}
	}
	ordinary := len(l.Ordinary())
	unsure := 0
	for _, key := range slices.Sorted(maps.Keys(all)) {
		s := all[key]
		public, shared := 0, 0
		for _, by := range s.items {
			switch {
			case by["nobody"]:
				public++
			case len(by) >= 2:
				shared++
			}
		}
		h := api.Hit{Confidence: scan.Firm, Key: key}
		var method string
		switch {
		case public > 0:
			x := s.seen["nobody"]
			method = x.Request.Method
			h.Severity, h.Evidence = s.kind.public(), api.Show(x)
			if s.kind == Contact && public < crowd {
				h.Severity = scan.Low // the address of a shop, or of who wrote an article
			}
			h.Message = fmt.Sprintf("%s %s answers whoever asks with %s of %d people.", method, s.path, s.kind, public)
		case shared > 0:
			who := slices.Sorted(maps.Keys(s.seen))
			for _, name := range who {
				h.Evidence = append(h.Evidence, s.seen[name])
			}
			method = h.Evidence[0].Request.Method
			h.Severity = scan.High
			if s.kind == Contact {
				h.Severity = scan.Low
				if shared >= crowd {
					h.Severity = scan.Medium
				}
			}
			h.Message = fmt.Sprintf("%s %s answers %s alike with %s of %d people who are none of them.", method, s.path, strings.Join(who, " and "), s.kind, shared)
		default:
			if ordinary < 2 {
				unsure++ // one person's view does not tell whose it is
			}
			continue
		}
		l.FoundAt(h, method, s.path)
	}
	if n := l.Unsearched(); n > 0 {
		l.CannotTell(fmt.Sprintf("%d KB of answers that are too large were not searched", n>>10), "bound the size of answers, or look at their operations alone")
	}
	switch {
	case l.Told():
	case read == 0:
		l.CannotTell("nothing was answered that could be read", "")
	case unsure > 0:
		l.CannotTell(fmt.Sprintf("personal data is in answers at %d places, and whose it is cannot be seen by one person", unsure), "give a second identity: --identity bob=bearer:env:BOB_TOKEN")
	default:
		l.Clear(fmt.Sprintf("%d answers hold no data of people who did not ask", read))
	}
}

func high(l *api.Look, who string) bool {
	for _, i := range l.Identities {
		if i.Name == who {
			return i.High()
		}
	}
	return false
}
