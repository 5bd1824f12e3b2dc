// Package trap lays what no honest client touches: paths that nothing links to, ids that belong to nobody, links that were
// never given away, forms that no person sees, keys and accounts that are nobody's. It says which are laid, who touched them last, and what to put where so that
// somebody will. What a touch costs is decided by the guards.
package trap

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/event"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Traps is the room.
type Traps struct {
	DB     *store.DB
	Feed   *feed.Feed
	Rules  *rule.Rules
	Search *event.Search
	Rand   io.Reader
	Now    func() time.Time
}

// ErrInvalid says what is wrong with a draft.
var ErrInvalid = errors.New("invalid")

// Kind is a sort of bait.
type Kind string

// The kinds. What a trap is of is read off its paths, so that one that was written in YAML has a kind too.
const (
	Path      Kind = "path"      // a page that nothing links to
	Link      Kind = "link"      // a page that only who read something secret can know
	ID        Kind = "id"        // the id of a record that is nobody's
	Form      Kind = "form"      // a form that no person sees
	Key       Kind = "key"       // an API key that was never given to anybody
	Account   Kind = "account"   // a name or address that nobody owns
	Signature Kind = "signature" // words and endings that scanners try
)

// Kinds are all of them, in the order in which a page offers them.
var Kinds = []Kind{Form, Path, Link, ID, Key, Account, Signature}

// Touch is the newest touch of a trap.
type Touch struct {
	At      int64  `json:"at" doc:"unix microseconds"`
	Address string `json:"address"`
	Account string `json:"account,omitempty"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Action  string `json:"action"`
}

// State is a trap with where it came from and what it caught.
type State struct {
	wire.Trap
	Kind    Kind   `json:"kind"`
	Source  string `json:"source" doc:"default, file or person"`
	Author  string `json:"author,omitempty"`
	Updated int64  `json:"updated,omitempty" doc:"unix milliseconds"`
	Touched *Touch `json:"touched,omitempty" doc:"the newest touch that is kept"`
	Day     uint64 `json:"day" doc:"requests that it refused within 24 h"`
}

// On is its mode, spelled out.
func (s State) On() string { return cmp.Or(s.Mode, "on") }

// Always reports whether a touch counts whatever the app answers.
func (s State) Always() bool { return s.When == "" || s.When == "always" }

// Hashes are by what requests and events know its keys.
func (s State) Hashes() []string {
	var short []string
	for _, k := range s.Keys {
		short = append(short, k[:min(12, len(k))])
	}
	return short
}

// looked is how far back the newest touch is looked for.
const looked = 30 * 24 * time.Hour

// List gives a site's traps in the order in which they are looked at, defaults included. It asks the index of events once for
// each.
func (t *Traps) List(ctx context.Context, s store.Site) ([]State, error) {
	p, err := t.Feed.Outline(ctx, s)
	if err != nil {
		return nil, err
	}
	docs, err := t.DB.Documents(ctx, s.ID, feed.KindTrap)
	if err != nil {
		return nil, err
	}
	now := t.Now()
	sum, err := t.Search.Summary(ctx, s.ID, now.Add(-24*time.Hour), now, 24*time.Hour)
	if err != nil {
		return nil, err
	}
	day := map[string]uint64{}
	for _, e := range sum.Total.Top(event.Rules, 64) {
		day[e.Value] = e.Count
	}
	states := []State{}
	for _, x := range p.Traps {
		st := State{Trap: x, Kind: kindOf(x), Source: "default", Day: day[x.Name]}
		for _, d := range docs {
			if d.Name == x.Name {
				st.Source, st.Author, st.Updated = d.Source, d.Author, d.Updated
			}
		}
		if st.Touched, err = t.touched(ctx, s, x.Name, now); err != nil {
			return nil, err
		}
		states = append(states, st)
	}
	return states, nil
}

// touched finds the newest touch of a trap. A touch is an outcome of the request whose subject is the trap, whether or not
// it was refused for it.
func (t *Traps) touched(ctx context.Context, s store.Site, name string, now time.Time) (*Touch, error) {
	page, err := t.Search.Find(ctx, event.Query{Site: s.ID, From: now.Add(-looked), Outcome: "trap.touched", Account: name, Limit: 1})
	if err != nil || len(page.Events) == 0 {
		return nil, err
	}
	e := page.Events[0]
	return &Touch{At: e.At, Address: veil.Text(e.Address), Account: e.Account, Method: e.Method, Path: e.Path, Action: e.Action}, nil
}

// Get gives one trap.
func (t *Traps) Get(ctx context.Context, s store.Site, name string) (State, error) {
	all, err := t.List(ctx, s)
	if err != nil {
		return State{}, err
	}
	for _, x := range all {
		if x.Name == name {
			return x, nil
		}
	}
	return State{}, fmt.Errorf("%w: no trap %s", store.ErrNotFound, name)
}

func kindOf(t wire.Trap) Kind {
	switch {
	case t.Form != "":
		return Form
	case len(t.Keys) > 0:
		return Key
	case len(t.Accounts) > 0:
		return Account
	}
	kind := Signature
	for _, p := range t.Paths {
		switch {
		case !strings.HasPrefix(p, "/"):
			if isID(p) && len(t.Paths) == 1 {
				return ID
			}
			return Signature
		case strings.HasPrefix(p, linkPath):
			kind = Link
		default:
			kind = Path
		}
	}
	return kind
}

// Set keeps a trap, or replaces the one of its name.
func (t *Traps) Set(ctx context.Context, s store.Site, x wire.Trap) error {
	if err := access.Check(ctx, s.ID, access.Change); err != nil {
		return err
	}
	name := x.Name
	if !named(name) {
		return fmt.Errorf("%w: name: want 1 to 64 of a-z, 0-9 and -", ErrInvalid)
	}
	body, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return t.Rules.PutDocument(ctx, s, feed.KindTrap, name, body, access.Of(ctx).Name)
}

func named(name string) bool {
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-')
	})
}

// Mode switches a trap on, off, or to rehearse. A default becomes the site's own.
func (t *Traps) Mode(ctx context.Context, s store.Site, name, mode string) error {
	if !slices.Contains([]string{"on", "rehearse", "off"}, mode) {
		return fmt.Errorf("%w: mode: %.40q: want on, rehearse or off", ErrInvalid, mode)
	}
	p, err := t.Feed.Outline(ctx, s)
	if err != nil {
		return err
	}
	for _, x := range p.Traps {
		if x.Name == name {
			if x.Mode = mode; mode == "on" {
				x.Mode = ""
			}
			return t.Set(ctx, s, x)
		}
	}
	return fmt.Errorf("%w: no trap %s", store.ErrNotFound, name)
}

// Delete takes a trap away; a default of its name comes back.
func (t *Traps) Delete(ctx context.Context, s store.Site, name string) error {
	if err := access.Check(ctx, s.ID, access.Change); err != nil {
		return err
	}
	return t.Rules.DeleteDocument(ctx, s, feed.KindTrap, name, access.Of(ctx).Name)
}
