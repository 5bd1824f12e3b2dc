package api

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/textproto"

	"palisade.dev/backend/access"
	"palisade.dev/backend/site"
	"palisade.dev/backend/veil"
	"palisade.dev/guard/identity"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// SiteChange is what is to be different about a site; what is left out stays.
type SiteChange struct {
	Environment  *string        `json:"environment,omitempty" maxLength:"40"`
	Zone         *string        `json:"zone,omitempty" maxLength:"60" doc:"a name such as Europe/Berlin"`
	WebFacing    *bool          `json:"web_facing,omitempty"`
	PersonalData *bool          `json:"personal_data,omitempty"`
	Privacy      *veil.Mode     `json:"privacy,omitempty" enum:"clear,encrypted,hashed" doc:"how addresses in events are kept from now on; what is stored stays as it is"`
	Defaults     *bool          `json:"defaults,omitempty" doc:"whether the default rules, traps and outcomes stand under the site's own"`
	Identity     *wire.Identity `json:"identity,omitempty" doc:"the whole of it; an HS256 key that is left out stays"`
	Answer       *wire.Answer   `json:"answer,omitempty" doc:"the whole of it"`
}

// withSecrets puts back what Secretless left out.
func withSecrets(next, had wire.Identity) wire.Identity {
	for _, t := range []struct{ next, had *wire.Token }{{next.Token, had.Token}, {next.Attest, had.Attest}} {
		if t.next != nil && t.had != nil && t.next.Algorithm == "HS256" && t.had.Algorithm == "HS256" && t.next.Key == "" {
			t.next.Key = t.had.Key
		}
	}
	return next
}

func put[T any](into, from *T) {
	if from != nil {
		*into = *from
	}
}

// TriedAddress is which address guards would take for a client's.
type TriedAddress struct {
	Address string `json:"address"`
	How     string `json:"how" doc:"peer, header, or doubt: a trusted peer's header made no sense"`
}

func (a *api) settings() {
	op(a, on(access.Change), "GET", "/sites/{site}/settings", "get-site-settings", "What is said once about a site, without its secrets, and which parts the configuration file says", func(ctx context.Context, in *On) (site.Document, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return site.Document{}, err
		}
		d, err := site.Read(s)
		return d.Secretless(), err
	})
	op(a, on(access.Change), "PATCH", "/sites/{site}/settings", "change-site", "Change what is said once about a site", func(ctx context.Context, in *struct {
		On
		Body SiteChange
	},
	) (site.Document, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return site.Document{}, err
		}
		s, err = a.Sites.Change(ctx, s, author(ctx), func(d *site.Document) {
			put(&d.Environment, in.Body.Environment)
			put(&d.Zone, in.Body.Zone)
			put(&d.WebFacing, in.Body.WebFacing)
			put(&d.PersonalData, in.Body.PersonalData)
			put(&d.Defaults, in.Body.Defaults)
			put(&d.Answer, in.Body.Answer)
			put(&d.Privacy.Mode, in.Body.Privacy)
			if in.Body.Identity != nil {
				d.Identity = withSecrets(*in.Body.Identity, d.Identity)
			}
		})
		if err != nil {
			return site.Document{}, err
		}
		d, err := site.Read(s)
		return d.Secretless(), err
	})
	op(a, on(access.Change), "POST", "/sites/{site}/settings/address", "try-address", "Which address guards would take for a client's, by proxies that are given and not kept", func(ctx context.Context, in *struct {
		On
		Body struct {
			Proxies []string `json:"proxies,omitempty" maxItems:"1000"`
			Header  string   `json:"header,omitempty" maxLength:"100" doc:"the one that the proxies set"`
			Peer    string   `json:"peer" maxLength:"60" doc:"who the request is connected from"`
			Values  []string `json:"values,omitempty" maxItems:"100" doc:"of the header, in the request"`
		}
	},
	) (TriedAddress, error) {
		if _, err := a.site(ctx, in.Site); err != nil {
			return TriedAddress{}, err
		}
		peer, err := netip.ParseAddr(in.Body.Peer)
		if err != nil {
			return TriedAddress{}, fmt.Errorf("%w: peer %q: want an address such as 203.0.113.7", errInvalid, in.Body.Peer)
		}
		p, err := identity.NewProxies(in.Body.Proxies, in.Body.Header)
		if err != nil {
			return TriedAddress{}, fmt.Errorf("%w: %w", errInvalid, err)
		}
		address, how := p.Client(peer, http.Header{textproto.CanonicalMIMEHeaderKey(in.Body.Header): in.Body.Values})
		return TriedAddress{address.String(), how.String()}, nil
	})
	op(a, on(access.Change), "DELETE", "/sites/{site}/guards/{id}", "forget-guard", "Take a guard off the list that is no longer there", func(ctx context.Context, in *struct {
		On
		ID string `path:"id" maxLength:"300"`
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"guard " + in.ID + " is off the list"}, a.Sites.ForgetGuard(ctx, s.ID, in.ID, author(ctx))
	})
}

// AppealLink is a link to pass on, shown this once.
type AppealLink struct {
	ID    string `json:"id"`
	Path  string `json:"path" doc:"below the console's address, as people outside reach it; it is not shown again"`
	Until int64  `json:"until" doc:"unix milliseconds"`
}

func (a *api) appeals() {
	op(a, on(access.See), "GET", "/sites/{site}/appeals", "list-appeals", "What refused people say, newest first", func(ctx context.Context, in *struct {
		On
		Before string `query:"before" maxLength:"64" doc:"id of the last one seen"`
		Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"500"`
	},
	) ([]store.Appeal, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		list, err := a.DB.Appeals(ctx, s.ID, in.Before, in.Limit)
		return append([]store.Appeal{}, list...), err
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/appeals", "offer-appeal", "Make a link by which a banned client's person can say that it was a mistake, once and within seven days", func(ctx context.Context, in *struct {
		On
		Body struct {
			Subject string `json:"subject" minLength:"1" maxLength:"300" doc:"of a standing ban"`
		}
	},
	) (AppealLink, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return AppealLink{}, err
		}
		code, kept, err := a.Appeals.Offer(ctx, s.ID, in.Body.Subject, author(ctx))
		return AppealLink{kept.ID, "/appeal/" + code, kept.Until}, err
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/appeals/{id}/answer", "answer-appeal", "Lift the ban, lift it and allow the client for 30 days, or decline", func(ctx context.Context, in *struct {
		On
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Answer string `json:"answer" enum:"lifted,allowed,declined"`
			Reason string `json:"reason,omitempty" maxLength:"300" doc:"read by who appealed"`
		}
	},
	) (store.Appeal, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return store.Appeal{}, err
		}
		return a.Appeals.Answer(ctx, s.ID, in.ID, in.Body.Answer, in.Body.Reason, author(ctx))
	})
}
