package people

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

func TestFirstOwner(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	first, err := h.SetupCode(ctx)
	must(t, err)
	code, err := h.SetupCode(ctx)
	must(t, err)
	j := Joining{Name: "Ada", Email: "Ada@Example.ORG ", Password: goodPassword}
	_, err = h.Join(ctx, first, j, home)
	refused(t, err, ErrGone, "the link")
	h.pass(setupLasts)
	_, err = h.Join(ctx, code, j, home)
	refused(t, err, ErrGone)
	code, err = h.SetupCode(ctx)
	must(t, err)
	for name, bad := range map[string]Joining{
		"set a password or make a passkey": {Name: "Ada", Email: "ada@example.org"},
		"e-mail address":                   {Name: "Ada", Email: "ada", Password: goodPassword},
		"want 1 to 100 bytes":              {Name: " ", Email: "ada@example.org", Password: goodPassword},
		"fewer than 10 letters":            {Name: "Ada", Email: "ada@example.org", Password: "short"},
	} {
		_, err := h.Join(ctx, code, bad, home)
		refused(t, err, ErrInvalid, name)
	}
	o, err := h.Open(ctx, code, home)
	must(t, err)
	equal(t, "kind", o.Kind, store.LinkSetup)
	equal(t, "role", o.Roles[access.Everywhere], access.Owner)
	done, _ := atOnce(4, func(int) error { _, err := h.Join(ctx, code, j, home); return err })
	equal(t, "first owners", done, 1)
	_, err = h.Join(ctx, code, Joining{Name: "Eve", Email: "eve@example.org", Password: goodPassword}, home)
	refused(t, err, ErrGone)
	code, err = h.SetupCode(ctx)
	must(t, err)
	equal(t, "a code where there is an owner", code, "")
	e, err := h.SignIn(ctx, "ADA@example.org", goodPassword, home)
	must(t, err)
	equal(t, "role", e.Session.Actor().Roles[access.Everywhere], access.Owner)
}

// Nothing tells an address that somebody has from one that nobody has: not the answer, and not the work.
func TestEnumeration(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	disabled := h.member(ada.Session, "disabled", map[string]access.Role{access.Everywhere: access.Viewer})
	_, _, disabled = h.codes(disabled)
	must(t, h.Disable(as(t, ada.Session), disabled.Session.Person))
	h.pass(time.Hour)
	said := map[string]bool{}
	for _, c := range []struct{ what, email, password string }{
		{"wrong", "ada@example.org", "not the password"},
		{"unknown", "nobody@example.org", goodPassword},
		{"disabled", "disabled@example.org", goodPassword},
		{"no address", "\x00'; DROP TABLE person", goodPassword},
		{"too long", "ada@example.org", strings.Repeat("x", 5000)},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := h.SignIn(ctx, c.email, c.password, from("192.0.2.77"))
		runtime.ReadMemStats(&after)
		refused(t, err, ErrRefused)
		said[err.Error()] = true
		if worked := after.TotalAlloc - before.TotalAlloc; worked < hashMemory*1024 {
			t.Errorf("%s: only %d bytes were worked in: it was answered without hashing", c.what, worked)
		}
	}
	equal(t, "answers", len(said), 1)
}

// However many addresses an attacker has, an account is tried fewer than 100 times in an hour (ASVS 2.2.1), and its person
// comes in all the while.
func TestBruteForce(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	known := from("198.51.100.9")
	known.Device = ada.Device
	tried := 0
	start := h.clock()
	for i := 0; h.clock().Sub(start) < time.Hour; i++ {
		v := from(fmt.Sprintf("203.0.%d.%d", i/250%250, i%250))
		err := h.admit(tryPassword, "ada@example.org", "", v)
		var l *Limited
		if err == nil {
			tried++
		} else if !errors.As(err, &l) || l.Wait <= 0 || l.Wait > 15*time.Minute {
			t.Fatalf("%v", err)
		}
		h.pass(5 * time.Second)
	}
	if tried < 10 || tried > 100 {
		t.Errorf("%d tries in an hour", tried)
	}
	attack := func() {
		for range 12 {
			_ = h.admit(tryPassword, "ada@example.org", "", from("203.0.113.6"))
		}
	}
	attack()
	_, err := h.SignIn(ctx, "ada@example.org", goodPassword, from("203.0.113.5"))
	refused(t, err, ErrLimited, "try again in")
	_, err = h.SignIn(ctx, "ada@example.org", goodPassword, known)
	must(t, err)
	// Elsewhere she waits as long as she is told, and not for ever.
	attack()
	var l *Limited
	_, err = h.SignIn(ctx, "ada@example.org", goodPassword, from("203.0.113.7"))
	if !errors.As(err, &l) {
		t.Fatal(err)
	}
	h.pass(l.Wait)
	_, err = h.SignIn(ctx, "ada@example.org", goodPassword, from("203.0.113.7"))
	must(t, err)
	log, err := h.Signins(ctx, ada.Session.Person, "", 10)
	must(t, err)
	if !slices.ContainsFunc(log, func(s store.Signin) bool { return s.Outcome == outcomeLimited }) {
		t.Errorf("what was refused is not noted: %+v", log)
	}
}

