package people

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

type roles = map[string]access.Role

func TestInvitation(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	site := h.site("shop")
	i, code, err := h.Invite(as(t, ada.Session), "Bob@example.org", roles{site: access.Responder})
	must(t, err)
	equal(t, "lasts", i.Expires, h.clock().Add(7*day).UnixMilli())
	o, err := h.Open(ctx, code, home)
	must(t, err)
	equal(t, "whom for", o.Email, "bob@example.org")
	equal(t, "what for", o.Roles[site], access.Responder)

	_, err = h.Join(ctx, code, Joining{Name: "Eve", Email: "eve@example.org", Password: goodPassword}, home)
	refused(t, err, ErrInvalid, "for another e-mail address")
	refused(t, h.Accept(ctx, ada.Session, code, home), ErrInvalid, "for another e-mail address")
	done, errs := atOnce(4, func(int) error {
		_, err := h.Join(ctx, code, Joining{Name: "Bob", Password: goodPassword}, home)
		return err
	})
	if done != 1 {
		t.Fatalf("%d joined: %v", done, errs)
	}
	_, err = h.Join(ctx, code, Joining{Name: "Bob", Password: goodPassword}, home)
	refused(t, err, ErrGone, "ask who sent it")
	_, err = h.Open(ctx, code, home)
	refused(t, err, ErrGone)
	e, err := h.SignIn(ctx, "bob@example.org", goodPassword, home)
	must(t, err)
	equal(t, "roles", fmt.Sprint(e.Session.Actor().Roles), fmt.Sprint(roles{site: access.Responder}))

	_, _, err = h.Invite(as(t, ada.Session), "bob@example.org", roles{site: access.Owner})
	refused(t, err, store.ErrConflict, "give them the role instead")
	for want, bad := range map[string]roles{"gives a role": {}, `role "root"`: {site: "root"}} {
		_, _, err := h.Invite(as(t, ada.Session), "x@example.org", bad)
		refused(t, err, ErrInvalid, want)
	}
	_, _, err = h.Invite(as(t, ada.Session), "x@example.org", roles{"nowhere": access.Viewer})
	refused(t, err, store.ErrNotFound)
}

func TestInvitationsEnd(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	site := h.site("shop")
	bob := h.member(ada.Session, "bob", roles{site: access.Owner})
	join := func(code string) error {
		_, err := h.Join(ctx, code, Joining{Name: "Carl", Password: goodPassword}, home)
		h.pass(15 * time.Minute)
		return err
	}
	invite := func(by Session) (Invitation, string) {
		t.Helper()
		i, code, err := h.Invite(as(t, by), "carl@example.org", roles{site: access.Owner})
		must(t, err)
		return i, code
	}
	i, code := invite(bob.Session)
	open, err := h.Invitations(as(t, ada.Session))
	must(t, err)
	equal(t, "open", len(open), 1)
	must(t, h.Withdraw(as(t, bob.Session), i.ID))
	refused(t, h.Withdraw(as(t, bob.Session), i.ID), store.ErrNotFound)
	refused(t, join(code), ErrGone)
	_, code = invite(bob.Session)
	h.pass(7 * day)
	refused(t, join(code), ErrGone)

	// Who is no owner any more has sent nothing.
	_, code = invite(bob.Session)
	must(t, h.Grant(as(t, ada.Session), bob.Session.Person, site, access.Responder))
	refused(t, join(code), ErrGone)
	must(t, h.Grant(as(t, ada.Session), bob.Session.Person, site, access.Owner))
	must(t, h.Disable(as(t, ada.Session), bob.Session.Person))
	refused(t, join(code), ErrGone)
	must(t, h.Remove(as(t, ada.Session), bob.Session.Person))
	refused(t, join(code), ErrGone)

	// A site that was deleted meanwhile is left out.
	other := h.site("other")
	_, code, err = h.Invite(as(t, ada.Session), "carl@example.org", roles{site: access.Viewer, other: access.Viewer})
	must(t, err)
	must(t, h.db.DeleteSite(ctx, other, "ada", 1))
	must(t, join(code))
	m, err := h.Find(ctx, "carl@example.org")
	must(t, err)
	equal(t, "roles", fmt.Sprint(m.Roles), fmt.Sprint(roles{site: access.Viewer}))
}

func TestAcceptASecondInvitation(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	shop, blog := h.site("shop"), h.site("blog")
	_, first, err := h.Invite(as(t, ada.Session), "bob@example.org", roles{shop: access.Viewer})
	must(t, err)
	_, second, err := h.Invite(as(t, ada.Session), "bob@example.org", roles{blog: access.Responder})
	must(t, err)
	bob, err := h.Join(ctx, first, Joining{Name: "Bob", Password: goodPassword}, home)
	must(t, err)
	_, err = h.Join(ctx, second, Joining{Name: "Bob", Password: goodPassword}, home)
	refused(t, err, store.ErrConflict, "sign in")
	must(t, h.Accept(ctx, bob.Session, second, home))
	refused(t, h.Accept(ctx, bob.Session, second, home), ErrGone)
	s, err := h.Session(ctx, bob.Token, home)
	must(t, err)
	equal(t, "roles", fmt.Sprint(s.Actor().Roles), fmt.Sprint(roles{shop: access.Viewer, blog: access.Responder}))
}

