// Package client tells who somebody is: what a site saw of an address, a network, an account, a key, a certificate or a
// fingerprint, and what that looks like in plain words. It judges for a person who has to decide in a minute; it decides
// nothing.
package client

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"palisade.dev/backend/event"
	"palisade.dev/backend/network"
	"palisade.dev/backend/veil"
	"palisade.dev/store"
)

// Clients is the room.
type Clients struct {
	DB       *store.DB
	Search   *event.Search
	Networks interface {
		Lookup(a netip.Addr) []network.Match
	}
	Veils *veil.Veils
	Now   func() time.Time
}

// ErrInvalid says that a subject cannot be read.
var ErrInvalid = errors.New("invalid")

// State is what is known of one client.
type State struct {
	Subject   string            `json:"subject"`
	Veiled    veil.Mode         `json:"pseudonym,omitempty" enum:"encrypted,hashed" doc:"what the subject is a pseudonym by; it can be neither banned nor allowed"`
	Also      []string          `json:"pseudonyms,omitempty" doc:"under which events of the address are kept"`
	By        string            `json:"by" doc:"address, network, account, api_key, certificate, session or fingerprint"`
	Judgement Judgement         `json:"judgement"`
	Networks  []Found           `json:"networks"`
	Requests  uint64            `json:"requests"`
	First     int64             `json:"first" doc:"unix milliseconds"`
	Last      int64             `json:"last"`
	Actions   map[string]uint64 `json:"actions"`
	Rules     map[string]uint64 `json:"rules"`
	Marks     map[string]uint64 `json:"marks"`
	SignIns   []SignIns         `json:"sign_ins" doc:"by account, last seven days"`
	Used      []Counted         `json:"addresses"`
	Others    []string          `json:"other_accounts"`
	Bans      []store.Ban       `json:"bans"`
	Shared    bool              `json:"shared" doc:"three or more accounts signed in from it"`
	Bounded   bool              `json:"bounded" doc:"counts are of the newest events only, since first"`
	Timeline  []Hour            `json:"timeline" doc:"hours of the last seven days in which there was anything"`
	Events    []event.Shown     `json:"events"`
}

// Hour is what was answered within one.
type Hour struct {
	At      int64             `json:"at" doc:"its start, unix milliseconds"`
	Actions map[string]uint64 `json:"actions"`
}

// SignIns is how one account fared.
type SignIns struct {
	Account string `json:"account"`
	OK      uint64 `json:"ok"`
	Failed  uint64 `json:"failed"`
	Last    int64  `json:"last"`
}

// Counted is a value of a top list.
type Counted struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
	Miss  uint64 `json:"miss,omitempty" doc:"the count may be too high by as much"`
}

// Found is a list that covers an address.
type Found struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Title string `json:"title"`
}

// Lists gives which lists cover an address, what matters most first.
func Lists(matches []network.Match) []Found {
	found := []Found{}
	for _, m := range matches {
		found = append(found, Found{m.Name, m.Kind, m.Title})
	}
	return found
}

// Count gives a top list.
func Count(entries []event.Entry) []Counted {
	out := []Counted{}
	for _, e := range entries {
		out = append(out, Counted{e.Value, e.Count, e.Miss})
	}
	return out
}

// Show tells all that is known of a subject of a site.
func (c *Clients) Show(ctx context.Context, s store.Site, text string) (State, error) {
	who, err := read(text)
	if err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	seen, err := c.Search.Client(ctx, s.ID, event.Subject{By: who.by, Value: who.value}, c.Now())
	if err != nil {
		return State{}, err
	}
	state := State{
		Subject: who.subject, By: who.by, Veiled: who.veiled, Networks: []Found{}, Requests: seen.Requests, Actions: seen.Actions, Rules: seen.Rules, Marks: seen.Marks,
		SignIns: []SignIns{}, Used: Count(seen.Used), Others: append([]string{}, seen.Others...), Bounded: seen.Bounded,
		Timeline: []Hour{}, Events: event.ShowAll(seen.Events),
	}
	for _, p := range seen.Timeline {
		state.Timeline = append(state.Timeline, Hour{p.Start.UnixMilli(), p.Actions})
	}
	if seen.Requests > 0 {
		state.First, state.Last = seen.First.UnixMilli(), seen.Last.UnixMilli()
	}
	for _, i := range seen.SignIns {
		state.SignIns = append(state.SignIns, SignIns{i.Account, i.OK, i.Failed, i.Last.UnixMilli()})
	}
	if who.prefix.IsValid() {
		state.Networks = Lists(c.Networks.Lookup(who.prefix.Addr()))
		if state.Also, err = c.also(ctx, s, who.prefix); err != nil {
			return State{}, err
		}
	}
	bans, err := c.DB.BanHistory(ctx, s.ID, who.subject, 20, state.Also...)
	if err != nil {
		return State{}, err
	}
	state.Bans = append([]store.Ban{}, bans...)
	state.Judgement = Judge(state)
	state.Shared = who.by == "address" && state.Judgement.Accounts >= sharedAccounts
	return state, nil
}