func TestOneAddressTriesManyAccounts(t *testing.T) {
	h := open(t)
	tried, network := 0, 0
	for i := range 100 {
		if h.admit(tryPassword, fmt.Sprintf("p%d@example.org", i), "", from("203.0.113.5")) == nil {
			tried++
		}
		// One line of IPv6 has 2^64 addresses.
		if h.admit(tryPassword, fmt.Sprintf("q%d@example.org", i), "", from(fmt.Sprintf("2001:db8::%x", i))) == nil {
			network++
		}
	}
	equal(t, "tries of an address", tried, 30)
	equal(t, "tries of a network", network, 30)
	all := 0
	for i := range 2000 {
		if h.admit(tryPassword, fmt.Sprintf("r%d@example.org", i), "", from(fmt.Sprintf("198.18.%d.%d", i/250, i%250))) == nil {
			all++
		}
	}
	equal(t, "tries of everybody", all+tried+network, 600)
}

// A hundred tries at once are a hundred, not one that was looked at a hundred times.
func TestTriesAtOnceAreCounted(t *testing.T) {
	h := open(t)
	h.owner()
	done, errs := atOnce(30, func(i int) error {
		_, err := h.SignIn(t.Context(), "ada@example.org", "not the password", from(fmt.Sprintf("203.0.113.%d", i)))
		if errors.Is(err, ErrRefused) {
			return nil
		}
		return err
	})
	equal(t, "looked at", done, 10)
	for _, err := range errs {
		if err != nil && !errors.Is(err, ErrLimited) {
			t.Error(err)
		}
	}
}

func TestDeviceCookie(t *testing.T) {
	h := open(t)
	cookie := h.device("p1")
	person, nonce := h.knownDevice(cookie)
	if person != "p1" || nonce == "" {
		t.Fatalf("%q %q", person, nonce)
	}
	v := Visit{Device: cookie}
	equal(t, "another's", h.deviceOf("p2", v), "")
	equal(t, "nobody's", h.deviceOf("", v), "")
	for _, bad := range []string{"", ".", cookie + "x", strings.Replace(cookie, "p1", "p2", 1), cookie[1:], strings.Repeat("a.", 200)} {
		if person, _ := h.knownDevice(bad); person != "" {
			t.Errorf("%q is of %s", bad, person)
		}
	}
	other := open(t)
	other.deviceKey = []byte("another installation's")
	if person, _ := other.knownDevice(cookie); person != "" {
		t.Error("it counts elsewhere")
	}
	h.pass(deviceLasts + time.Second)
	if person, _ := h.knownDevice(cookie); person != "" {
		t.Error("it counts for ever")
	}
}

