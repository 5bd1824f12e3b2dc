package guard

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/link"
	"palisade.dev/guard/wire"
)

// Back says where the back end is.
type Back struct {
	URL     string // "https://palisade.internal:9090"
	SiteKey string // psk_…, from `palisade site key add SITE`
	Name    string // of this guard, the host's name unless given
	Kind    string // "go" unless given
	Version string
	Dir     string // keeps the last good policy and unsent events; "" keeps nothing over a restart
	Lists   []engine.NetworkList
	Client  *http.Client // for a private certificate authority or a proxy
}

// Connect ties the guard to its back end. Run the link it gives; until then, and whenever the back end is away, the
// guard enforces the last good policy.
func (g *Guard) Connect(b Back) (*link.Link, error) {
	key, err := wire.ParseSiteKey(b.SiteKey)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(b.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("back end %q: want an address such as https://palisade.internal:9090", b.URL)
	}
	return g.Join(b, link.NewHTTP(base, key, b.Client), key)
}

// Join ties the guard to a back end that is at hand, such as one in the same process.
func (g *Guard) Join(b Back, back link.Backend, key wire.SiteKey) (*link.Link, error) {
	if b.Name == "" {
		b.Name, _ = os.Hostname()
	}
	if b.Kind == "" {
		b.Kind = "go"
	}
	inventory := wire.Inventory{
		Guard: b.Name, Kind: b.Kind, Version: b.Version, Host: b.Name,
		Runtime: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			inventory.Modules = append(inventory.Modules, wire.Module{Path: m.Path, Version: m.Version})
		}
	}
	l, err := link.New(link.Options{
		Guard: b.Name, Backend: back, Public: key.Public, Enforcer: g, Inventory: inventory,
		Lists: b.Lists, Dir: b.Dir, Now: g.o.Now, Rand: g.o.Rand, Log: g.o.Log,
	})
	if err != nil {
		return nil, err
	}
	g.Attach(l.Record, l.Away)
	return l, nil
}
