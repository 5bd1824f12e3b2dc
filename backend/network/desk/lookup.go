package desk

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/network"
	"palisade.dev/backend/rule"
	"palisade.dev/guard/prefix"
	"palisade.dev/store"
)

// Question is an address or a prefix, and perhaps a request from it.
type Question struct {
	Address string // or a prefix
	Method  string // GET unless given
	Target  string // path, with its query if it matters; "" asks for no verdict
	Agent   string // User-Agent of that request
}

// Found is a list that covers an address, or some of a prefix.
type Found struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Whole bool   `json:"whole" doc:"it covers all of what was asked about"`
	Bot   bool   `json:"bot" doc:"the list vouches for a crawler, monitor or sender that calls itself so"`
	Uses  []Use  `json:"uses"`
}

// Answer is what is known of an address.
type Answer struct {
	Subject    string            `json:"subject"`
	Single     bool              `json:"single" doc:"it is one address"`
	Lists      []Found           `json:"lists" doc:"what matters most first"`
	Bans       []store.Ban       `json:"bans" doc:"that cover all of it"`
	Allowances []store.Allowance `json:"allowances" doc:"that cover all of it"`
	Verdict    *rule.Tested      `json:"verdict,omitempty" doc:"what the request that was asked about would get now"`
}

// Look tells what is known of an address or a prefix on a site.
func (d *Desk) Look(ctx context.Context, s store.Site, q Question) (Answer, error) {
	p, err := prefix.ParsePrefix(strings.TrimSpace(q.Address))
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	a := Answer{Subject: p.String(), Single: p.IsSingleIP()}
	if a.Single {
		a.Subject = p.Addr().String()
	}
	policy, err := d.Feed.Outline(ctx, s)
	if err != nil {
		return Answer{}, err
	}
	a.Lists = d.covering(p)
	for i, l := range a.Lists {
		a.Lists[i].Uses = uses(policy, l.Name, l.Kind)
	}
	now := d.Now().UnixMilli()
	bans, err := d.DB.BansOf(ctx, s.ID, feed.Covering(p), now)
	if err != nil {
		return Answer{}, err
	}
	a.Bans = append([]store.Ban{}, bans...)
	allowances, err := d.DB.Allowances(ctx, s.ID, now)
	if err != nil {
		return Answer{}, err
	}
	a.Allowances = slices.DeleteFunc(append([]store.Allowance{}, allowances...), func(x store.Allowance) bool {
		by, err := prefix.ParsePrefix(x.Subject)
		return err != nil || by.Bits() > p.Bits() || !by.Contains(p.Addr()) // of a principal, or of others
	})
	if q.Target == "" {
		return a, nil
	}
	if !strings.HasPrefix(q.Target, "/") {
		return Answer{}, fmt.Errorf("%w: want a path that begins with a slash, such as /login", ErrInvalid)
	}
	probe := rule.Probe{Method: strings.ToUpper(q.Method), Target: q.Target, Address: p.Addr().String(), Times: 1}
	if probe.Method == "" {
		probe.Method = "GET"
	}
	if q.Agent != "" {
		probe.Header = map[string]string{"User-Agent": q.Agent}
	}
	verdict, err := d.Rules.Try(ctx, s, probe)
	if err != nil {
		return Answer{}, err
	}
	a.Verdict = &verdict
	return a, nil
}

// covering gives the lists that cover a prefix or some of it. Of one address the index knows at once; a prefix is looked for in
// each list, whose prefixes are sorted.
func (d *Desk) covering(p netip.Prefix) []Found {
	out := []Found{}
	bot := func(kind string) bool {
		return kind == network.Crawler || kind == network.Monitor || kind == network.Webhook
	}
	if p.IsSingleIP() {
		for _, m := range d.Lists.Lookup(p.Addr()) {
			out = append(out, Found{Name: m.Name, Kind: m.Kind, Title: m.Title, Whole: true, Bot: bot(m.Kind)})
		}
		return out
	}
	for _, l := range d.Lists.Lists() {
		if whole, some := held(l.Prefixes, p); some {
			out = append(out, Found{Name: l.Name, Kind: l.Kind, Title: l.Title, Whole: whole, Bot: bot(l.Kind)})
		}
	}
	return out
}

// held reports whether canonical prefixes hold all of a prefix, or some of it.
func held(canonical []netip.Prefix, p netip.Prefix) (whole, some bool) {
	i, _ := slices.BinarySearchFunc(canonical, p, func(have, want netip.Prefix) int {
		if have.Addr().Is4() != want.Addr().Is4() {
			if have.Addr().Is4() {
				return -1
			}
			return 1
		}
		return have.Addr().Compare(want.Addr())
	})
	if i > 0 && canonical[i-1].Overlaps(p) {
		return true, true // it begins before p and so is the wider one
	}
	if i < len(canonical) && canonical[i].Overlaps(p) {
		return canonical[i].Bits() <= p.Bits(), true
	}
	return false, false
}