func TestSecondFactor(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	secret, recovery, ada := h.codes(ada)
	equal(t, "recovery codes", len(recovery), 10)

	begin := func() string {
		t.Helper()
		e, err := h.SignIn(ctx, "ada@example.org", goodPassword, home)
		must(t, err)
		if e.Token != "" || e.Session.ID != "" || e.Device != "" || e.Pending == "" {
			t.Fatalf("a password alone gave %+v", e)
		}
		return e.Pending
	}
	pending := begin()
	// What is pending is no session, and opens nothing.
	equal(t, "a pending sign-in opens something", h.in(pending), false)
	_, err := h.Second(ctx, pending, "000000", home)
	refused(t, err, ErrCode)
	code := h.code(secret, 0)
	e, err := h.Second(ctx, pending, code[:3]+" "+code[3:], home)
	must(t, err)
	equal(t, "method", e.Session.Method, ByCodes)
	equal(t, "in", h.in(e.Token), true)
	_, err = h.Second(ctx, pending, h.code(secret, 1), home)
	refused(t, err, ErrGone)

	// Looked at over a shoulder, a code is worth nothing: not that one, and none from before it.
	pending = begin()
	_, err = h.Second(ctx, pending, code, home)
	refused(t, err, ErrCode)
	_, err = h.Second(ctx, pending, h.code(secret, -1), home)
	refused(t, err, ErrCode)
	h.pass(30 * time.Second)
	_, err = h.Second(ctx, pending, h.code(secret, -2), home)
	refused(t, err, ErrCode)
	_, err = h.Second(ctx, pending, h.code(secret, 2), home)
	refused(t, err, ErrCode)
	_, err = h.Second(ctx, pending, h.code(secret, 1), home) // a clock that is ahead
	must(t, err)

	// Of those who use one code at once, one comes in.
	h.pass(2 * time.Minute)
	one, two := begin(), begin()
	now := h.code(secret, 0)
	done, _ := atOnce(6, func(i int) error {
		_, err := h.Second(ctx, []string{one, two}[i%2], now, home)
		return err
	})
	equal(t, "in by one code", done, 1)

	// A stolen pending sign-in lasts five minutes and five tries, and not beyond a change of the password.
	h.pass(time.Hour)
	pending = begin()
	h.pass(unfinished)
	_, err = h.Second(ctx, pending, h.code(secret, 0), home)
	refused(t, err, ErrGone)
	pending = begin()
	for range triesOfOne {
		_, err = h.Second(ctx, pending, "000000", home)
		refused(t, err, ErrCode)
	}
	_, err = h.Second(ctx, pending, h.code(secret, 0), home)
	refused(t, err, ErrGone)
	pending = begin()
	token, _, err := h.ChangePassword(ctx, ada.Session, goodPassword, "another good password", home)
	must(t, err)
	equal(t, "the one who changed it", h.in(token), true)
	_, err = h.Second(ctx, pending, h.code(secret, 0), home)
	refused(t, err, ErrGone)
}

// With the password alone, codes cannot be guessed: not by signing in again and again.
func TestCodesAreNotGuessed(t *testing.T) {
	h := open(t)
	ada := h.owner()
	x, err := h.db.Person(t.Context(), ada.Session.Person)
	must(t, err)
	tried, start := 0, h.clock()
	for i := 0; h.clock().Sub(start) < day; i++ {
		if h.admit(trySecond, x.ID, "", from(fmt.Sprintf("203.0.%d.%d", i/250%250, i%250))) == nil {
			tried++
		}
		h.pass(time.Minute)
	}
	if tried < 10 || tried > 70 {
		t.Errorf("%d guesses in a day", tried)
	}
}

func TestRecoveryCodes(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	_, codes, ada := h.codes(ada)
	by := func(code string) error {
		t.Helper()
		e, err := h.SignIn(ctx, "ada@example.org", goodPassword, home)
		must(t, err)
		e, err = h.Second(ctx, e.Pending, code, home)
		if err == nil {
			equal(t, "method", e.Session.Method, ByRecovery)
		}
		return err
	}
	must(t, by(codes[0]))
	refused(t, by(codes[0]), ErrCode, "or was used")
	must(t, by(strings.ToUpper(strings.ReplaceAll(codes[1], "-", " "))))
	refused(t, by("0000-0000-0000"), ErrCode)
	m, err := h.Find(ctx, "ada@example.org")
	must(t, err)
	equal(t, "left", m.Recovery, 8)
	fresh, err := h.NewRecoveryCodes(ctx, ada.Session)
	must(t, err)
	refused(t, by(codes[2]), ErrCode)
	must(t, by(fresh[2]))
	must(t, h.DropTOTP(ctx, ada.Session))
	_, err = h.NewRecoveryCodes(ctx, ada.Session)
	refused(t, err, ErrInvalid, "turn those on first")
	e, err := h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
	equal(t, "in without", h.in(e.Token), true)
}

