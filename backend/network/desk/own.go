package desk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"palisade.dev/backend/access"
	"palisade.dev/backend/network"
	"palisade.dev/config"
	"palisade.dev/store"
)

// Bounds of lists that people write. What is larger belongs into a file or behind an address.
const (
	MaxText  = 512 << 10
	maxLists = 100
	maxTitle = 100
)

// Draft is a list as somebody wrote it.
type Draft struct {
	Name  string `json:"name" doc:"without own/"`
	Title string `json:"title,omitempty"`
	Kind  string `json:"kind,omitempty" doc:"own unless given; with another kind, rules about that kind mean this list too"`
	Text  string `json:"text" doc:"a prefix or address a line, comments after a #"`
	Was   int64  `json:"was,omitempty" doc:"when the list that this one is made from was changed; 0 for a new one"`
}

// Fault is what is wrong with one field of a draft.
type Fault struct {
	Field string // name, title, kind or text
	Err   error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }

// Unwrap makes it an ErrInvalid.
func (f *Fault) Unwrap() error { return ErrInvalid }

// Faults gives what is wrong with the fields of a draft, out of the error of Write.
func Faults(err error) []*Fault {
	var one *Fault
	if !errors.As(err, &one) {
		return nil
	}
	all, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the joined faults themselves, not what they wrap
	if !ok {
		return []*Fault{one}
	}
	var out []*Fault
	for _, e := range all.Unwrap() {
		if errors.As(e, &one) {
			out = append(out, one)
		}
	}
	return out
}

const ownPrefix = "own/"

// check reads a draft and gives its prefixes.
func (d *Desk) check(l Draft) ([]netip.Prefix, error) {
	var faults []error
	say := func(field, format string, args ...any) {
		faults = append(faults, &Fault{field, fmt.Errorf(format, args...)})
	}
	if !config.Name(l.Name) {
		say("name", "want 1 to 40 small letters, digits and dashes, such as office")
	} else if err := network.CheckName(ownPrefix + l.Name); err != nil {
		say("name", "%w", err)
	} else if d.Lists.Declared(ownPrefix + l.Name) {
		say("name", "the configuration file has a list of this name: change it there, or give yours another name")
	}
	if len(l.Title) > maxTitle || strings.ContainsFunc(l.Title, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\uFFFD' }) {
		say("title", "want at most %d bytes of plain text", maxTitle)
	}
	if l.Kind != "" && !slices.Contains(network.Kinds(), l.Kind) {
		say("kind", "%.40q is none of %s", l.Kind, strings.Join(network.Kinds(), ", "))
	}
	var ps []netip.Prefix
	var err error
	if len(l.Text) > MaxText {
		say("text", "more than %d KiB: keep such a list in a file, or behind an address, and name that in the configuration", MaxText>>10)
	} else if ps, err = network.ReadOwn(l.Text); err != nil {
		say("text", "%w", err)
	}
	return ps, errors.Join(faults...)
}

// Written gives the lists that people wrote.
func (d *Desk) Written(ctx context.Context) ([]store.OwnList, error) { return d.DB.OwnLists(ctx) }

// Own gives one of them as it was typed; own/office and office are the same.
func (d *Desk) Own(ctx context.Context, name string) (Draft, error) {
	l, err := d.DB.OwnList(ctx, ownPrefix+strings.TrimPrefix(name, ownPrefix))
	if err != nil {
		return Draft{}, err
	}
	return Draft{Name: strings.TrimPrefix(l.Name, ownPrefix), Title: l.Title, Kind: l.Kind, Text: l.Text, Was: l.Updated}, nil
}

// Write keeps a list and puts it in force. It is the installation's, so all sites may use it.
func (d *Desk) Write(ctx context.Context, l Draft) (network.Covers, error) {
	if err := access.Check(ctx, access.Everywhere, access.Change); err != nil {
		return network.Covers{}, err
	}
	return d.write(ctx, l)
}

func (d *Desk) write(ctx context.Context, l Draft) (network.Covers, error) {
	ps, err := d.check(l)
	if err != nil {
		return network.Covers{}, err
	}
	all, err := d.DB.OwnLists(ctx)
	if err != nil {
		return network.Covers{}, err
	}
	if l.Was == 0 && len(all) >= maxLists {
		return network.Covers{}, fmt.Errorf("%w: there are %d lists already; delete one, or add to one", ErrInvalid, len(all))
	}
	if l.Kind == "" {
		l.Kind = network.Own
	}
	now := d.Now().UnixMilli()
	if now <= l.Was { // so that each change has a time of its own
		now = l.Was + 1
	}
	kept := store.OwnList{Name: ownPrefix + l.Name, Kind: l.Kind, Title: l.Title, Text: l.Text, Author: access.Of(ctx).Name, Created: now, Updated: now}
	if err := d.DB.PutOwnList(ctx, kept, l.Was); err != nil {
		return network.Covers{}, err
	}
	if err := d.Lists.Reread(ctx); err != nil {
		return network.Covers{}, errors.Join(fmt.Errorf("%w: the list cannot be used and was not kept: %w", ErrInvalid, err), d.restore(ctx, all, kept))
	}
	return network.Extent(ps), nil
}

// restore makes a list what it was before.
func (d *Desk) restore(ctx context.Context, before []store.OwnList, kept store.OwnList) error {
	ctx = context.WithoutCancel(ctx)
	for _, old := range before {
		if old.Name == kept.Name {
			old.Author, old.Updated = kept.Author, kept.Updated+1
			return d.DB.PutOwnList(ctx, old, kept.Updated)
		}
	}
	return d.DB.DeleteOwnList(ctx, kept.Name, kept.Author, kept.Updated)
}

// Delete takes a list away that somebody wrote, unless a site's block or rule names it.
func (d *Desk) Delete(ctx context.Context, name string) error {
	if err := access.Check(ctx, access.Everywhere, access.Change); err != nil {
		return err
	}
	name = ownPrefix + strings.TrimPrefix(name, ownPrefix)
	where, err := d.named(ctx, name)
	if err != nil {
		return err
	}
	if len(where) > 0 {
		return fmt.Errorf("%w: network list %s is used by %s: change that first", store.ErrConflict, name, strings.Join(where, ", "))
	}
	if err := d.DB.DeleteOwnList(ctx, name, access.Of(ctx).Name, d.Now().UnixMilli()); err != nil {
		return err
	}
	return d.Lists.Reread(ctx)
}

// named tells where a list is meant by its own name. A kind goes on meaning the others of that kind.
func (d *Desk) named(ctx context.Context, name string) ([]string, error) {
	sites, err := d.DB.Sites(ctx)
	if err != nil {
		return nil, err
	}
	var where []string
	for _, s := range sites {
		p, err := d.Feed.Outline(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, u := range uses(p, name, "") {
			if u.Word == name {
				where = append(where, u.What+" "+u.Name+" of "+s.Name)
			}
		}
	}
	return where, nil
}
