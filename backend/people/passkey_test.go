package people

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

var party = Party{ID: "palisade.example.org", Origin: "https://palisade.example.org:8443"}

// passkey adds one to who is signed in.
func (h *house) passkey(s Session, label string) *authenticator {
	h.t.Helper()
	a := newAuthenticator(h.t, party)
	b, err := h.BeginPasskey(h.t.Context(), s, party)
	must(h.t, err)
	must(h.t, h.FinishPasskey(h.t.Context(), s, party, a.make(b), label))
	h.pass(time.Millisecond) // they are listed by age
	return a
}

func (h *house) show(a *authenticator) (Entered, error) {
	h.t.Helper()
	b, err := h.BeginPasskeySignIn(h.t.Context(), party, home)
	must(h.t, err)
	a.count++
	return h.PasskeySignIn(h.t.Context(), party, a.show(b), home)
}

func TestPasskey(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	phone, laptop := h.passkey(ada.Session, "Phone"), h.passkey(ada.Session, "")
	for _, a := range []*authenticator{phone, laptop} {
		e, err := h.show(a)
		must(t, err)
		equal(t, "whose", e.Session.Person, ada.Session.Person)
		equal(t, "method", e.Session.Method, ByPasskey)
		equal(t, "in", h.in(e.Token), true)
	}
	h.pass(time.Minute)
	_, err := h.show(phone)
	must(t, err)
	all, err := h.Passkeys(ctx, ada.Session.Person)
	must(t, err)
	if len(all) != 2 || all[0].Name != "Phone" || all[0].Used != h.millis() || all[1].Name != "Passkey" || all[0].Synced {
		t.Errorf("%+v", all)
	}
	// A passkey is known already: not twice.
	b, err := h.BeginPasskey(ctx, ada.Session, party)
	must(t, err)
	if !strings.Contains(string(b.Options), b64(phone.id)) {
		t.Error("the browser is not told which passkeys there are")
	}
	refused(t, h.FinishPasskey(ctx, ada.Session, party, phone.make(b), "again"), store.ErrConflict)

	must(t, h.RenamePasskey(ctx, ada.Session, all[0].ID, "Old phone"))
	must(t, h.DropPassword(ctx, ada.Session))
	_, err = h.SignIn(ctx, "ada@example.org", goodPassword, home)
	refused(t, err, ErrRefused)
	must(t, h.RemovePasskey(ctx, ada.Session, all[0].ID))
	_, err = h.show(phone)
	refused(t, err, ErrPasskey)
	refused(t, h.RemovePasskey(ctx, ada.Session, all[1].ID), ErrLastWay, "set a password first")
	token, s, err := h.ChangePassword(ctx, ada.Session, "", goodPassword, home)
	must(t, err)
	equal(t, "a first password", h.in(token), true)
	must(t, h.RemovePasskey(ctx, s, all[1].ID))
}

// With one-time codes on, a passkey is still enough: it has looked at its owner.
func TestPasskeyStandsForBoth(t *testing.T) {
	h := open(t)
	ada := h.owner()
	_, _, ada = h.codes(ada)
	e, err := h.show(h.passkey(ada.Session, "Phone"))
	must(t, err)
	equal(t, "in", h.in(e.Token), true)
}

