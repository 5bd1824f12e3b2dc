package backend

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"palisade.dev/backend/api"
	"palisade.dev/backend/detect"
	"palisade.dev/backend/detect/recipes"
	"palisade.dev/backend/event"
	"palisade.dev/backend/guardapi"
	"palisade.dev/backend/retention"
	"palisade.dev/backend/site"
	"palisade.dev/backend/veil"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/identity"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

func (b *Backend) openEvents(ctx context.Context) error {
	codec, err := event.NewCodec()
	if err != nil {
		return err
	}
	b.Retention = &retention.Retention{DB: b.DB, File: int(b.o.Retention / (24 * time.Hour)), Now: b.o.Now, Changed: b.keepFor}
	keep := b.Retention.File
	if kept, err := b.Retention.Get(ctx); err == nil { // else the log says so when something is to be forgotten
		keep = kept.Days
	}
	b.Events = event.NewLog(b.DB, codec, event.Options{Clock: b.o.Now, Keep: keep, Veil: b.veil, Heard: b.heard})
	b.Search = event.NewSearch(b.DB, codec).Veiled(b.veil)
	b.Detections = &detect.Detections{DB: b.DB, Search: b.Search, Recipes: recipes.All(), Now: b.o.Now, ID: b.id, Log: b.o.Log}
	return nil
}

// heard is told of every event, once it is kept.
func (b *Backend) heard(site string, events []wire.Event) { b.Detections.Heard(site, events) }

// veil gives a site's veil as the site is now. Where a site is gone, or nobody can read what it said, addresses are hashed:
// its events must neither be written clear nor hold up those of other sites.
func (b *Backend) veil(ctx context.Context, id string) (*veil.Veil, error) {
	s, err := b.DB.SiteByID(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	var p veil.Setting
	if err == nil {
		if p, err = site.Privacy(s); err != nil {
			b.o.Log.Error("reading how addresses are kept; they are hashed meanwhile", "site", s.Name, "err", err)
		}
	}
	if err != nil {
		p = veil.Setting{Spell: veil.Spell{Mode: veil.Hashed}}
	}
	return b.Veils.Site(id, p), nil
}

// missKeys says of which sites pseudonyms were made with a key that is not there any more: somebody may still have a copy
// of the old one, and should hear of it before the events are gone.
func (b *Backend) missKeys(ctx context.Context) error {
	sites, err := b.DB.Sites(ctx)
	if err != nil {
		return err
	}
	for _, s := range sites {
		p, err := site.Privacy(s)
		if err == nil && b.Veils.Lost(s.ID, p.Spell) {
			b.o.Log.Warn("the installation's key is not the one that this site's pseudonyms were made with: what is stored can be neither found by its address nor revealed; put the old "+KeyFile+" back into the data folder, or go on with the new one in the site's settings", "site", s.Name)
		}
	}
	return nil
}

// pseudonyms gives the names by which past bans of an address may be kept.
func (b *Backend) pseudonyms(ctx context.Context, site string, p netip.Prefix) ([]string, error) {
	v, err := b.veil(ctx, site)
	return v.Names(p), err
}

// veilBans veils the addresses of bans that have ended, where a site veils them: they are kept to make the next one longer,
// and a pseudonym does for that.
func (b *Backend) veilBans(ctx context.Context) error {
	sites, err := b.DB.Sites(ctx)
	if err != nil {
		return err
	}
	for _, s := range sites {
		v, err := b.veil(ctx, s.ID)
		if err != nil {
			return err
		}
		if v.Mode() == veil.Clear {
			continue
		}
		_, err = b.DB.VeilBans(ctx, s.ID, func(subject string) string {
			x, err := engine.ParseSubject(subject)
			if err != nil || x.Value != "" {
				return ""
			}
			return v.Name(x.Prefix)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Close ends what Open began; batches under way are kept.
func (b *Backend) Close(ctx context.Context) error {
	b.Rules.Desk.Close()
	return b.Events.Close(ctx)
}

// Handler is all that the back end answers: guards, people's API, and whether it is alive.
func (b *Backend) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/guard/v1/", guardapi.New(b, b.o.Log))
	mux.Handle("/api/v1/", api.New(api.Parts{
		DB: b.DB, Sites: b.Sites, Bans: b.Bans, Levers: b.Levers, Feed: b.Feed, Events: b.Events, Search: b.Search, Networks: b.Networks,
		Version: b.o.Version, Now: b.o.Now, ID: b.id, Log: b.o.Log, Actor: b.Actor, Operator: b.operator,
		Rules: b.Rules, Clients: b.Clients, Entry: b.Entry, People: b.People, Findings: b.Findings, Detections: b.Detections, Watch: b.Watch, Owner: b.OwnerToken, Alerts: b.Alerts, Appeals: b.Appeals, Rand: b.o.Rand, Desk: b.Desk, Traps: b.Traps, Retention: b.Retention,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return mux
}

// Steered remembers from where somebody steers, so that no ban holds them.
func (b *Backend) Steered(remote string) { b.operator(remote) }

// operator remembers from where somebody steers. An address that is new is told to guards, which then spare it.
func (b *Backend) operator(remote string) {
	a := identity.Peer(remote)
	if !b.operators.note(a) {
		return
	}
	go func(a netip.Addr) {
		if err := b.DB.Touch(context.Background(), "operator's address", "operator", b.o.Now().UnixMilli()); err != nil {
			b.o.Log.Error("telling guards of an operator's address", "address", a, "err", err)
		}
	}(a)
}
