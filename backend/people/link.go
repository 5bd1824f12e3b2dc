package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

// How long a link opens something.
const (
	setupLasts   = day
	inviteLasts  = 7 * day
	recoverLasts = day
)

// mostInvitations is how many stand open at once.
const mostInvitations = 500

// SetupCode makes the code of the link that makes the first owner, in place of the one made before. Call it at each start
// and print the link; where there is an owner already it gives "".
func (p *People) SetupCode(ctx context.Context) (string, error) {
	has, err := p.o.DB.HasOwner(ctx)
	if err != nil || has {
		return "", err
	}
	text, hash := p.secret(secretLink)
	now := p.now()
	return text, p.o.DB.PutLink(ctx, store.Link{
		ID: p.id(), Kind: store.LinkSetup, Hash: hash, Body: "{}", Author: access.Operator.Name, Created: now.UnixMilli(), Expires: now.Add(setupLasts).UnixMilli(),
	}, p.by("")) // a start is nobody's doing
}

// Invitation asks somebody in. Its code is shown once.
type Invitation struct {
	ID      string                 `json:"id"`
	Email   string                 `json:"email"`
	Roles   map[string]access.Role `json:"roles"` // by the site's id, or access.Everywhere
	Author  string                 `json:"author"`
	Created int64                  `json:"created"`
	Expires int64                  `json:"expires"`
}

// Invite makes an invitation for an e-mail address. It takes an owner of each of the sites, or of all where a role is
// Everywhere.
func (p *People) Invite(ctx context.Context, email string, roles map[string]access.Role) (Invitation, string, error) {
	email, err := ParseEmail(email)
	if err != nil {
		return Invitation{}, "", err
	}
	if len(roles) == 0 {
		return Invitation{}, "", fmt.Errorf("%w: an invitation gives a role on some site at least", ErrInvalid)
	}
	for site, role := range roles {
		if err := access.Check(ctx, site, access.Own); err != nil {
			return Invitation{}, "", err
		}
		if err := p.checkRole(ctx, site, role); err != nil {
			return Invitation{}, "", err
		}
	}
	if _, err := p.o.DB.PersonByEmail(ctx, email); err == nil {
		return Invitation{}, "", fmt.Errorf("%w: %s is here already: give them the role instead", store.ErrConflict, email)
	} else if !errors.Is(err, store.ErrNotFound) {
		return Invitation{}, "", err
	}
	open, err := p.o.DB.Links(ctx, store.LinkInvite, p.millis())
	if err != nil {
		return Invitation{}, "", err
	}
	if len(open) >= mostInvitations {
		return Invitation{}, "", fmt.Errorf("%w: there are %d open invitations: withdraw some first", store.ErrConflict, len(open))
	}
	text, hash := p.secret(secretLink)
	now := p.now()
	who := access.Of(ctx)
	l := store.Link{
		ID: p.id(), Kind: store.LinkInvite, Hash: hash, Email: email, Body: encode(roles), Inviter: who.ID, Author: who.Name,
		Created: now.UnixMilli(), Expires: now.Add(inviteLasts).UnixMilli(),
	}
	if err := p.o.DB.PutLink(ctx, l, p.acting(ctx)); err != nil {
		return Invitation{}, "", err
	}
	return Invitation{ID: l.ID, Email: email, Roles: roles, Author: l.Author, Created: l.Created, Expires: l.Expires}, text, nil
}

func invitation(l store.Link) (Invitation, error) {
	i := Invitation{ID: l.ID, Email: l.Email, Author: l.Author, Created: l.Created, Expires: l.Expires}
	if err := json.Unmarshal([]byte(l.Body), &i.Roles); err != nil {
		return Invitation{}, fmt.Errorf("reading invitation %s: %w", l.ID, err)
	}
	return i, nil
}

// ownsAll reports whether an actor owns all sites of an invitation.
func ownsAll(a access.Actor, i Invitation) bool {
	for site := range i.Roles {
		if !a.May(site, access.Own) {
			return false
		}
	}
	return true
}

// Invitations gives those that stand open, newest first, on sites that the actor owns.
func (p *People) Invitations(ctx context.Context) ([]Invitation, error) {
	links, err := p.o.DB.Links(ctx, store.LinkInvite, p.millis())
	if err != nil {
		return nil, err
	}
	all := []Invitation{}
	for _, l := range links {
		i, err := invitation(l)
		if err != nil {
			return nil, err
		}
		if ownsAll(access.Of(ctx), i) {
			all = append(all, i)
		}
	}
	return all, nil
}

// Withdraw takes an invitation back.
func (p *People) Withdraw(ctx context.Context, id string) error {
	open, err := p.Invitations(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		if i.ID == id {
			return p.o.DB.RemoveLink(ctx, id, p.acting(ctx))
		}
	}
	return fmt.Errorf("%w: no such invitation", store.ErrNotFound)
}

// link finds what a code opens.
func (p *People) link(ctx context.Context, code string, v Visit) (store.Link, error) {
	if err := p.admit(tryLink, "", "", v); err != nil {
		return store.Link{}, err
	}
	hash := hashSecret(secretLink, code)
	if hash == nil {
		return store.Link{}, errLink
	}
	return p.linkOf(ctx, hash)
}

