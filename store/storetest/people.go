package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"palisade.dev/store"
)

// by is who changes people in the promises below.
func by(at int64) store.By {
	return store.By{Author: "ada", At: at, Issuers: []string{"https://id.example"}}
}

// person makes one with a password and perhaps a role everywhere.
func person(t testing.TB, db *store.DB, name, role string) string {
	t.Helper()
	n := store.Newcomer{Person: store.Person{ID: "person-" + name, Name: name, Email: name + "@example.org", Created: 1, Password: "hash of " + name}}
	if role != "" {
		n.Roles = []store.PersonRole{{Site: store.Everywhere, Role: role}}
	}
	must(t, db.AddPerson(t.Context(), n, by(1)))
	return n.Person.ID
}

func everybody(t testing.TB, db *store.DB) []store.Member {
	t.Helper()
	return got[[]store.Member](t)(db.People(t.Context(), "", 100))
}

// link makes a link and gives its hash.
func link(t testing.TB, db *store.DB, kind, email string, expires int64) []byte {
	t.Helper()
	l := store.Link{ID: id(), Kind: kind, Email: email, Body: "{}", Created: 1, Expires: expires}
	l.Hash = []byte("hash of " + l.ID)
	must(t, db.PutLink(t.Context(), l, by(1)))
	return l.Hash
}

// enter signs a person in and gives the session's hash.
func enter(t testing.TB, db *store.DB, person, session string, at int64) []byte {
	t.Helper()
	s := store.Session{ID: session, Hash: []byte("hash of " + session), Person: person, Method: "password", Created: at, Proved: at, Seen: at, Expires: 1000, Address: "192.0.2.1", Agent: "a"}
	must(t, db.Enter(t.Context(), store.Entrance{Session: s, Most: 3}))
	return s.Hash
}