func TestPasskeyAttacks(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	bob := h.member(ada.Session, "bob", map[string]access.Role{access.Everywhere: access.Viewer})
	attacks := 0
	for name, lie := range map[string]func(a *authenticator){
		"wrong origin":         func(a *authenticator) { a.origin = "https://palisade.example.org.evil.example" },
		"another port":         func(a *authenticator) { a.origin = "https://palisade.example.org" },
		"no TLS":               func(a *authenticator) { a.origin = "http://palisade.example.org:8443" },
		"wrong party":          func(a *authenticator) { a.party = "evil.example" },
		"no user verification": func(a *authenticator) { a.verify = false },
		"another challenge":    func(a *authenticator) { a.foreign = b64(make([]byte, 32)) },
		"another ceremony":     func(a *authenticator) { a.kind = "payment.get" },
	} {
		// When it is made …
		a := newAuthenticator(t, party)
		lie(a)
		b, err := h.BeginPasskey(ctx, ada.Session, party)
		must(t, err)
		err = h.FinishPasskey(ctx, ada.Session, party, a.make(b), "x")
		refused(t, err, ErrPasskey, "on the address that you always use")
		// … and when it is shown.
		a = h.passkey(ada.Session, name)
		lie(a)
		_, err = h.show(a)
		refused(t, err, ErrPasskey)
		must(t, h.Forget(ctx))
		attacks += 2
		h.pass(time.Minute)
		_, ada.Session, err = h.Reauthenticate(ctx, ada.Session, Proof{Password: goodPassword}, home)
		must(t, err)
	}
	if attacks < 14 {
		t.Errorf("%d attacks", attacks)
	}

	a := h.passkey(ada.Session, "Phone")
	b, err := h.BeginPasskeySignIn(ctx, party, home)
	must(t, err)
	answer := a.show(b)
	_, err = h.PasskeySignIn(ctx, party, answer, home)
	must(t, err)
	_, err = h.PasskeySignIn(ctx, party, answer, home)
	refused(t, err, ErrGone, "begin again")
	// What was caught on its way does not answer another ceremony.
	b, err = h.BeginPasskeySignIn(ctx, party, home)
	must(t, err)
	answer.ID = b.ID
	_, err = h.PasskeySignIn(ctx, party, answer, home)
	refused(t, err, ErrPasskey)
	b, err = h.BeginPasskeySignIn(ctx, party, home)
	must(t, err)
	h.pass(unfinished)
	_, err = h.PasskeySignIn(ctx, party, a.show(b), home)
	refused(t, err, ErrGone)
	// Ada's key, and Bob's name on it.
	a.handle = []byte(bob.Session.Person)
	_, err = h.show(a)
	refused(t, err, ErrPasskey)
	a.handle = []byte("nobody")
	_, err = h.show(a)
	refused(t, err, ErrPasskey, "of nobody here")
	a.handle = nil
	_, err = h.show(a)
	refused(t, err, ErrPasskey)
	// Another's key, and Ada's id on it.
	forged := newAuthenticator(t, party)
	forged.id, forged.handle = a.id, []byte(ada.Session.Person)
	_, err = h.show(forged)
	refused(t, err, ErrPasskey)
	// What one begins, another does not finish.
	_, bob.Session, err = h.Reauthenticate(ctx, bob.Session, Proof{Password: goodPassword}, home)
	must(t, err)
	_, ada.Session, err = h.Reauthenticate(ctx, ada.Session, Proof{Password: goodPassword}, home)
	must(t, err)
	b, err = h.BeginPasskey(ctx, bob.Session, party)
	must(t, err)
	refused(t, h.FinishPasskey(ctx, ada.Session, party, newAuthenticator(t, party).make(b), "x"), ErrGone)
	// A registration's ceremony is no sign-in's.
	b, err = h.BeginPasskey(ctx, bob.Session, party)
	must(t, err)
	_, err = h.PasskeySignIn(ctx, party, a.show(b), home)
	refused(t, err, ErrGone)
	for _, bad := range []string{"", "{", "[]", `{"id":"x"}`, strings.Repeat("x", largestAnswer)} {
		_, err = h.PasskeySignIn(ctx, party, Answer{JSON: []byte(bad)}, home)
		refused(t, err, ErrPasskey)
	}
	_, err = h.PasskeySignIn(ctx, party, Answer{JSON: make([]byte, largestAnswer+1)}, home)
	refused(t, err, ErrInvalid, "more than 65536 bytes")
}

func TestPasskeyOfADisabledPerson(t *testing.T) {
	h := open(t)
	ada := h.owner()
	bob := h.member(ada.Session, "bob", map[string]access.Role{access.Everywhere: access.Viewer})
	a := h.passkey(bob.Session, "Phone")
	must(t, h.Disable(as(t, ada.Session), bob.Session.Person))
	_, err := h.show(a)
	refused(t, err, ErrPasskey)
}

// A counter that runs backwards lets in, and shows: the person decides what to do.
func TestPasskeyCopied(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	a := h.passkey(ada.Session, "Key")
	a.count = 7
	_, err := h.show(a)
	must(t, err)
	a.count = 3
	h.pass(time.Second)
	_, err = h.show(a)
	must(t, err)
	all, err := h.Passkeys(ctx, ada.Session.Person)
	must(t, err)
	equal(t, "since when", all[0].Cloned, h.millis())
	log, err := h.Signins(ctx, ada.Session.Person, "", 1)
	must(t, err)
	equal(t, "noted", log[0].Outcome, outcomeCloned)
	h.pass(time.Second)
	a.count = 20
	_, err = h.show(a)
	must(t, err)
	log, err = h.Signins(ctx, ada.Session.Person, "", 1)
	must(t, err)
	equal(t, "noted once", log[0].Outcome, outcomeOK)
}

func TestSyncedPasskey(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	a := newAuthenticator(t, party)
	a.synced = true
	b, err := h.BeginPasskey(ctx, ada.Session, party)
	must(t, err)
	must(t, h.FinishPasskey(ctx, ada.Session, party, a.make(b), "Cloud"))
	for range 2 { // these do not count
		b, err := h.BeginPasskeySignIn(ctx, party, home)
		must(t, err)
		_, err = h.PasskeySignIn(ctx, party, a.show(b), home)
		must(t, err)
	}
	all, err := h.Passkeys(ctx, ada.Session.Person)
	must(t, err)
	if !all[0].Synced || all[0].Cloned != 0 {
		t.Errorf("%+v", all)
	}
	// One that was bound to its device cannot say later that it was synced.
	c := h.passkey(ada.Session, "Key")
	c.synced = true
	_, err = h.show(c)
	refused(t, err, ErrPasskey)
}

