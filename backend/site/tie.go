package site

import (
	"context"
	"fmt"
	"unicode/utf8"

	"palisade.dev/guard/identity"
	"palisade.dev/store"
)

// Bounds of what is said of a key.
const (
	maxAccount = 128
	maxLabel   = 100
)

// Tie says whose an API key is: it shares the account's quota from then on. The key is hashed, and forgotten.
func (s *Sites) Tie(ctx context.Context, site store.Site, key, account, label, author string) (store.Principal, error) {
	d, err := Read(site)
	if err != nil {
		return store.Principal{}, err
	}
	if d.Identity.Key == nil {
		return store.Principal{}, fmt.Errorf("%w: the site declares no API keys; say in identity.api_key what they look like", ErrInvalid)
	}
	if account == "" || len(account) > maxAccount || len(label) > maxLabel || !utf8.ValidString(account) || !utf8.ValidString(label) {
		return store.Principal{}, fmt.Errorf("%w: account: want 1 to %d letters, and a label of at most %d", ErrInvalid, maxAccount, maxLabel)
	}
	keys, err := identity.NewKeys(*d.Identity.Key, site.Secret, site.Name)
	if err != nil {
		return store.Principal{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	normal, err := keys.Normalise(key)
	if err != nil {
		return store.Principal{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	p := store.Principal{Site: site.ID, Key: keys.ID(normal).String(), Account: account, Label: label, Created: s.Now().UnixMilli()}
	return p, s.DB.PutPrincipal(ctx, p, author)
}