func TestEnrolment(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	_, _, _, err := h.ConfirmTOTP(ctx, ada.Session, "000000", home)
	refused(t, err, ErrGone)
	en, err := h.BeginTOTP(ctx, ada.Session)
	must(t, err)
	picture, err := en.PNG(200)
	must(t, err)
	if img, err := png.Decode(bytes.NewReader(picture)); err != nil || img.Bounds().Dx() != 200 {
		t.Errorf("%v %v", img, err)
	}
	if !strings.HasPrefix(en.URL, "otpauth://totp/Palisade:ada@example.org?") {
		t.Error(en.URL)
	}
	// Until a first code was right nothing is due.
	e, err := h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
	_, _, _, err = h.ConfirmTOTP(ctx, ada.Session, "000000", home)
	refused(t, err, ErrCode, "check that the clocks agree")
	_, token, _, err := h.ConfirmTOTP(ctx, ada.Session, h.code(en.Secret, 0), home)
	must(t, err)
	equal(t, "another session", h.in(e.Token), false)
	equal(t, "the old cookie", h.in(ada.Token), false)
	equal(t, "the new", h.in(token), true)
	e, err = h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
	equal(t, "a password alone", e.Token, "")
}

func TestSecretsAreNotInTheDatabase(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	secret, codes, ada := h.codes(ada)
	token, _, err := h.NewToken(ctx, ada.Session, "ci", []string{"see"}, nil, 0)
	must(t, err)
	_, invitation, err := h.Invite(as(t, ada.Session), "bob@example.org", map[string]access.Role{access.Everywhere: access.Viewer})
	must(t, err)
	e, err := h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
	var kept []byte
	files, err := filepath.Glob(h.path + "*")
	must(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(t, err)
		kept = append(kept, b...)
	}
	if !bytes.Contains(kept, []byte("ada@example.org")) {
		t.Fatal("the database was not read")
	}
	for what, secret := range map[string]string{
		"password": goodPassword, "one-time secret": secret, "its bytes": string(secretBytes(t, secret)), "recovery code": codes[0], "the same": strings.ReplaceAll(codes[0], "-", ""),
		"token": token, "invitation": invitation, "session": ada.Token, "pending": e.Pending,
	} {
		if secret == "" || bytes.Contains(kept, []byte(secret)) {
			t.Errorf("%s is in the database as it is", what)
		}
	}
	// Of another person's row a secret does not open, nor with another key.
	x, err := h.db.Person(ctx, ada.Session.Person)
	must(t, err)
	if _, err := h.People.open("another", x.TOTP); err == nil || !strings.Contains(err.Error(), "was the installation key replaced?") {
		t.Error(err)
	}
	if _, err := h.People.open(x.ID, x.TOTP[:10]); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
}

func TestSessions(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	h.pass(time.Minute)
	v := Visit{Address: home.Address, Agent: strings.Repeat("ü", 200) + "\x00\xff", Session: ada.Token}
	e, err := h.SignIn(ctx, "ada@example.org", goodPassword, v)
	must(t, err)
	if e.Token == ada.Token || h.in(ada.Token) {
		t.Error("the session from before signing in lives on")
	}
	// Somebody else's choice of a cookie is no session, before and after.
	v.Session = strings.Repeat("A", secretLength)
	chosen, err := h.SignIn(ctx, "ada@example.org", goodPassword, v)
	must(t, err)
	equal(t, "a session that an attacker chose", h.in(v.Session), false)
	for _, bad := range []string{"", "x", chosen.Token + "A", strings.Repeat("A", 1<<20)} {
		equal(t, "nonsense", h.in(bad), false)
	}
	all, err := h.Sessions(ctx, e.Session)
	must(t, err)
	equal(t, "sessions", len(all), 2)
	if a := all[0]; len(a.Agent) > 300 || a.Address != "192.0.2.1" || a.Method != ByPassword {
		t.Errorf("%+v", a)
	}
	must(t, h.EndSession(ctx, e.Session, chosen.Session.ID))
	equal(t, "ended", h.in(chosen.Token), false)
	chosen, err = h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
	must(t, h.EndOthers(ctx, e.Session))
	equal(t, "other", h.in(chosen.Token), false)
	equal(t, "this", h.in(e.Token), true)

	// Use is written down once a minute, and keeps a session from being idle.
	seen := func() int64 {
		all, err := h.Sessions(ctx, e.Session)
		must(t, err)
		return all[0].Seen
	}
	before := seen()
	h.pass(59 * time.Second)
	h.in(e.Token)
	equal(t, "seen within the minute", seen(), before)
	h.pass(time.Second)
	h.in(e.Token)
	equal(t, "seen after it", seen(), before+60_000)
	for range 4 {
		h.pass(7*day - time.Hour)
		equal(t, "used each week", h.in(e.Token), true)
	}
	h.pass(7*day - time.Hour)
	equal(t, "after 30 days", h.in(e.Token), false)
	e, err = h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
	h.pass(7 * day)
	equal(t, "idle for a week", h.in(e.Token), false)
	must(t, h.Forget(ctx))
	e, err = h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
	must(t, h.SignOut(ctx, e.Session))
	equal(t, "signed out", h.in(e.Token), false)
}