func TestJoinByPasskey(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	code, err := h.SetupCode(ctx)
	must(t, err)
	j := Joining{Name: "Ada", Email: "ada@example.org", Party: party, Label: "Phone"}
	b, err := h.BeginJoiningPasskey(ctx, code, j, party, home)
	must(t, err)
	a := newAuthenticator(t, party)
	answer := a.make(b)
	j.Passkey = &answer
	ada, err := h.Join(ctx, code, j, home)
	must(t, err)
	equal(t, "in", h.in(ada.Token), true)
	e, err := h.show(a)
	must(t, err)
	equal(t, "whose", e.Session.Email, "ada@example.org")

	// A passkey begun with one link does not join by another, nor under another address.
	_, first, err := h.Invite(as(t, ada.Session), "bob@example.org", map[string]access.Role{access.Everywhere: access.Viewer})
	must(t, err)
	_, second, err := h.Invite(as(t, ada.Session), "eve@example.org", map[string]access.Role{access.Everywhere: access.Viewer})
	must(t, err)
	b, err = h.BeginJoiningPasskey(ctx, second, Joining{Name: "Eve"}, party, home)
	must(t, err)
	answer = newAuthenticator(t, party).make(b)
	_, err = h.Join(ctx, first, Joining{Name: "Bob", Passkey: &answer, Party: party}, home)
	refused(t, err, ErrGone, "begin again")
	_, third, err := h.Invite(as(t, ada.Session), "eve@example.org", map[string]access.Role{access.Everywhere: access.Owner})
	must(t, err)
	b, err = h.BeginJoiningPasskey(ctx, second, Joining{Name: "Eve"}, party, home)
	must(t, err)
	answer = newAuthenticator(t, party).make(b)
	_, err = h.Join(ctx, third, Joining{Name: "Eve", Passkey: &answer, Party: party}, home)
	refused(t, err, ErrGone, "begin again")
	recover, _, err := h.RecoverLink(as(t, ada.Session), "ada@example.org", false)
	must(t, err)
	_, err = h.BeginJoiningPasskey(ctx, recover, j, party, home)
	refused(t, err, ErrGone)
}

func TestProveByPasskey(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	_, err := h.BeginProve(ctx, ada.Session, party)
	refused(t, err, ErrInvalid, "no passkey to show")
	a := h.passkey(ada.Session, "Phone")
	bob := h.member(ada.Session, "bob", map[string]access.Role{access.Everywhere: access.Viewer})
	other := h.passkey(bob.Session, "Phone")
	h.pass(FreshFor)
	b, err := h.BeginProve(ctx, ada.Session, party)
	must(t, err)
	_, _, err = h.ProvePasskey(ctx, ada.Session, party, other.show(b), home)
	refused(t, err, ErrPasskey)
	b, err = h.BeginProve(ctx, bob.Session, party)
	must(t, err)
	_, _, err = h.ProvePasskey(ctx, ada.Session, party, other.show(b), home)
	refused(t, err, ErrGone)
	b, err = h.BeginProve(ctx, ada.Session, party)
	must(t, err)
	a.count++
	token, s, err := h.ProvePasskey(ctx, ada.Session, party, a.show(b), home)
	must(t, err)
	equal(t, "fresh", s.Fresh(h.clock()), true)
	equal(t, "the old cookie", h.in(ada.Token), false)
	equal(t, "the new", h.in(token), true)
}

func TestPasskeyOptions(t *testing.T) {
	h := open(t)
	ada := h.owner()
	b, err := h.BeginPasskey(t.Context(), ada.Session, party)
	must(t, err)
	var o struct {
		RP struct {
			ID, Name string
		}
		User struct {
			ID, Name, DisplayName string
		}
		AuthenticatorSelection struct {
			ResidentKey, UserVerification string
			RequireResidentKey            bool
		}
		Attestation string
	}
	must(t, json.Unmarshal(b.Options, &o))
	if o.RP.ID != party.ID || o.RP.Name != "Palisade" || o.User.Name != "ada@example.org" || o.User.DisplayName != "Ada" || o.User.ID != b64([]byte(ada.Session.Person)) ||
		o.AuthenticatorSelection.ResidentKey != "required" || o.AuthenticatorSelection.UserVerification != "required" || !o.AuthenticatorSelection.RequireResidentKey || o.Attestation != "none" {
		t.Errorf("%s", b.Options)
	}
	b, err = h.BeginPasskeySignIn(t.Context(), party, home)
	must(t, err)
	if s := string(b.Options); !strings.Contains(s, `"userVerification":"required"`) || strings.Contains(s, "allowCredentials") {
		t.Error(s)
	}
}

func TestParty(t *testing.T) {
	for public, want := range map[string]Party{
		"https://palisade.example.org":       {"palisade.example.org", "https://palisade.example.org"},
		"https://palisade.example.org:8443/": {"palisade.example.org", "https://palisade.example.org:8443"},
		"http://localhost:8080":              {"localhost", "http://localhost:8080"},
	} {
		got, err := PartyOf(public)
		must(t, err)
		equal(t, public, got, want)
	}
	for public, want := range map[string]string{
		"http://palisade.example.org": "over https only", "https://192.0.2.1": "give the console a name", "https://[::1]:8443": "give the console a name",
		"palisade": "want one such as", "": "want one such as", "ftp://localhost": "over https only",
	} {
		_, err := PartyOf(public)
		refused(t, err, ErrInvalid, want)
	}
}
