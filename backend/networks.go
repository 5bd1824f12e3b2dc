package backend

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"palisade.dev/backend/network"
	"palisade.dev/config"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Networks are the network lists in force: what policies refer to, and what people look addresses up in.
type Networks struct {
	*network.Refresher
	mu      sync.Mutex
	changed func(name string)
}

func newNetworks(ctx context.Context, o Options) (*Networks, error) {
	bundled, err := network.Bundled()
	if err != nil {
		return nil, err
	}
	n := &Networks{}
	c := network.Config{
		Bundled: bundled, Own: ownLists(o.Networks), Store: &lists{o.DB, o.Now},
		Public: network.NewClient(network.PublicOnly, nil), Private: network.NewClient(network.Anywhere, nil),
		Files: network.Disk{}, Clock: o.Now, Rand: mathrand.Float64, UserAgent: "Palisade/" + o.Version,
		Changed: func(l network.List) {
			n.mu.Lock()
			f := n.changed
			n.mu.Unlock()
			if f != nil {
				f(l.Name)
			}
		},
	}
	if o.Networks.Refresh == nil || *o.Networks.Refresh {
		c.Sources = network.Catalogue()
	}
	if n.Refresher, err = network.New(ctx, c); err != nil {
		return nil, fmt.Errorf("network lists: %w", err)
	}
	return n, nil
}

func ownLists(c config.Networks) []network.OwnList {
	var out []network.OwnList
	for _, o := range c.Own {
		out = append(out, network.OwnList{
			Name: "own/" + o.Name, Kind: o.Kind, Title: o.Title, File: o.File, URL: o.URL, Format: o.Format, Every: o.Every.Std(),
			Entries: o.Prefixes, Private: o.Private,
		})
	}
	return out
}

// run renews lists until the context ends.
func (n *Networks) run(ctx context.Context, changed func(context.Context, string)) {
	n.mu.Lock()
	n.changed = func(name string) { changed(ctx, name) }
	n.mu.Unlock()
	n.Run(ctx, time.After)
}

// Refs names the lists for a policy, what matters most first.
func (n *Networks) Refs() []wire.Network {
	var out []wire.Network
	for _, l := range n.Lists() {
		if len(l.Prefixes) > 0 {
			out = append(out, wire.Network{Name: l.Name, Kind: l.Kind, Checksum: l.Checksum})
		}
	}
	return out
}

// Prefixes gives a list by its checksum.
func (n *Networks) Prefixes(checksum string) ([]netip.Prefix, bool) {
	for _, l := range n.Lists() {
		if l.Checksum == checksum {
			return l.Prefixes, true
		}
	}
	return nil, false
}

// AtHand gives the lists for a guard in the same process, which then has not to ask for them.
func (n *Networks) AtHand() []engine.NetworkList {
	var out []engine.NetworkList
	for _, l := range n.Lists() {
		out = append(out, engine.NetworkList{Name: l.Name, Kind: l.Kind, Checksum: l.Checksum, Prefixes: l.Prefixes})
	}
	return out
}

// lists keeps network lists in the database.
type lists struct {
	db  *store.DB
	now func() time.Time
}

// keptBody is a list's row without its prefixes.
type keptBody struct {
	Kept network.Kept
}

func (l *lists) LoadLists(ctx context.Context) ([]network.Kept, error) {
	rows, err := l.db.NetworkLists(ctx)
	if err != nil {
		return nil, err
	}
	var out []network.Kept
	for _, r := range rows {
		var b keptBody
		if err := json.Unmarshal([]byte(r.Body), &b); err != nil {
			return nil, fmt.Errorf("network list %s: %w", r.Name, err)
		}
		if len(r.Prefixes) > 0 {
			z, err := gzip.NewReader(bytes.NewReader(r.Prefixes))
			if err != nil {
				return nil, fmt.Errorf("network list %s: %w", r.Name, err)
			}
			if b.Kept.List.Prefixes, err = prefix.Parse(io.LimitReader(z, wire.MaxEnvelopes)); err != nil {
				return nil, fmt.Errorf("network list %s: %w", r.Name, err)
			}
		}
		out = append(out, b.Kept)
	}
	return out, nil
}

func (l *lists) SaveList(ctx context.Context, k network.Kept) error {
	var packed bytes.Buffer
	if len(k.List.Prefixes) > 0 {
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(network.Text(k.List.Prefixes)); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
	}
	bare := k
	bare.List.Prefixes = nil
	body, err := json.Marshal(keptBody{bare})
	if err != nil {
		return err
	}
	return l.db.PutNetworkList(ctx, store.NetworkList{Name: k.List.Name, Kind: k.List.Kind, Body: string(body), Checksum: k.List.Checksum, Prefixes: packed.Bytes()})
}
