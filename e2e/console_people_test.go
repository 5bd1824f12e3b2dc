package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

var setupLink = regexp.MustCompile(`http://localhost:\d+/join/\S+`)

// said waits for a line of what the program says.
func (p *palisade) said(t *testing.T, want *regexp.Regexp) (found string) {
	t.Helper()
	eventually(t, func() error {
		text, err := os.ReadFile(p.talk)
		if found = want.FindString(string(text)); err == nil && found == "" {
			err = fmt.Errorf("it has not said %s yet", want)
		}
		return err
	})
	return found
}

// device gives a browser something that makes and shows passkeys, as a phone with a fingerprint sensor does.
func (p *person) device(t *testing.T) {
	t.Helper()
	if _, err := chromedp.Call(p.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(p.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		t.Fatal(err)
	}
}

// fill types into a field.
func fill(selector, words string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(chromedp.CSS(selector), words)
}

// reaches waits until a page's text has it.
func (p *person) reaches(t *testing.T, want string) {
	t.Helper()
	eventually(t, func() error {
		if got := text(p); !strings.Contains(got, want) {
			return fmt.Errorf("no %q in: %s", want, got)
		}
		return nil
	})
}

// testPeople is the first day: an owner sets the installation up, secures the account, and asks a colleague in who may only
// do so much.
func testPeople(t *testing.T, b *browser) {
	p := run(t, "")
	link := p.said(t, setupLink)
	console := link[:strings.Index(link, "/join/")]
	ann := b.person(t, "198.51.100.40")
	ann.device(t)
	ann.look(390, "light")
	const email, password = "ann@example.com", "a sparrow on the fence"

	// The set-up link: what is wrong is said and what was typed stays; it works once.
	ann.open(link)
	ann.accessible(t, "set-up")
	ann.snap(t, "setup-phone")
	ann.do(fill("#name", "Ann <b>"), fill("#email", email), fill("#password", "aaaaaaaaaaaa"))
	if status := ann.status(click(`main button.main`)); status != 422 || eval[string](ann, `document.querySelector("#name").value`) != "Ann <b>" {
		t.Fatalf("with a weak password: %d %s", status, text(ann))
	}
	ann.do(fill("#password", password))
	ann.status(click(`main button.main`))
	if got := title(ann); !strings.HasPrefix(got, "Sites") {
		t.Fatalf("after setting up: %q %s", got, text(ann))
	}
	stranger := b.person(t, "198.51.100.41")
	if status := stranger.open(link); status != 410 {
		t.Errorf("the set-up link a second time: %d", status)
	}

	// One-time codes: a wrong code first, then recovery codes shown once.
	ann.open(console + "/account")
	ann.accessible(t, "account")
	ann.snap(t, "account-phone")
	ann.status(click(`form[action="/account/codes"] button`))
	ann.accessible(t, "one-time codes")
	ann.snap(t, "codes-phone")
	secret := eval[string](ann, `document.querySelector("#secret").textContent`)
	ann.do(fill("#code", "000000"))
	if status := ann.status(click(`main form button.main`)); status != 422 || eval[string](ann, `document.querySelector("#secret").textContent`) != secret {
		t.Errorf("a wrong first code: %d %s", status, text(ann))
	}
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ann.do(fill("#code", code))
	ann.status(click(`main form button.main`))
	recovery := eval[[]string](ann, `[...document.querySelectorAll("#codes li")].map(e => e.textContent)`)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes: %s", len(recovery), text(ann))
	}

	// Out, and in again with password and code; the code that was used is used up, a recovery code is not.
	ann.open(console + "/account")
	ann.status(click(`form[action="/signout"] button`))
	ann.accessible(t, "sign-in")
	ann.snap(t, "signin-phone")
	ann.do(fill("#email", email), fill("#password", "a crow on the fence"))
	if status := ann.status(click(`form[action="/signin"] button`)); status != 422 || !strings.Contains(text(ann), "address or the password is wrong") {
		t.Errorf("a wrong password: %d %s", status, text(ann))
	}
	ann.do(fill("#password", password))
	ann.status(click(`form[action="/signin"] button`))
	ann.accessible(t, "second factor")
	ann.do(fill("#code", code))
	if status := ann.status(click(`main form button.main`)); status != 422 {
		t.Errorf("a code a second time: %d %s", status, text(ann))
	}
	ann.do(fill("#code", recovery[0]))
	ann.status(click(`main form button.main`))
	if got := title(ann); !strings.HasPrefix(got, "Sites") {
		t.Fatalf("with a recovery code: %q %s", got, text(ann))
	}

	// A passkey, and in by it alone.
	ann.open(console + "/account")
	ann.do(fill("#label", "Ann's phone"))
	ann.do(click(`form[action="/account/passkeys"] button`))
	ann.reaches(t, "The passkey is yours")
	ann.status(click(`form[action="/signout"] button`))
	ann.do(click(`form[action="/signin/passkey"] button`))
	eventually(t, func() error { return is(strings.SplitN(title(ann), " ", 2)[0], "Sites") })

	// A token, made for one thing and shown once, does that and no more.
	ann.open(console + "/account")
	ann.do(click(`#tokens ~ details summary`), fill("#token-name", "dashboard"))
	ann.status(click(`form[action="/account/tokens"] button`))
	token := eval[string](ann, `document.querySelector("#made").textContent`)
	if out, err := p.command("--token", token, "ban", "list"); err != nil {
		t.Errorf("with a token that may see: %v %s", err, out)
	}
	if _, err := p.command("--token", token, "ban", "add", "203.0.113.9"); err == nil || !strings.Contains(err.Error(), "this token's scopes are see") {
		t.Errorf("banning with a token that may only see: %v", err)
	}

	// Bob is asked in as a responder of one site, with a passkey and no password.
	ann.look(1280, "dark")
	ann.open(console + "/people")
	ann.accessible(t, "people")
	ann.do(fill("#email", "bob@example.com"), fill("#role", "responder"), chromedp.Evaluate[chromedp.Void](`document.querySelector("#site").selectedIndex = 1`))
	ann.status(click(`form[action="/people/invite"] button`))
	ann.snap(t, "people-desk")
	bob := b.person(t, "198.51.100.42")
	bob.device(t)
	bob.look(390, "dark")
	bob.open(eval[string](ann, `document.querySelector("#link").textContent`))
	if got := text(bob); !strings.Contains(got, "responder of demo-shop") {
		t.Errorf("the invitation: %s", got)
	}
	bob.accessible(t, "invitation")
	bob.snap(t, "invitation-phone")
	bob.do(fill("#name", "Bob"))
	bob.do(click(`button[value=passkey]`))
	eventually(t, func() error { return is(strings.SplitN(title(bob), " ", 2)[0], "Sites") })
	for at, want := range map[string]int{
		"/s/demo-shop": 200, "/s/demo-shop/levers": 200, "/s/demo-shop/bans": 200, "/account": 200,
		"/people": 403, "/audit": 403, "/alerts": 403, "/sites/new": 403, "/settings": 403, "/s/demo-shop/settings": 403,
	} {
		if status := bob.open(console + at); status != want {
			t.Errorf("a responder opens %s: %d, want %d", at, status, want)
		}
	}
	if got := text(bob); strings.Contains(got, "People") && strings.Contains(got, "Audit log") {
		t.Error("a responder is shown what they may not open")
	}

	// Roles change at once, and who is kept out is out at once.
	ann.open(console + "/people")
	ann.open(console + eval[string](ann, `[...document.querySelectorAll("tbody a")].find(a => a.textContent === "Bob").getAttribute("href")`))
	ann.accessible(t, "person")
	ann.snap(t, "person-desk")
	ann.status(click(`form[action$="/disable"] button`))
	if got := text(ann); !strings.Contains(got, "kept out from now on") {
		t.Errorf("after disabling: %s", got)
	}
	if status := bob.open(console + "/s/demo-shop"); status != 200 || !strings.Contains(text(bob), "Sign in to Palisade") {
		t.Errorf("a disabled person still sees: %d %s", status, text(bob))
	}
	bob.do(click(`form[action="/signin/passkey"] button`))
	bob.reaches(t, "not")

	// The last owner stays.
	ann.open(console + "/people")
	ann.open(console + eval[string](ann, `[...document.querySelectorAll("tbody a")].find(a => a.textContent !== "Bob").getAttribute("href")`))
	ann.status(click(`form[action$="/revoke"] button`))
	if got := text(ann); !strings.Contains(got, "owner") || strings.Contains(got, "The role is taken") {
		t.Errorf("the last owner's role was taken: %s", got)
	}

	// Locked out: the command line makes a link, and the new password ends every session.
	out := strings.TrimSpace(p.must(t, "people", "recover", email, "--all"))
	ann.open(console + out[strings.Index(out, "/join/"):])
	ann.accessible(t, "recovery")
	ann.do(fill("#password", "another bird entirely"))
	ann.status(click(`main form button.main`))
	if got := text(ann); !strings.Contains(got, "You have a new password") {
		t.Errorf("after recovering: %s", got)
	}
	ann.do(fill("#email", email), fill("#password", "another bird entirely"))
	ann.status(click(`form[action="/signin"] button`))
	if got := title(ann); !strings.HasPrefix(got, "Sites") {
		t.Errorf("with the new password: %q %s", got, text(ann))
	}
	if got := p.must(t, "audit", "verify"); !strings.Contains(got, "are what was written") {
		t.Error(got)
	}
}
