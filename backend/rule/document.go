package rule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"palisade.dev/backend/feed"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// PutDocument adds or replaces a block, a trap or a named route of a site.
func (r *Rules) PutDocument(ctx context.Context, s store.Site, kind, name string, body json.RawMessage, author string) error {
	p, err := r.Feed.Build(ctx, s)
	if err != nil {
		return err
	}
	text, err := draftWith(kind, name, body, p)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := r.sound(p); err != nil {
		return err
	}
	return r.DB.PutDocument(ctx, store.Document{
		Site: s.ID, Kind: kind, Name: name, Body: string(text), Source: store.SourcePerson, Author: author, Updated: r.Now().UnixMilli(),
	})
}

// DeleteDocument takes one away; a default of its name comes back.
func (r *Rules) DeleteDocument(ctx context.Context, s store.Site, kind, name, author string) error {
	return r.DB.DeleteDocument(ctx, s.ID, kind, name, author, r.Now().UnixMilli())
}

// draftWith reads a document strictly, gives it its name and puts it into a draft of the policy.
func draftWith(kind, name string, body json.RawMessage, p *wire.Policy) ([]byte, error) {
	switch kind {
	case feed.KindBlock:
		b, err := strict[wire.Block](body)
		b.Name = name
		p.Blocks = append(p.Blocks, b)
		text, err2 := json.Marshal(b)
		return text, errors.Join(err, err2)
	case feed.KindTrap:
		t, err := strict[wire.Trap](body)
		t.Name = name
		p.Traps = append(p.Traps, t)
		text, err2 := json.Marshal(t)
		return text, errors.Join(err, err2)
	}
	r, err := strict[wire.Route](body)
	r.Name = name
	var routes []wire.Route
	for _, have := range p.Routes {
		if have.Name != name {
			routes = append(routes, have)
		}
	}
	p.Routes = append(routes, r)
	text, err2 := json.Marshal(r)
	return text, errors.Join(err, err2)
}