func TestWhatIsTakenIsTakenAtOnce(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	site := h.site("shop")
	bob := h.member(ada.Session, "bob", map[string]access.Role{site: access.Owner})
	text, _, err := h.NewToken(ctx, bob.Session, "ci", []string{"see", "respond"}, nil, 0)
	must(t, err)
	may := func(p access.Permission) (console, token bool) {
		t.Helper()
		s, err := h.Session(ctx, bob.Token, home)
		must(t, err)
		a, err := h.TokenActor(ctx, text)
		must(t, err)
		return s.Actor().May(site, p), a.May(site, p)
	}
	if c, k := may(access.Respond); !c || !k {
		t.Error("bob may not respond")
	}
	must(t, h.Grant(as(t, ada.Session), bob.Session.Person, site, access.Viewer))
	if c, k := may(access.Respond); c || k {
		t.Error("bob may still respond")
	}
	must(t, h.Revoke(as(t, ada.Session), bob.Session.Person, site))
	if c, k := may(access.See); c || k {
		t.Error("bob still sees")
	}
	must(t, h.Disable(as(t, ada.Session), bob.Session.Person))
	equal(t, "disabled", h.in(bob.Token), false)
	_, err = h.TokenActor(ctx, text)
	refused(t, err, ErrUnauthorized, "disabled")
	_, err = h.Actor(ctx, bob.Session.Person)
	refused(t, err, ErrUnauthorized)
	must(t, h.Enable(as(t, ada.Session), bob.Session.Person))
	equal(t, "enabled again", h.in(bob.Token), false)
	bob, err = h.SignIn(ctx, "bob@example.org", goodPassword, home)
	must(t, err)
	must(t, h.EndAll(as(t, ada.Session), bob.Session.Person))
	equal(t, "ended by an owner", h.in(bob.Token), false)
	must(t, h.Remove(as(t, ada.Session), bob.Session.Person))
	_, err = h.SignIn(ctx, "bob@example.org", goodPassword, home)
	refused(t, err, ErrRefused)
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	thief, err := h.SignIn(ctx, "ada@example.org", goodPassword, from("203.0.113.5"))
	must(t, err)
	h.pass(time.Minute)
	_, _, err = h.ChangePassword(ctx, ada.Session, "not the password", "another good password", home)
	refused(t, err, ErrRefused)
	_, _, err = h.ChangePassword(ctx, ada.Session, goodPassword, "ada@example.org", home)
	refused(t, err, ErrInvalid, "it is the e-mail address")
	token, s, err := h.ChangePassword(ctx, ada.Session, goodPassword, "another good password", home)
	must(t, err)
	equal(t, "the thief", h.in(thief.Token), false)
	equal(t, "the old cookie", h.in(ada.Token), false)
	equal(t, "the new cookie", h.in(token), true)
	_, err = h.SignIn(ctx, "ada@example.org", goodPassword, home)
	refused(t, err, ErrRefused)
	refused(t, h.DropPassword(ctx, s), ErrLastWay)
}