// linkOf finds a link that still opens something. A sender who is no owner any more has sent nothing.
func (p *People) linkOf(ctx context.Context, hash []byte) (store.Link, error) {
	l, err := p.o.DB.LinkByHash(ctx, hash, p.millis())
	if errors.Is(err, store.ErrNotFound) {
		return store.Link{}, errLink
	}
	if err != nil || l.Inviter == "" {
		return l, err
	}
	sender, err := p.Actor(ctx, l.Inviter)
	if errors.Is(err, ErrUnauthorized) {
		return store.Link{}, errLink
	}
	if err != nil {
		return store.Link{}, err
	}
	stands := sender.May(access.Everywhere, access.Own)
	if l.Kind == store.LinkInvite {
		i, err := invitation(l)
		if err != nil {
			return store.Link{}, err
		}
		stands = ownsAll(sender, i)
	}
	if !stands {
		return store.Link{}, errLink
	}
	return l, nil
}

var errLink = fmt.Errorf("the link: %w: ask who sent it for another", ErrGone)

// Opened is what a link is for, as its page shows it.
type Opened struct {
	Kind    string                 // one of store's Link kinds
	Email   string                 // whom it is for; "" for the first owner, who says so
	Roles   map[string]access.Role // what it gives
	Expires int64
}

// Open looks at a link and uses nothing up.
func (p *People) Open(ctx context.Context, code string, v Visit) (Opened, error) {
	l, err := p.link(ctx, code, v)
	if err != nil {
		return Opened{}, err
	}
	o := Opened{Kind: l.Kind, Email: l.Email, Expires: l.Expires}
	switch l.Kind {
	case store.LinkSetup:
		o.Roles = map[string]access.Role{access.Everywhere: access.Owner}
	case store.LinkInvite:
		i, err := invitation(l)
		if err != nil {
			return Opened{}, err
		}
		o.Roles = i.Roles
	}
	return o, nil
}

// Joining is what somebody says who comes by a link: a name and a way in, which is a password, a passkey, or both.
type Joining struct {
	Name     string
	Email    string // the first owner's; an invited person's is the invitation's
	Password string
	Passkey  *Answer // of BeginJoiningPasskey
	Label    string  // what the passkey is called
	Party    Party   // for the passkey
}

// joins checks what a newcomer says of themselves against the link.
func (j *Joining) joins(l store.Link) (err error) {
	if j.Name, err = checkName(j.Name); err != nil {
		return err
	}
	if l.Kind == store.LinkInvite && j.Email == "" {
		j.Email = l.Email
	}
	if j.Email, err = ParseEmail(j.Email); err != nil {
		return err
	}
	if l.Kind == store.LinkInvite && j.Email != l.Email {
		return fmt.Errorf("%w: this invitation is for another e-mail address: ask for one to %s", ErrInvalid, j.Email)
	}
	return nil
}

func joinable(l store.Link) bool { return l.Kind == store.LinkSetup || l.Kind == store.LinkInvite }

// BeginJoiningPasskey begins to make the passkey by which a newcomer is to come in.
func (p *People) BeginJoiningPasskey(ctx context.Context, code string, j Joining, party Party, v Visit) (Begun, error) {
	l, err := p.link(ctx, code, v)
	if err != nil {
		return Begun{}, err
	}
	if !joinable(l) {
		return Begun{}, errLink
	}
	if err := j.joins(l); err != nil {
		return Begun{}, err
	}
	return p.beginRegistration(ctx, party, ceremonyJoin, &holder{id: p.id(), email: j.Email, name: j.Name}, l.Hash)
}

// Join makes a person of who came by a link, uses the link up, and signs them in. Of two who come by one link, one does.
func (p *People) Join(ctx context.Context, code string, j Joining, v Visit) (Entered, error) {
	l, err := p.link(ctx, code, v)
	if err != nil {
		return Entered{}, err
	}
	if !joinable(l) {
		return Entered{}, errLink
	}
	if err := j.joins(l); err != nil {
		return Entered{}, err
	}
	if j.Password == "" && j.Passkey == nil {
		return Entered{}, fmt.Errorf("%w: set a password or make a passkey, to come in by the next time", ErrInvalid)
	}
	n := store.Newcomer{Person: store.Person{ID: p.id(), Name: j.Name, Email: j.Email}}
	if j.Password != "" {
		if err := checkPassword(j.Password, j.Email); err != nil {
			return Entered{}, err
		}
		if n.Person.Password, err = p.hashPassword(ctx, j.Password); err != nil {
			return Entered{}, err
		}
	}
	if j.Passkey != nil {
		c, err := p.take(ctx, ceremonyJoin, j.Passkey.ID)
		if err != nil {
			return Entered{}, err
		}
		var r registering
		if err := decode(c, &r); err != nil {
			return Entered{}, err
		}
		if string(r.Link) != string(l.Hash) || r.Email != j.Email {
			return Entered{}, gone(ceremonyJoin)
		}
		n.Person.ID = c.Person // the passkey is of this id
		k, err := p.finishRegistration(j.Party, &holder{id: c.Person, email: r.Email, name: r.Name}, r, *j.Passkey, j.Label)
		if err != nil {
			return Entered{}, err
		}
		n.Passkey = &k
	}
	return p.join(ctx, l, n, ByLink, v)
}