// Nobody gives more than they have: not a responder, not the owner of one site, not a token without the scope.
func TestStepsUp(t *testing.T) {
	h := open(t)
	ada := h.owner()
	shop, blog := h.site("shop"), h.site("blog")
	who := map[string]Session{}
	for name, r := range map[string]roles{
		"responder": {shop: access.Responder}, "viewer": {access.Everywhere: access.Viewer}, "auditor": {access.Everywhere: access.Auditor},
		"responder everywhere": {access.Everywhere: access.Responder}, "shop owner": {shop: access.Owner},
	} {
		who[name] = h.member(ada.Session, strings.ReplaceAll(name, " ", "-"), r).Session
	}
	victim := h.member(ada.Session, "victim", roles{blog: access.Viewer}).Session.Person
	tried := 0
	never := func(name, what string, f func(by Session) error) {
		tried++
		if err := f(who[name]); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s, %s: %v", name, what, err)
		}
	}
	for name, s := range who {
		for what, f := range map[string]func(by Session) error{
			"grants everywhere": func(by Session) error { return h.Grant(as(t, by), s.Person, access.Everywhere, access.Viewer) },
			"grants themselves": func(by Session) error { return h.Grant(as(t, by), s.Person, access.Everywhere, access.Owner) },
			"grants on blog":    func(by Session) error { return h.Grant(as(t, by), s.Person, blog, access.Owner) },
			"revokes on blog":   func(by Session) error { return h.Revoke(as(t, by), victim, blog) },
			"invites on both": func(by Session) error {
				_, _, err := h.Invite(as(t, by), "x@example.org", roles{shop: access.Viewer, blog: access.Viewer})
				return err
			},
			"invites everywhere": func(by Session) error {
				_, _, err := h.Invite(as(t, by), "x@example.org", roles{access.Everywhere: access.Viewer})
				return err
			},
			"disables":     func(by Session) error { return h.Disable(as(t, by), victim) },
			"enables":      func(by Session) error { return h.Enable(as(t, by), victim) },
			"removes":      func(by Session) error { return h.Remove(as(t, by), victim) },
			"signs out":    func(by Session) error { return h.EndAll(as(t, by), victim) },
			"recovers":     func(by Session) error { _, _, err := h.RecoverLink(as(t, by), "ada@example.org", true); return err },
			"ends a token": func(by Session) error { return h.RevokeToken(as(t, by), victim, "x") },
		} {
			never(name, what, f)
		}
		if name != "shop owner" {
			never(name, "grants on shop", func(by Session) error { return h.Grant(as(t, by), s.Person, shop, access.Owner) })
			never(name, "invites on shop", func(by Session) error {
				_, _, err := h.Invite(as(t, by), "x@example.org", roles{shop: access.Viewer})
				return err
			})
		}
	}
	if tried < 5*12+8 {
		t.Errorf("%d steps were tried", tried)
	}
	must(t, h.Grant(as(t, who["shop owner"]), victim, shop, access.Responder))
	_, _, err := h.Invite(as(t, who["shop owner"]), "new@example.org", roles{shop: access.Owner})
	must(t, err)
	must(t, h.Revoke(as(t, who["shop owner"]), victim, shop))
	open, err := h.Invitations(as(t, who["responder"]))
	must(t, err)
	equal(t, "invitations that a responder sees", len(open), 0)
	// An owner's token that may only see invites nobody.
	narrow := ada.Session.Actor()
	narrow.Scope, narrow.Token = access.See, "t"
	refused(t, h.Grant(access.With(t.Context(), narrow), victim, shop, access.Owner), access.ErrForbidden, "scopes are see")
	refused(t, h.Grant(t.Context(), victim, shop, access.Owner), access.ErrForbidden)
}

func TestLastOwner(t *testing.T) {
	h := open(t)
	ada := h.owner()
	me := ada.Session.Person
	for what, f := range map[string]func() error{
		"granting": func() error { return h.Grant(as(t, ada.Session), me, access.Everywhere, access.Auditor) },
		"revoking": func() error { return h.Revoke(as(t, ada.Session), me, access.Everywhere) },
		"disable":  func() error { return h.Disable(as(t, ada.Session), me) },
		"remove":   func() error { return h.Remove(as(t, ada.Session), me) },
	} {
		if err := f(); !errors.Is(err, ErrLastOwner) || !strings.Contains(err.Error(), "make another person an owner") {
			t.Errorf("%s: %v", what, err)
		}
	}
	bob := h.member(ada.Session, "bob", roles{access.Everywhere: access.Owner})
	done, _ := atOnce(2, func(i int) error {
		if i == 0 {
			return h.Remove(as(t, ada.Session), bob.Session.Person)
		}
		return h.Remove(as(t, bob.Session), me)
	})
	equal(t, "removed of two who remove each other", done, 1)
}