func signedIn(t testing.TB, db *store.DB, hash []byte, at int64) bool {
	t.Helper()
	_, _, err := db.SessionByHash(t.Context(), hash, at, 0)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func ceremony(t testing.TB, db *store.DB, name, person string, expires int64, most int) []byte {
	t.Helper()
	must(t, db.PutCeremony(t.Context(), store.Ceremony{Hash: []byte(name), Kind: "k", Person: person, Body: "{}", Expires: expires}, most))
	return []byte(name)
}

var peoplePromises = []promise{
	{"a person comes back as they went in, with roles", func(ctx context.Context, t *testing.T, db *store.DB) {
		site := Site(t, db, "a")
		ada := person(t, db, "ada", "owner")
		must(t, db.Grant(ctx, ada, site, "viewer", by(2)))
		p := got[store.Person](t)(db.PersonByEmail(ctx, "ada@example.org"))
		equal(t, "name", p.Name, "ada")
		equal(t, "password", p.Password, "hash of ada")
		equal(t, "roles", fmt.Sprint(got[[]store.PersonRole](t)(db.PersonRoles(ctx, ada))), fmt.Sprintf("[{%s * owner} {%s %s viewer}]", ada, ada, site))
		person(t, db, "bob", "viewer")
		equal(t, "people", len(everybody(t, db)), 2)
		equal(t, "the page after", got[[]store.Member](t)(db.People(ctx, "ada@example.org", 1))[0].Person.Name, "bob")
		equal(t, "their roles", len(got[[]store.PersonRole](t)(db.Roles(ctx, "", "ada@example.org"))), 2)
		refused(t, db.Grant(ctx, ada, "none", "viewer", by(2)), store.ErrNotFound, "no such site")
		must(t, db.DeleteSite(ctx, site, "ada", 3))
		equal(t, "roles on a site that is gone", len(got[[]store.PersonRole](t)(db.PersonRoles(ctx, ada))), 1)
		n := store.Newcomer{Person: store.Person{ID: "other", Email: "ada@example.org"}}
		refused(t, db.AddPerson(ctx, n, by(2)), store.ErrConflict, "adding person ada@example.org")
		_, err := db.PersonByEmail(ctx, "Ada@example.org")
		refused(t, err, store.ErrNotFound)
	}},
	{"changes of people are in the audit log, without what is secret", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada, bob := person(t, db, "ada", "owner"), person(t, db, "bob", "")
		must(t, db.Grant(ctx, bob, store.Everywhere, "owner", by(2)))
		must(t, db.SetPassword(ctx, bob, "sesame", "", by(3)))
		must(t, db.RemovePerson(ctx, ada, by(4)))
		var actions []string
		_, err := db.VerifyAudit(ctx, func(e store.Audited) error {
			actions = append(actions, e.Action+" "+e.Subject+" "+e.Earlier+">"+e.Later)
			return nil
		})
		must(t, err)
		all := strings.Join(actions, "; ")
		for _, want := range []string{"giving a role person bob@example.org >owner", "setting a password person bob@example.org >", "removing a person person ada@example.org"} {
			if !strings.Contains(all, want) {
				t.Errorf("%q does not say %q", all, want)
			}
		}
		if strings.Contains(all, "sesame") || strings.Contains(all, "hash of") {
			t.Errorf("a secret is in the audit log: %s", all)
		}
	}},
	{"the last owner stays, whatever is done", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada := person(t, db, "ada", "owner")
		disabled, keyless, elsewhere := person(t, db, "disabled", "owner"), person(t, db, "keyless", "owner"), person(t, db, "elsewhere", "owner")
		must(t, db.DisablePerson(ctx, disabled, by(2)))
		must(t, db.AddPasskey(ctx, store.Passkey{ID: "k1", Credential: []byte("c1"), Person: keyless, Body: "{}"}, by(2)))
		must(t, db.DropPassword(ctx, keyless, by(2)))
		must(t, db.AddIdentity(ctx, store.Identity{Issuer: "https://gone.example", Subject: "s", Person: elsewhere}, by(2)))
		refused(t, db.DropPassword(ctx, elsewhere, by(2)), store.ErrLastWay, "set a password first")
		must(t, db.DisablePerson(ctx, elsewhere, by(2)))
		must(t, db.DisablePerson(ctx, keyless, by(2)))
		for what, f := range map[string]func() error{
			"grant":    func() error { return db.Grant(ctx, ada, store.Everywhere, "viewer", by(3)) },
			"revoke":   func() error { return db.RevokeRole(ctx, ada, store.Everywhere, by(3)) },
			"disable":  func() error { return db.DisablePerson(ctx, ada, by(3)) },
			"remove":   func() error { return db.RemovePerson(ctx, ada, by(3)) },
			"password": func() error { return db.DropPassword(ctx, ada, by(3)) },
		} {
			if err := f(); !errors.Is(err, store.ErrLastOwner) && !errors.Is(err, store.ErrLastWay) {
				t.Errorf("%s: %v", what, err)
			}
		}
		equal(t, "still owner", got[[]store.PersonRole](t)(db.PersonRoles(ctx, ada))[0].Role, "owner")
		must(t, db.EnablePerson(ctx, keyless, by(4)))
		must(t, db.RemovePerson(ctx, ada, by(4)))
		refused(t, db.RemovePasskey(ctx, keyless, "k1", by(5)), store.ErrLastWay, "last way in")
	}},
	{"of owners who remove each other at once, one is left", func(ctx context.Context, t *testing.T, db *store.DB) {
		nobody := store.By{At: 3} // without an author, since writing the audit log makes them follow each other as well
		for round := range 5 {
			var four []string
			for i := range 4 {
				four = append(four, person(t, db, fmt.Sprintf("owner-%d-%d", round, i), "owner"))
			}
			for _, m := range everybody(t, db) { // of the round before
				if !slices.Contains(four, m.Person.ID) {
					must(t, db.RemovePerson(ctx, m.Person.ID, by(2)))
				}
			}
			errs := atOnce(4, func(i int) error {
				switch i {
				case 0:
					return db.RevokeRole(ctx, four[0], store.Everywhere, nobody)
				case 1:
					return db.DisablePerson(ctx, four[1], nobody)
				case 2:
					return db.Grant(ctx, four[2], store.Everywhere, "auditor", nobody)
				}
				return db.RemovePerson(ctx, four[3], nobody)
			})
			equal(t, "done", count(errs, nil), 3)
			equal(t, "refused", count(errs, store.ErrLastOwner), 1)
			equal(t, "an owner", got[bool](t)(db.HasOwner(ctx)), true)
		}
	}},
	{"of two who come by one link, one comes in; and there is one first owner", func(ctx context.Context, t *testing.T, db *store.DB) {
		for _, kind := range []string{store.LinkSetup, store.LinkInvite} {
			hash := link(t, db, kind, "", 100)
			role := map[string]string{store.LinkSetup: "owner", store.LinkInvite: "viewer"}[kind]
			errs := atOnce(8, func(i int) error {
				name := fmt.Sprint(kind, i)
				return db.AddPerson(ctx, store.Newcomer{
					Person: store.Person{ID: name, Email: name, Password: "x"}, Roles: []store.PersonRole{{Site: store.Everywhere, Role: role}}, Link: hash, Kind: kind,
				}, by(50))
			})
			equal(t, "in", count(errs, nil), 1)
			equal(t, "out", count(errs, store.ErrNotFound), 7)
		}
		late := link(t, db, store.LinkSetup, "", 100)
		refused(t, db.AddPerson(ctx, store.Newcomer{Person: store.Person{ID: "late", Email: "late"}, Link: late, Kind: store.LinkSetup}, by(50)), store.ErrNotFound, "has an owner")
		ended := link(t, db, store.LinkInvite, "b", 100)
		refused(t, db.AddPerson(ctx, store.Newcomer{Person: store.Person{ID: "b", Email: "b"}, Link: ended, Kind: store.LinkInvite}, by(100)), store.ErrNotFound, "has ended")
		refused(t, db.AddPerson(ctx, store.Newcomer{Person: store.Person{ID: "b", Email: "b"}, Link: ended, Kind: store.LinkRecover}, by(50)), store.ErrNotFound)
		equal(t, "people", len(everybody(t, db)), 2)
	}},
	{"a link to recover takes the place of the one before, and ends what was signed in", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada := person(t, db, "ada", "owner")
		first := link(t, db, store.LinkRecover, "ada@example.org", 100)
		second := link(t, db, store.LinkRecover, "ada@example.org", 100)
		_, err := db.LinkByHash(ctx, first, 50)
		refused(t, err, store.ErrNotFound, "link")
		s := enter(t, db, ada, "s", 10)
		must(t, db.AddPasskey(ctx, store.Passkey{ID: "k", Credential: []byte("c"), Person: ada, Body: "{}"}, by(1)))
		must(t, db.AddToken(ctx, store.Token{ID: "t", Hash: []byte("t"), Person: ada, Scopes: "[]", Sites: "[]", Expires: 900}, 5, by(1)))
		must(t, db.PutPendingTOTP(ctx, ada, []byte("secret")))
		must(t, db.ConfirmTOTP(ctx, ada, []byte("secret"), 7, [][]byte{[]byte("r")}, "s", by(2)))
		must(t, db.Recover(ctx, second, ada, "new", true, by(50)))
		refused(t, db.Recover(ctx, second, ada, "newer", true, by(50)), store.ErrNotFound, "was used")
		p := got[store.Person](t)(db.Person(ctx, ada))
		equal(t, "password", p.Password, "new")
		equal(t, "codes", len(p.TOTP), 0)
		equal(t, "passkeys", len(got[[]store.Passkey](t)(db.Passkeys(ctx, ada))), 0)
		equal(t, "signed in", signedIn(t, db, s, 51), false)
		token, _, err := db.TokenByHash(ctx, []byte("t"))
		must(t, err)
		equal(t, "revoked", token.Revoked, 50)
	}},
	{"invitations are listed while they are open, and withdrawn", func(ctx context.Context, t *testing.T, db *store.DB) {
		link(t, db, store.LinkInvite, "a", 100)
		link(t, db, store.LinkInvite, "b", 200)
		open := got[[]store.Link](t)(db.Links(ctx, store.LinkInvite, 100))
		equal(t, "open", len(open), 1)
		equal(t, "whose", open[0].Email, "b")
		must(t, db.RemoveLink(ctx, open[0].ID, by(100)))
		refused(t, db.RemoveLink(ctx, open[0].ID, by(100)), store.ErrNotFound, "no such link")
		bob := person(t, db, "bob", "")
		hash := link(t, db, store.LinkInvite, "bob@example.org", 100)
		roles := []store.PersonRole{{Person: bob, Site: store.Everywhere, Role: "viewer"}}
		must(t, db.AcceptLink(ctx, hash, roles, by(50)))
		refused(t, db.AcceptLink(ctx, hash, roles, by(50)), store.ErrNotFound, "was used")
		equal(t, "roles", len(got[[]store.PersonRole](t)(db.PersonRoles(ctx, bob))), 1)
	}},
	{"a session is found with the roles of now, and ends in many ways", func(ctx context.Context, t *testing.T, db *store.DB) {
		site := Site(t, db, "a")
		ada, bob := person(t, db, "ada", "owner"), person(t, db, "bob", "")
		a := enter(t, db, ada, "sa", 10)
		b := enter(t, db, bob, "sb", 10)
		s, bearer, err := db.SessionByHash(ctx, a, 20, 0)
		must(t, err)
		equal(t, "session", fmt.Sprint(s.ID, s.Person, s.Method, s.Created, s.Proved, s.Seen, s.Expires, s.Address, s.Agent), "sa"+ada+"password10 10 10 1000192.0.2.1a")
		equal(t, "roles", len(bearer.Roles), 1)
		_, bearer, err = db.SessionByHash(ctx, b, 20, 0)
		must(t, err)
		equal(t, "roles of none", len(bearer.Roles), 0)
		must(t, db.Grant(ctx, bob, site, "viewer", by(2)))
		_, bearer, err = db.SessionByHash(ctx, b, 20, 0)
		must(t, err)
		equal(t, "bob", fmt.Sprint(bearer), fmt.Sprintf("{bob bob@example.org [{%s %s viewer}]}", bob, site))
		equal(t, "absolutely ended", signedIn(t, db, a, 1000), false)
		_, _, err = db.SessionByHash(ctx, a, 20, 10)
		refused(t, err, store.ErrNotFound, "session")
		must(t, db.SeenSession(ctx, "sa", 15, "192.0.2.9"))
		s, _, err = db.SessionByHash(ctx, a, 20, 10)
		must(t, err)
		equal(t, "address", s.Address, "192.0.2.9")
		must(t, db.RenewSession(ctx, "sa", a, []byte("renewed"), 18))
		equal(t, "the old secret", signedIn(t, db, a, 20), false)
		equal(t, "the new", signedIn(t, db, []byte("renewed"), 20), true)
		refused(t, db.RenewSession(ctx, "sa", a, []byte("again"), 18), store.ErrNotFound, "has ended")
		refused(t, db.EndSession(ctx, bob, "sa"), store.ErrNotFound, "no such session")
		equal(t, "bob ended another's", signedIn(t, db, []byte("renewed"), 20), true)
		a2 := enter(t, db, ada, "sa2", 21)
		must(t, db.SetPassword(ctx, ada, "other", "sa2", by(3)))
		equal(t, "others end with the password", signedIn(t, db, []byte("renewed"), 22), false)
		equal(t, "this one stays", signedIn(t, db, a2, 22), true)
		must(t, db.DisablePerson(ctx, bob, by(4)))
		equal(t, "disabled", signedIn(t, db, b, 22), false)
		must(t, db.EnablePerson(ctx, bob, by(5)))
		equal(t, "enabled again", signedIn(t, db, b, 22), false)
	}},
	{"who signs in ends the session before, and has so many at most", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada := person(t, db, "ada", "owner")
		before := enter(t, db, ada, "s0", 10)
		s := store.Session{ID: "s1", Hash: []byte("h1"), Person: ada, Seen: 11, Expires: 1000}
		must(t, db.Enter(ctx, store.Entrance{Session: s, Earlier: before, Most: 3}))
		equal(t, "before", signedIn(t, db, before, 12), false)
		for i := range int64(4) {
			enter(t, db, ada, fmt.Sprint("more", i), 20+i)
		}
		all := got[[]store.Session](t)(db.Sessions(ctx, ada, 30, 0))
		equal(t, "sessions", len(all), 3)
		equal(t, "the newest first", all[0].ID, "more3")
	}},
	{"nobody comes in by what was changed meanwhile", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada := person(t, db, "ada", "owner")
		e := store.Entrance{Session: store.Session{ID: "s", Hash: []byte("h"), Person: ada, Seen: 1, Expires: 9}, Password: "hash of ada", Most: 3}
		must(t, db.SetPassword(ctx, ada, "other", "", by(2)))
		refused(t, db.Enter(ctx, e), store.ErrNotFound, "changed meanwhile")
		e.Password = "other"
		e.Ceremony = ceremony(t, db, "c", ada, 100, 9)
		must(t, db.EndSessions(ctx, ada, ""))
		refused(t, db.Enter(ctx, e), store.ErrNotFound, "was finished")
		person(t, db, "bob", "owner")
		must(t, db.DisablePerson(ctx, ada, by(2)))
		e.Ceremony = nil
		refused(t, db.Enter(ctx, e), store.ErrNotFound, "changed meanwhile")
		equal(t, "sessions", len(got[[]store.Session](t)(db.Sessions(ctx, ada, 1, 0))), 0)
	}},
	{"a ceremony is finished once, in time, and only so often tried", func(ctx context.Context, t *testing.T, db *store.DB) {
		hash := ceremony(t, db, "c", "", 100, 9)
		errs := atOnce(6, func(int) error {
			_, err := db.TakeCeremony(ctx, hash, "k", 50)
			return err
		})
		equal(t, "finished", count(errs, nil), 1)
		equal(t, "too late", count(errs, store.ErrNotFound), 5)
		hash = ceremony(t, db, "c2", "", 100, 9)
		_, err := db.TakeCeremony(ctx, hash, "k", 100)
		refused(t, err, store.ErrNotFound, "took too long")
		_, err = db.TakeCeremony(ctx, hash, "other", 50)
		refused(t, err, store.ErrNotFound)
		for range 2 {
			_, err = db.TryCeremony(ctx, hash, "k", 50, 2)
			must(t, err)
		}
		_, err = db.TryCeremony(ctx, hash, "k", 50, 2)
		refused(t, err, store.ErrNotFound, "tried too often")
	}},
	{"ceremonies are so many at most, and those that end last stay", func(ctx context.Context, t *testing.T, db *store.DB) {
		for i := range int64(6) {
			ceremony(t, db, fmt.Sprint("c", i), "", 100+i, 3)
		}
		for i := range 6 {
			_, err := db.TakeCeremony(ctx, []byte(fmt.Sprint("c", i)), "k", 50)
			equal(t, fmt.Sprint("c", i), err == nil, i >= 3)
		}
	}},
	{"a one-time code's step is used once", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada := person(t, db, "ada", "owner")
		must(t, db.PutPendingTOTP(ctx, ada, []byte("one")))
		must(t, db.PutPendingTOTP(ctx, ada, []byte("two")))
		refused(t, db.ConfirmTOTP(ctx, ada, []byte("one"), 7, nil, "", by(2)), store.ErrConflict, "begin again")
		must(t, db.ConfirmTOTP(ctx, ada, []byte("two"), 7, [][]byte{[]byte("r1"), []byte("r2")}, "", by(2)))
		refused(t, db.UseTOTPStep(ctx, ada, 7), store.ErrConflict, "was used")
		errs := atOnce(6, func(int) error { return db.UseTOTPStep(ctx, ada, 8) })
		equal(t, "used", count(errs, nil), 1)
		errs = atOnce(6, func(int) error { return db.UseRecoveryCode(ctx, ada, []byte("r1")) })
		equal(t, "recovered", count(errs, nil), 1)
		equal(t, "left", got[store.Member](t)(db.Member(ctx, ada)).Codes, 1)
		must(t, db.PutRecoveryCodes(ctx, ada, [][]byte{[]byte("n1"), []byte("n2"), []byte("n3")}, by(3)))
		refused(t, db.UseRecoveryCode(ctx, ada, []byte("r2")), store.ErrNotFound, "no such recovery code")
		must(t, db.DropTOTP(ctx, ada, by(4)))
		equal(t, "none left", got[store.Member](t)(db.Member(ctx, ada)).Codes, 0)
	}},
	{"a passkey comes back, is used by one at a time, and is one person's", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada, bob := person(t, db, "ada", "owner"), person(t, db, "bob", "")
		k := store.Passkey{ID: "k", Credential: []byte{0, 1, 2}, Person: ada, Name: "Phone", Body: `{"n":1}`, Created: 5}
		must(t, db.AddPasskey(ctx, k, by(5)))
		refused(t, db.AddPasskey(ctx, store.Passkey{ID: "k2", Credential: []byte{0, 1, 2}, Person: bob}, by(5)), store.ErrConflict, "adding a passkey")
		equal(t, "passkey", fmt.Sprint(got[[]store.Passkey](t)(db.Passkeys(ctx, ada))), fmt.Sprint([]store.Passkey{k}))
		k.Body, k.Used, k.Cloned = `{"n":2}`, 9, 9
		must(t, db.UsedPasskey(ctx, k, `{"n":1}`))
		refused(t, db.UsedPasskey(ctx, k, `{"n":1}`), store.ErrConflict, "at the same time")
		refused(t, db.RenamePasskey(ctx, bob, "k", "x"), store.ErrNotFound, "no such passkey")
		must(t, db.RenamePasskey(ctx, ada, "k", "Old phone"))
		equal(t, "name", got[[]store.Passkey](t)(db.Passkeys(ctx, ada))[0].Name, "Old phone")
		refused(t, db.RemovePasskey(ctx, bob, "k", by(6)), store.ErrNotFound, "no such passkey")
		must(t, db.RemovePasskey(ctx, ada, "k", by(6)))
	}},
	{"an account at a provider is tied to one person", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada, bob := person(t, db, "ada", "owner"), person(t, db, "bob", "")
		i := store.Identity{Issuer: "https://id.example", Subject: "7", Person: ada, Email: "a@id.example", Created: 3}
		must(t, db.AddIdentity(ctx, i, by(3)))
		i.Person = bob
		refused(t, db.AddIdentity(ctx, i, by(3)), store.ErrConflict, "tying an account")
		must(t, db.UsedIdentity(ctx, i.Issuer, i.Subject, 9))
		i.Person, i.Used = ada, 9
		equal(t, "identity", got[store.Identity](t)(db.Identity(ctx, i.Issuer, i.Subject)), i)
		must(t, db.DropPassword(ctx, ada, by(4)))
		refused(t, db.RemoveIdentity(ctx, ada, i.Issuer, i.Subject, by(5)), store.ErrLastWay)
		_, err := db.Identity(ctx, "https://other.example", "7")
		refused(t, err, store.ErrNotFound, "account at https://other.example")
	}},
	{"a token is found with the roles of now, is counted and revoked", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada, bob := person(t, db, "ada", "owner"), person(t, db, "bob", "viewer")
		token := store.Token{ID: id(), Hash: []byte("t1"), Person: bob, Name: "ci", Scopes: `["see"]`, Sites: `["s"]`, Created: 5, Expires: 100}
		must(t, db.AddToken(ctx, token, 2, by(5)))
		kept, bearer, err := db.TokenByHash(ctx, token.Hash)
		must(t, err)
		equal(t, "token", fmt.Sprint(kept), fmt.Sprint(token))
		equal(t, "role", bearer.Roles[0].Role, "viewer")
		must(t, db.RevokeRole(ctx, bob, store.Everywhere, by(6)))
		_, bearer, err = db.TokenByHash(ctx, token.Hash)
		must(t, err)
		equal(t, "roles", len(bearer.Roles), 0)
		must(t, db.UsedToken(ctx, token.ID, 50))
		must(t, db.UsedToken(ctx, token.ID, 40))
		second := store.Token{ID: id(), Hash: []byte("t2"), Person: bob, Name: "x", Scopes: `[]`, Sites: `[]`, Expires: 100}
		must(t, db.AddToken(ctx, second, 2, by(5)))
		second.ID, second.Hash = id(), []byte("t3")
		refused(t, db.AddToken(ctx, second, 2, by(5)), store.ErrConflict, "2 tokens already")
		refused(t, db.RevokeToken(ctx, ada, token.ID, by(60)), store.ErrNotFound, "no such token")
		must(t, db.RevokeToken(ctx, bob, token.ID, by(60)))
		kept, _, err = db.TokenByHash(ctx, token.Hash)
		must(t, err)
		equal(t, "used and revoked", fmt.Sprint(kept.Used, kept.Revoked), "50 60")
		equal(t, "tokens", len(got[[]store.Token](t)(db.Tokens(ctx, bob))), 2)
		must(t, db.DisablePerson(ctx, bob, by(70)))
		_, _, err = db.TokenByHash(ctx, token.Hash)
		refused(t, err, store.ErrNotFound, "token")
	}},
	{"tries to sign in are kept and forgotten, with what else has ended", func(ctx context.Context, t *testing.T, db *store.DB) {
		ada := person(t, db, "ada", "owner")
		for i, who := range []string{ada, "", ada} {
			must(t, db.NoteSignin(ctx, store.Signin{ID: fmt.Sprint("n", i), At: int64(i), Person: who, Method: "password", Outcome: "ok", Address: "192.0.2.1", Agent: "a"}))
		}
		equal(t, "all", len(got[[]store.Signin](t)(db.Signins(ctx, "", "", 10))), 3)
		mine := got[[]store.Signin](t)(db.Signins(ctx, ada, "", 10))
		equal(t, "mine", len(mine), 2)
		equal(t, "newest", mine[0].ID, "n2")
		equal(t, "the page after", got[[]store.Signin](t)(db.Signins(ctx, ada, "n2", 10))[0].ID, "n0")
		idle := enter(t, db, ada, "idle", 10)
		live := enter(t, db, ada, "live", 60)
		link(t, db, store.LinkInvite, "x", 70)
		ceremony(t, db, "c", ada, 70, 9)
		must(t, db.ForgetPeople(ctx, 70, 50, 2))
		equal(t, "sign-ins", len(got[[]store.Signin](t)(db.Signins(ctx, "", "", 10))), 1)
		equal(t, "idle", signedIn(t, db, idle, 0), false)
		equal(t, "live", signedIn(t, db, live, 0), true)
		equal(t, "links", len(got[[]store.Link](t)(db.Links(ctx, store.LinkInvite, 0))), 0)
		_, err := db.TakeCeremony(ctx, []byte("c"), "k", 0)
		refused(t, err, store.ErrNotFound)
	}},
	{"with a person goes what they sign in with", func(ctx context.Context, t *testing.T, db *store.DB) {
		person(t, db, "ada", "owner")
		bob := person(t, db, "bob", "viewer")
		s := enter(t, db, bob, "s", 10)
		must(t, db.AddPasskey(ctx, store.Passkey{ID: "k", Credential: []byte("c"), Person: bob, Body: "{}"}, by(1)))
		must(t, db.AddIdentity(ctx, store.Identity{Issuer: "https://id.example", Subject: "7", Person: bob}, by(3)))
		must(t, db.NoteSignin(ctx, store.Signin{ID: "n", Person: bob}))
		recover := link(t, db, store.LinkRecover, "bob@example.org", 100)
		must(t, db.RemovePerson(ctx, bob, by(5)))
		refused(t, db.RemovePerson(ctx, bob, by(5)), store.ErrNotFound, "no such person")
		equal(t, "session", signedIn(t, db, s, 11), false)
		_, err := db.LinkByHash(ctx, recover, 50)
		refused(t, err, store.ErrNotFound)
		_, err = db.Identity(ctx, "https://id.example", "7")
		refused(t, err, store.ErrNotFound)
		equal(t, "sign-ins", len(got[[]store.Signin](t)(db.Signins(ctx, "", "", 10))), 0)
	}},
}
