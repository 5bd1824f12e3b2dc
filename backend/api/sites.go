package api

import (
	"context"

	"palisade.dev/backend/access"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/site"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// SiteState is a site with what its guards say.
type SiteState struct {
	store.Site
	Guards []store.Guard `json:"guards"`
	Bans   int           `json:"bans"`
}

// NewKey is a site key, shown this once.
type NewKey struct {
	ID  string `json:"id"`
	Key string `json:"key" doc:"give it to the guard as PALISADE_SITE_KEY; it is not shown again"`
}

func (a *api) sites() {
	op(a, anyone, "GET", "/sites", "list-sites", "All sites", func(ctx context.Context, _ *struct{}) ([]SiteState, error) {
		sites, err := a.DB.Sites(ctx)
		if err != nil {
			return nil, err
		}
		states := []SiteState{}
		for _, s := range sites {
			if !access.Of(ctx).May(s.ID, access.See) {
				continue
			}
			state, err := a.state(ctx, s)
			if err != nil {
				return nil, err
			}
			states = append(states, state)
		}
		return states, nil
	})
	op(a, on(access.See), "GET", "/sites/{site}", "get-site", "One site", func(ctx context.Context, in *On) (SiteState, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return SiteState{}, err
		}
		return a.state(ctx, s)
	})
	op(a, everywhere(access.Own), "POST", "/sites", "create-site", "Make a site with the default rules", func(ctx context.Context, in *struct{ Body site.Facts }) (store.Site, error) {
		return a.Sites.Create(ctx, in.Body, feed.Settings{Defaults: true}, author(ctx))
	})
	op(a, on(access.Own), "DELETE", "/sites/{site}", "delete-site", "Forget a site and all that belongs to it", func(ctx context.Context, in *On) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"site " + s.Name + " is deleted"}, a.DB.DeleteSite(ctx, s.ID, author(ctx), a.Now().UnixMilli())
	})
	op(a, on(access.See), "GET", "/sites/{site}/policy", "get-policy", "The policy that guards of the site get, without its secret", func(ctx context.Context, in *On) (wire.Policy, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return wire.Policy{}, err
		}
		p, err := a.Feed.Build(ctx, s)
		if err != nil {
			return wire.Policy{}, err
		}
		p.Secret = nil
		for _, t := range []*wire.Token{p.Identity.Token, p.Identity.Attest} {
			if t != nil && t.Algorithm == "HS256" {
				t.Key = ""
			}
		}
		return *p, nil
	})
	op(a, on(access.See), "GET", "/sites/{site}/keys", "list-site-keys", "A site's keys for guards", func(ctx context.Context, in *On) ([]store.SiteKey, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		keys, err := a.DB.SiteKeys(ctx, s.ID)
		return append([]store.SiteKey{}, keys...), err
	})
	op(a, on(access.Own), "POST", "/sites/{site}/keys", "add-site-key", "Make a key for guards; two are valid at a time", func(ctx context.Context, in *struct {
		On
		Body struct {
			Label string `json:"label,omitempty" maxLength:"100"`
		}
	},
	) (NewKey, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return NewKey{}, err
		}
		k, kept, err := a.Sites.AddKey(ctx, s.ID, in.Body.Label, author(ctx))
		return NewKey{kept.ID, k.String()}, err
	})
	op(a, on(access.Own), "DELETE", "/sites/{site}/keys/{id}", "revoke-site-key", "End a key at once", func(ctx context.Context, in *struct {
		On
		ID string `path:"id"`
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"key " + in.ID + " is revoked"}, a.DB.RevokeSiteKey(ctx, s.ID, in.ID, author(ctx), a.Now().UnixMilli())
	})
	a.principals()
}

// principals tie API keys to the accounts whose quota they share. A key comes in, is hashed, and is forgotten.
func (a *api) principals() {
	op(a, on(access.See), "GET", "/sites/{site}/principals", "list-principals", "API keys tied to accounts", func(ctx context.Context, in *On) ([]store.Principal, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		list, err := a.DB.Principals(ctx, s.ID)
		return append([]store.Principal{}, list...), err
	})
	op(a, on(access.Change), "POST", "/sites/{site}/principals", "add-principal", "Tie an API key to an account", func(ctx context.Context, in *struct {
		On
		Body struct {
			APIKey  string `json:"api_key" maxLength:"600"`
			Account string `json:"account" minLength:"1" maxLength:"128"`
			Label   string `json:"label,omitempty" maxLength:"100"`
		}
	},
	) (store.Principal, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return store.Principal{}, err
		}
		return a.Sites.Tie(ctx, s, in.Body.APIKey, in.Body.Account, in.Body.Label, author(ctx))
	})
	op(a, on(access.Change), "DELETE", "/sites/{site}/principals/{key}", "delete-principal", "Untie an API key", func(ctx context.Context, in *struct {
		On
		Key string `path:"key"`
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"the key is untied"}, a.DB.DeletePrincipal(ctx, s.ID, in.Key, author(ctx), a.Now().UnixMilli())
	})
}

func (a *api) state(ctx context.Context, s store.Site) (SiteState, error) {
	guards, err := a.DB.Guards(ctx, s.ID)
	if err != nil {
		return SiteState{}, err
	}
	n, err := a.DB.CountBans(ctx, s.ID, a.Now().UnixMilli())
	return SiteState{s, append([]store.Guard{}, guards...), n}, err
}