// A session that somebody left open, or stole, does not make more of itself.
func TestSensitiveActsNeedAFreshSession(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	secret, _, ada := h.codes(ada)
	h.pass(FreshFor)
	s, err := h.Session(ctx, ada.Token, home)
	must(t, err)
	party := Party{ID: "localhost", Origin: "http://localhost:8080"}
	acts := map[string]func(s Session) error{
		"token":          func(s Session) error { _, _, err := h.NewToken(ctx, s, "x", []string{"see"}, nil, 0); return err },
		"passkey":        func(s Session) error { _, err := h.BeginPasskey(ctx, s, party); return err },
		"passkey's end":  func(s Session) error { return h.FinishPasskey(ctx, s, party, Answer{}, "x") },
		"no passkey":     func(s Session) error { return h.RemovePasskey(ctx, s, "x") },
		"codes":          func(s Session) error { _, err := h.BeginTOTP(ctx, s); return err },
		"codes on":       func(s Session) error { _, _, _, err := h.ConfirmTOTP(ctx, s, "x", home); return err },
		"codes off":      func(s Session) error { return h.DropTOTP(ctx, s) },
		"recovery codes": func(s Session) error { _, err := h.NewRecoveryCodes(ctx, s); return err },
		"no password":    func(s Session) error { return h.DropPassword(ctx, s) },
		"untie":          func(s Session) error { return h.Untie(ctx, s, "x", "y") },
	}
	for name, act := range acts {
		if err := act(s); !errors.Is(err, ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(acts) < 10 {
		t.Errorf("%d acts", len(acts))
	}
	_, _, err = h.Reauthenticate(ctx, s, Proof{Password: "not the password", Code: h.code(secret, 0)}, home)
	refused(t, err, ErrRefused)
	_, _, err = h.Reauthenticate(ctx, s, Proof{Password: goodPassword, Code: "000000"}, home)
	refused(t, err, ErrCode)
	token, fresh, err := h.Reauthenticate(ctx, s, Proof{Password: goodPassword, Code: h.code(secret, 0)}, home)
	must(t, err)
	equal(t, "the old cookie", h.in(ada.Token), false)
	equal(t, "the new", h.in(token), true)
	must(t, acts["token"](fresh))
	if (Session{Proved: h.millis() + 1}).Fresh(h.clock()) {
		t.Error("a session of the future is fresh")
	}
}

func TestPasswords(t *testing.T) {
	for password, want := range map[string]string{
		"":                              "fewer than 10 letters",
		"üüüüüüüüü":                     "fewer than 10 letters",
		strings.Repeat("correct ", 200): "more than 1000 bytes",
		"ada@example.org":               "it is the e-mail address",
		"ADA@example.org":               "it is the e-mail address",
		"abcabcabcabcabc":               "few letters over and over",
		"correct horse \xff":            "not UTF-8",
	} {
		if err := checkPassword(password, "ada@example.org"); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", password, err)
		}
	}
	for _, password := range []string{goodPassword, "ünd dös äuch", strings.Repeat("correct ", 125)} {
		if err := checkPassword(password, "ada@example.org"); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
	h := open(t)
	ctx := t.Context()
	kept, err := h.hashPassword(ctx, "Zürich am Morgen")
	must(t, err)
	right, err := h.knows(ctx, kept, "Zu\u0308rich am Morgen") // as another keyboard composes it
	must(t, err)
	equal(t, "the same in another spelling", right, true)
	if _, err := h.knows(ctx, "$argon2i$", "x"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
	// All places taken, one waits as long as the request does.
	for range cap(h.hashing) {
		h.hashing <- struct{}{}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := h.knows(gone, kept, "x"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for range cap(h.hashing) {
		<-h.hashing
	}
}

func TestOldHashesAreMadeAnew(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	old := phc{8 * 1024, 1, 1, []byte("0123456789abcdef"), make([]byte, 32)}
	old.hash = old.of(goodPassword)
	must(t, h.db.SetPassword(ctx, ada.Session.Person, old.String(), "", h.by("")))
	_, err := h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
	x, err := h.db.Person(ctx, ada.Session.Person)
	must(t, err)
	now, err := parsePHC(x.Password)
	must(t, err)
	equal(t, "as new ones are", now.current(), true)
	_, err = h.SignIn(ctx, "ada@example.org", goodPassword, home)
	must(t, err)
}

func TestSigninsDoNotKeepWhatWasTyped(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	h.pass(time.Second)
	_, err := h.SignIn(ctx, goodPassword, "", from("203.0.113.5"))
	refused(t, err, ErrRefused)
	h.pass(time.Second)
	_, err = h.SignIn(ctx, "ada@example.org", "x", from("203.0.113.5"))
	refused(t, err, ErrRefused)
	all, err := h.Signins(ctx, "", "", 10)
	must(t, err)
	equal(t, "tries", len(all), 3)
	if all[1].Person != "" || strings.Contains(fmt.Sprint(all), goodPassword) {
		t.Errorf("%+v", all)
	}
	mine, err := h.Signins(ctx, ada.Session.Person, "", 10)
	must(t, err)
	if len(mine) != 2 || mine[0].Outcome != outcomeWrong || mine[0].Address != "203.0.113.5" || mine[1].Outcome != outcomeOK {
		t.Errorf("%+v", mine)
	}
	h.pass(keepSignins + time.Minute)
	must(t, h.Forget(ctx))
	all, err = h.Signins(ctx, "", "", 10)
	must(t, err)
	equal(t, "kept for ever", len(all), 0)
}

func TestOptions(t *testing.T) {
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "no installation key") {
		t.Error(err)
	}
}