// join adds who came by a link, or by a provider that lets newcomers in, and signs them in.
func (p *People) join(ctx context.Context, l store.Link, n store.Newcomer, method string, v Visit) (Entered, error) {
	n.Person.Created, n.Link, n.Kind = p.millis(), l.Hash, l.Kind
	switch l.Kind {
	case store.LinkSetup:
		n.Roles = []store.PersonRole{{Site: access.Everywhere, Role: string(access.Owner)}}
	case store.LinkInvite:
		i, err := invitation(l)
		if err != nil {
			return Entered{}, err
		}
		n.Roles = p.standing(ctx, i.Roles)
	}
	err := p.o.DB.AddPerson(ctx, n, p.by(n.Person.Email))
	if errors.Is(err, store.ErrNotFound) {
		return Entered{}, errLink
	}
	if errors.Is(err, store.ErrConflict) {
		return Entered{}, fmt.Errorf("%w: somebody with this e-mail address, passkey or account is here already: sign in", err)
	}
	if err != nil {
		return Entered{}, err
	}
	return p.enter(ctx, n.Person, method, outcomeOK, v, store.Entrance{})
}

// standing leaves out the sites that were deleted since they were named.
func (p *People) standing(ctx context.Context, roles map[string]access.Role) (all []store.PersonRole) {
	for site, role := range roles {
		if p.checkRole(ctx, site, role) == nil {
			all = append(all, store.PersonRole{Site: site, Role: string(role)})
		}
	}
	return all
}

// Accept gives who is signed in the roles of an invitation to their address, sent before they were here.
func (p *People) Accept(ctx context.Context, s Session, code string, v Visit) error {
	l, err := p.link(ctx, code, v)
	if err != nil {
		return err
	}
	if l.Kind != store.LinkInvite {
		return errLink
	}
	if l.Email != s.Email {
		return fmt.Errorf("%w: this invitation is for another e-mail address", ErrInvalid)
	}
	i, err := invitation(l)
	if err != nil {
		return err
	}
	roles := p.standing(ctx, i.Roles)
	for n := range roles {
		roles[n].Person = s.Person
	}
	err = p.o.DB.AcceptLink(ctx, l.Hash, roles, p.by(s.Email))
	if errors.Is(err, store.ErrNotFound) {
		return errLink
	}
	return err
}

// recovery is what a link to recover does beside setting a password.
type recovery struct {
	All bool `json:"all"`
}

// RecoverLink makes the code of a link by which a person sets a new password, in place of one made before; it ends after a
// day. With all, one-time codes, passkeys, tied accounts and tokens go too: for who has lost the device. It takes an owner of
// the installation: whoever holds the link can be that person.
func (p *People) RecoverLink(ctx context.Context, email string, all bool) (code string, expires time.Time, err error) {
	if err := access.Check(ctx, access.Everywhere, access.Own); err != nil {
		return "", time.Time{}, err
	}
	if email, err = ParseEmail(email); err != nil {
		return "", time.Time{}, err
	}
	x, err := p.o.DB.PersonByEmail(ctx, email)
	if err != nil {
		return "", time.Time{}, err
	}
	if x.Disabled != 0 {
		return "", time.Time{}, fmt.Errorf("%w: %s is disabled: enable them first", store.ErrConflict, email)
	}
	text, hash := p.secret(secretLink)
	now, who := p.now(), access.Of(ctx)
	expires = now.Add(recoverLasts)
	return text, expires, p.o.DB.PutLink(ctx, store.Link{
		ID: p.id(), Kind: store.LinkRecover, Hash: hash, Email: email, Body: encode(recovery{all}), Inviter: who.ID, Author: who.Name,
		Created: now.UnixMilli(), Expires: expires.UnixMilli(),
	}, p.acting(ctx))
}

// Recover sets a new password by a link, uses the link up and ends all sessions. It signs nobody in: where one-time codes are
// on, one is still due.
func (p *People) Recover(ctx context.Context, code, password string, v Visit) error {
	l, err := p.link(ctx, code, v)
	if err != nil {
		return err
	}
	if l.Kind != store.LinkRecover {
		return errLink
	}
	if err := checkPassword(password, l.Email); err != nil {
		return err
	}
	x, err := p.o.DB.PersonByEmail(ctx, l.Email)
	if errors.Is(err, store.ErrNotFound) {
		return errLink
	}
	if err != nil {
		return err
	}
	var what recovery
	if err := json.Unmarshal([]byte(l.Body), &what); err != nil {
		return fmt.Errorf("reading a link to recover: %w", err)
	}
	hash, err := p.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = p.o.DB.Recover(ctx, l.Hash, x.ID, hash, what.All, p.by(x.Email))
	if errors.Is(err, store.ErrNotFound) {
		return errLink
	}
	return err
}