func TestRecover(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	bob := h.member(ada.Session, "bob", roles{access.Everywhere: access.Viewer})
	secret, _, bob := h.codes(bob)
	token, _, err := h.NewToken(ctx, bob.Session, "ci", []string{"see"}, nil, 0)
	must(t, err)

	_, _, err = h.RecoverLink(as(t, ada.Session), "nobody@example.org", false)
	refused(t, err, store.ErrNotFound)
	old, _, err := h.RecoverLink(as(t, ada.Session), "bob@example.org", false)
	must(t, err)
	code, expires, err := h.RecoverLink(as(t, ada.Session), "Bob@example.org", false)
	must(t, err)
	equal(t, "lasts", expires, h.clock().Add(recoverLasts))
	refused(t, h.Recover(ctx, old, "another good password", home), ErrGone)
	_, err = h.Join(ctx, code, Joining{Name: "Eve", Email: "eve@example.org", Password: goodPassword}, home)
	refused(t, err, ErrGone)
	refused(t, h.Accept(ctx, bob.Session, code, home), ErrGone)
	refused(t, h.Recover(ctx, code, "short", home), ErrInvalid)
	must(t, h.Recover(ctx, code, "another good password", home))
	refused(t, h.Recover(ctx, code, "a third good password", home), ErrGone)
	equal(t, "a session from before", h.in(bob.Token), false)
	e, err := h.SignIn(ctx, "bob@example.org", "another good password", home)
	must(t, err)
	equal(t, "in by the link alone", e.Token, "")
	bob, err = h.Second(ctx, e.Pending, h.code(secret, 0), home)
	must(t, err)
	_, err = h.TokenActor(ctx, token)
	must(t, err)

	// Who has lost everything: by the command line, which holds the operator's rights.
	h.pass(15 * time.Minute)
	code, _, err = h.RecoverLink(access.With(ctx, access.Operator), "bob@example.org", true)
	must(t, err)
	must(t, h.Recover(ctx, code, "a third good password", home))
	e, err = h.SignIn(ctx, "bob@example.org", "a third good password", home)
	must(t, err)
	equal(t, "in", h.in(e.Token), true)
	_, err = h.TokenActor(ctx, token)
	refused(t, err, ErrUnauthorized, "revoked")

	code, _, err = h.RecoverLink(as(t, ada.Session), "bob@example.org", true)
	must(t, err)
	must(t, h.Disable(as(t, ada.Session), bob.Session.Person))
	refused(t, h.Recover(ctx, code, "a fourth good password", home), ErrGone)
	_, _, err = h.RecoverLink(as(t, ada.Session), "bob@example.org", true)
	refused(t, err, store.ErrConflict, "enable them first")
	log, err := h.db.AuditLog(ctx, store.AuditQuery{Subject: "person bob@example.org", Limit: 50})
	must(t, err)
	var actions []string
	for _, e := range log {
		actions = append(actions, e.Author+": "+e.Action)
	}
	for _, want := range []string{"operator: making a link: recover", "bob@example.org: recovering access", "ada@example.org: disabling a person", "bob@example.org: making a token"} {
		if !strings.Contains(strings.Join(actions, "; "), want) {
			t.Errorf("the audit log does not say %q: %q", want, actions)
		}
	}
}

func TestLinksAreLimited(t *testing.T) {
	h := open(t)
	last := errors.New("none")
	for range 21 {
		_, last = h.Open(t.Context(), strings.Repeat("A", secretLength), from("203.0.113.5"))
	}
	refused(t, last, ErrLimited)
	_, err := h.Open(t.Context(), "nonsense", home)
	refused(t, err, ErrGone)
}

func TestPeopleAreListedInPages(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	for _, name := range []string{"carl", "bob"} {
		h.member(ada.Session, name, roles{access.Everywhere: access.Viewer})
	}
	page, err := h.List(ctx, "", 2)
	must(t, err)
	if len(page) != 2 || page[0].Email != "ada@example.org" || page[1].Name != "bob" || !page[1].Password || page[1].Roles[access.Everywhere] != access.Viewer {
		t.Fatalf("%+v", page)
	}
	page, err = h.List(ctx, page[1].Email, 2)
	must(t, err)
	if len(page) != 1 || page[0].Name != "carl" {
		t.Fatalf("%+v", page)
	}
	must(t, h.Rename(ctx, ada.Session, "Ada Lovelace"))
	refused(t, h.Rename(ctx, ada.Session, "Ada\u202e"), ErrInvalid)
	m, err := h.Find(ctx, ada.Session.Person)
	must(t, err)
	equal(t, "name", m.Name, "Ada Lovelace")
	_, err = h.Find(ctx, "nobody")
	refused(t, err, store.ErrNotFound, "nobody is known as")
	_, err = h.Find(ctx, "nobody@example.org")
	refused(t, err, store.ErrNotFound)
}
