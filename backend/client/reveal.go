package client

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"palisade.dev/backend/access"
	"palisade.dev/backend/site"
	"palisade.dev/backend/veil"
	"palisade.dev/guard/engine"
	"palisade.dev/store"
)

// whom is a subject as somebody typed it or followed a link to it.
type whom struct {
	by, value string
	subject   string
	prefix    netip.Prefix // of a clear address
	veiled    veil.Mode    // of a pseudonym
}

// read reads a subject, clear or a pseudonym.
func read(text string) (whom, error) {
	if veil.MarkedNet(text) {
		n, err := veil.ParseNet(text)
		return whom{by: "network", value: n.String(), subject: n.String(), veiled: n.Mode}, err
	}
	if veil.Marked(text) {
		a, err := veil.Parse(text)
		return whom{by: "address", value: veil.Text(a), subject: veil.Text(a), veiled: veil.Of(a)}, err
	}
	subject, err := engine.ParseSubject(text)
	if err != nil {
		return whom{}, err
	}
	w := whom{by: "address", value: subject.String(), subject: subject.String(), prefix: subject.Prefix}
	switch {
	case subject.Value != "":
		w.by, w.value = subject.Kind.String(), subject.Value
	case !subject.Prefix.IsSingleIP():
		w.by = "network"
	}
	return w, nil
}

// also gives the pseudonyms of an address or a prefix.
func (c *Clients) also(ctx context.Context, s store.Site, p netip.Prefix) ([]string, error) {
	v, err := c.Search.Veil(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	return v.Names(p), nil
}

// Revealed is the address behind a pseudonym.
type Revealed struct {
	Pseudonym string `json:"pseudonym"`
	Address   string `json:"address"`
	Doubt     string `json:"doubt,omitempty" doc:"why it may be the wrong one"`
}

// Bounds of a reason, in characters: enough to say something, not a place to keep things.
const (
	minReason = 8
	maxReason = 300
)

// Reveal gives the address behind an encrypted pseudonym of a site, to who may ban it. The audit log says who asked, of
// which pseudonym and why, before the answer is given; it does not keep the address.
func (c *Clients) Reveal(ctx context.Context, s store.Site, text, reason string) (Revealed, error) {
	if err := access.Check(ctx, s.ID, access.Respond); err != nil {
		return Revealed{}, err
	}
	a, err := veil.Parse(strings.TrimSpace(text))
	if err != nil {
		return Revealed{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch veil.Of(a) {
	case veil.Clear:
		return Revealed{}, fmt.Errorf("%w: %s is no pseudonym, there is nothing to reveal", ErrInvalid, a)
	case veil.Hashed:
		return Revealed{}, fmt.Errorf("%w: %s is a hash: nobody can turn it back, neither can we", ErrInvalid, veil.Text(a))
	case veil.Encrypted:
	}
	reason = strings.ToValidUTF8(strings.TrimSpace(reason), "")
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason {
		return Revealed{}, fmt.Errorf("%w: reason: say in %d to %d characters why the address is needed; the audit log keeps it", ErrInvalid, minReason, maxReason)
	}
	setting, err := site.Privacy(s)
	if err != nil {
		return Revealed{}, err
	}
	v := c.Veils.Site(s.ID, setting)
	if !v.Encrypts() {
		return Revealed{}, fmt.Errorf("%w: this site has never encrypted addresses, so %s is none of its pseudonyms", ErrInvalid, veil.Text(a))
	}
	err = c.DB.Note(ctx, store.Audited{
		At: c.Now().UnixMilli(), Site: s.ID, Author: access.Of(ctx).Name, Action: "revealing the address behind " + veil.Text(a), Subject: "address " + veil.Text(a), Later: reason,
	})
	if err != nil {
		return Revealed{}, err
	}
	address, _ := v.Unveil(a)
	out := Revealed{Pseudonym: veil.Text(a), Address: address.String()}
	for _, x := range append(setting.Past, setting.Spell) {
		if x.Name() == veil.Encrypted && c.Veils.Lost(s.ID, x) {
			out.Doubt = "the installation's key was another for a time: if this pseudonym is from then, this is the address of somebody else. Look whether its requests are those you mean before you ban it"
		}
	}
	return out, nil
}
