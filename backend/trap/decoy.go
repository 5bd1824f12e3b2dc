package trap

import (
	"context"
	"fmt"
	"io"
	"strings"

	"palisade.dev/backend/event"
	"palisade.dev/backend/site"
	"palisade.dev/guard/identity"
	"palisade.dev/guard/outcome"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Word invents what a trap of kind key or account is of. A key is of the site's own format where one is declared.
func (t *Traps) Word(s store.Site, kind Kind) (string, error) {
	switch kind {
	case Key:
		format, err := keyFormat(s)
		if err != nil {
			return "", err
		}
		if format == nil { // of no vendor's form: theirs are reported to them, and kept out of repositories
			format = &wire.Key{From: []string{"header:Authorization"}, Prefix: strings.ReplaceAll(s.Name, "-", "_") + "_live_"}
		}
		keys, err := identity.NewKeys(*format, s.Secret, s.Name)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		key, err := keys.Invent(t.Rand)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		return key, nil
	case Account:
		var b [5]byte
		if _, err := io.ReadFull(t.Rand, b[:]); err != nil {
			return "", fmt.Errorf("inventing an account: %w", err)
		}
		n := int(b[2])<<16 | int(b[3])<<8 | int(b[4])
		return fmt.Sprintf("%s.%s.%d@example.org", given[int(b[0])%len(given)], family[int(b[1])%len(family)], n), nil
	}
	return "", fmt.Errorf("%w: kind: %.40q is of no word", ErrInvalid, kind)
}

// Names of people as there are many, so that an account looks like any other.
var (
	given  = []string{"anna", "bruno", "carla", "david", "elena", "felix", "greta", "hugo", "irene", "jonas", "katja", "lukas", "marta", "nils", "olga", "paul"}
	family = []string{"almeida", "berg", "costa", "dvorak", "eriksen", "fischer", "garcia", "hansen", "ivanov", "jansen", "keller", "lund", "moreau", "novak", "olsen", "petrov"}
)

// keyFormat is what a site's API keys look like, nil where it declares none.
func keyFormat(s store.Site) (*wire.Key, error) {
	d, err := site.Read(s)
	return d.Identity.Key, err
}

// Bear makes a trap one of a key or an account, which must be nobody's as far as can be told here. Of a key only the hash
// goes into the trap.
func (t *Traps) Bear(ctx context.Context, s store.Site, x *wire.Trap, kind Kind, word string) error {
	if word = strings.TrimSpace(word); kind == Account {
		name := outcome.Clean(word)
		if err := t.nobodys(ctx, s, name); err != nil {
			return err
		}
		x.Accounts = []string{name}
		return nil
	}
	if len(word) < identity.MinDecoy || len(word) > identity.MaxDecoy || strings.ContainsFunc(word, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return fmt.Errorf("%w: key: want %d to %d letters, digits and signs without spaces: a shorter one could be guessed", ErrInvalid, identity.MinDecoy, identity.MaxDecoy)
	}
	hash, err := hashKey(s, word)
	if err != nil {
		return err
	}
	real, err := t.DB.Principals(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, p := range real {
		if p.Key == hash {
			return fmt.Errorf("%w: key: it is tied to account %.60q, so it is somebody's: whoever bears it would be refused", ErrInvalid, p.Account)
		}
	}
	x.Keys = []string{hash}
	return nil
}

// hashKey hashes a key in the spelling that its format knows, or where it is of another form, as it stands.
func hashKey(s store.Site, key string) (string, error) {
	format, err := keyFormat(s)
	if err != nil {
		return "", err
	}
	if format != nil {
		keys, err := identity.NewKeys(*format, s.Secret, s.Name)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		if normal, err := keys.Normalise(key); err == nil {
			key = normal
		}
	}
	id, err := identity.HashKey(key, s.Secret, s.Name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return id.String(), nil
}

// nobodys refuses an account with which somebody signed in of late: they would be kept out of what is theirs.
func (t *Traps) nobodys(ctx context.Context, s store.Site, name string) error {
	if name == "" {
		return fmt.Errorf("%w: account: want a name or an e-mail address that is nobody's", ErrInvalid)
	}
	page, err := t.Search.Find(ctx, event.Query{Site: s.ID, From: t.Now().Add(-looked), Outcome: "login.ok", Account: name, Limit: 1})
	if err != nil {
		return err
	}
	if len(page.Events) > 0 {
		return fmt.Errorf("%w: account: somebody signed in with %.60q within 30 days, so it is somebody's", ErrInvalid, name)
	}
	return nil
}
