package backend

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/netip"
	"slices"
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
	db       *store.DB
	declared []network.OwnList // in the configuration file
	log      *slog.Logger
	mu       sync.Mutex
	changed  func(name string)

	reading sync.Mutex
	written []store.OwnList // that are in force
}

func newNetworks(ctx context.Context, o Options) (*Networks, error) {
	bundled, err := network.Bundled()
	if err != nil {
		return nil, err
	}
	n := &Networks{db: o.DB, declared: ownLists(o.Networks), log: o.Log}
	if n.written, err = o.DB.OwnLists(ctx); err != nil {
		return nil, err
	}
	c := network.Config{
		Bundled: bundled, Own: n.own(n.written), Store: &lists{o.DB, o.Now},
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

// own joins the lists of the configuration and those that people wrote. One of these that cannot be used is left out and
// said in the log: it must not keep the back end from starting.
func (n *Networks) own(written []store.OwnList) []network.OwnList {
	all := slices.Clone(n.declared)
	for _, w := range written {
		ps, err := network.ReadOwn(w.Text)
		l := network.OwnList{Name: w.Name, Kind: w.Kind, Title: w.Title, By: w.Author, Written: time.UnixMilli(w.Updated)}
		for _, p := range ps {
			l.Entries = append(l.Entries, p.String())
		}
		if err = cmp.Or(err, l.Check()); err == nil && n.Declared(w.Name) {
			err = errors.New("the configuration has a list of this name, which is used instead")
		}
		if err != nil {
			n.log.Warn("a network list that somebody wrote is not used", "list", w.Name, "err", err)
			continue
		}
		all = append(all, l)
	}
	return all
}

// Declared reports whether the configuration file has an own list of a name.
func (n *Networks) Declared(name string) bool {
	return slices.ContainsFunc(n.declared, func(o network.OwnList) bool { return o.Name == name })
}

// Reread puts the lists that people wrote in force as the database has them now. On an error nothing has changed.
func (n *Networks) Reread(ctx context.Context) error {
	n.reading.Lock()
	defer n.reading.Unlock()
	now, err := n.db.OwnLists(ctx)
	if err != nil || slices.Equal(now, n.written) {
		return err
	}
	if err := n.SetOwn(ctx, n.own(now)); err != nil {
		return err
	}
	n.written = now
	return nil
}

// others is how often it is looked whether another back end on the same database let somebody write a list.
const others = 30 * time.Second

// run renews lists until the context ends.
func (n *Networks) run(ctx context.Context, changed func(context.Context, string)) {
	n.mu.Lock()
	n.changed = func(name string) { changed(ctx, name) }
	n.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { n.Run(ctx, time.After) })
	for tick := time.NewTicker(others); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			wg.Wait()
			return
		case <-tick.C:
			if err := n.Reread(ctx); err != nil && ctx.Err() == nil {
				n.log.Error("reading network lists that people wrote", "err", err)
			}
		}
	}
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
