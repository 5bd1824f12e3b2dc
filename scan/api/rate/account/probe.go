// Package account spells the name of an account otherwise at a sign-in that refuses it.
package account

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/account", Title: "Other spellings of an account can be tried anew", Severity: scan.High, CWE: []int{307, 178},
		Standards: []string{"OWASP API4:2023", "OWASP API2:2023", "PCI DSS 4.0 8.3.4", "SOC 2 CC6.1", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true,
	Fix: "Count attempts by the account that was found, and by the same form of the name by which it is looked up; and by address besides.",
	Run: run,
}

// unlock is what it takes to see that two spellings are one account without guessing.
const unlock = "give an identity that signs in: --identity erin=login:erin.yml"

// nobody is the account that the door is pressed with. Nobody is locked out.
const nobody = "palisade-nobody@example.com"

func run(ctx context.Context, l *api.Look) {
	var m *rate.Meter
	for _, limited := range rate.Limited(rate.Meters(ctx, l)) {
		if limited.Class == rate.Door {
			m = limited
		}
	}
	if m == nil {
		l.CannotTell("no limit was met where people sign in", "press it harder: --burst-sign-in")
		return
	}
	if !m.Hold(ctx, l) {
		l.CannotTell(m.Op.Name()+" did not go on refusing", "")
		return
	}
	var apart []spelling
	var shown []*client.Exchange
	for _, s := range spellings {
		got := m.Passes(ctx, l, "the account "+s.name, rate.Attempt(l, m.Op, s.write(nobody)))
		if got == nil {
			continue
		}
		if apart = append(apart, s); shown == nil {
			shown = got
		}
	}
	if apart == nil {
		l.Clear(fmt.Sprintf("%s: %d other spellings of an account share its limit", m.Op.Name(), len(spellings)))
		return
	}
	// Each spelling has a limit of its own. That is as it should be where each is an account of its own.
	var who *identity.Identity
	for _, i := range l.Identities {
		if i.SignsIn() && who == nil {
			who = i
		}
	}
	if who == nil {
		l.CannotTell(fmt.Sprintf("%s counts the account %s apart, and whether that is the same account to it cannot be seen", m.Op.Name(), names(apart)), unlock)
		return
	}
	// The limit that was pressed may hold the address too, and what lets in is not to be mistaken for it.
	if !m.Rest(ctx, l) {
		l.CannotTell(m.Op.Name()+" refuses for longer than is waited for", "")
		return
	}
	if _, err := signIn(ctx, l, who, func(name string) string { return name }); err != nil {
		l.CannotTell("signing in as usual failed: "+err.Error(), "")
		return
	}
	var same []spelling
	for _, s := range apart {
		x, err := signIn(ctx, l, who, s.write)
		if err == nil && x != nil {
			same, shown = append(same, s), append(shown, x)
		}
	}
	if same == nil {
		l.Clear(fmt.Sprintf("%s: other spellings are counted apart, and are other accounts", m.Op.Name()))
		return
	}
	l.Found(api.Hit{
		Op: m.Op, Confidence: scan.Confirmed, Key: "spelling", Evidence: shown,
		Message: fmt.Sprintf("%s refuses an account after %d attempts and takes more for it %s, which lets the same person in. Each spelling is as many passwords more.", m.Op.Name(), m.Sent, names(same)),
	})
}

// signIn signs in with the account written otherwise. The exchange is nil where there was no account to write.
func signIn(ctx context.Context, l *api.Look, who *identity.Identity, write func(string) string) (*client.Exchange, error) {
	var x *client.Exchange
	err := who.SignIn(ctx, func(ctx context.Context, method, at string, h http.Header, body []byte) (int, http.Header, []byte, error) {
		u, err := l.Base.Parse(at)
		if err != nil {
			return 0, nil, nil, err
		}
		respelled, ok := rate.Respell(body, write)
		if !ok {
			return 0, nil, nil, fmt.Errorf("the body that signs %s in has no field for an account", who.Name)
		}
		x = l.Ask(ctx, "signing in with the right password", client.Request{Method: method, URL: u.String(), Header: h, Body: respelled})
		return x.Status, x.Header, x.Body, x.Err
	})
	if err == nil && x.Kind() != answer.Accepted {
		err = fmt.Errorf("the answer was %s", x.Kind())
	}
	return x, err
}

// spelling is another way to write the name of an account.
type spelling struct {
	name  string
	write func(account string) string
}

var spellings = []spelling{
	{"in capitals", strings.ToUpper},
	{"with one capital", func(a string) string { return strings.ToUpper(a[:1]) + a[1:] }},
	{"with its domain in capitals", func(a string) string {
		name, domain, ok := strings.Cut(a, "@")
		if !ok {
			return strings.ToUpper(a)
		}
		return name + "@" + strings.ToUpper(domain)
	}},
	{"with a blank behind it", func(a string) string { return a + " " }},
	{"with a blank before it", func(a string) string { return " " + a }},
	{"with a line end behind it", func(a string) string { return a + "\n" }},
	{"with a blank of no width behind it", func(a string) string { return a + "\u200b" }},
	{"with a letter of full width", func(a string) string { return wide(a[0]) + a[1:] }},
	{"with a tag", func(a string) string { return strings.Replace(a, "@", "+palisade@", 1) }},
	{"with a dot in it", func(a string) string { return a[:1] + "." + a[1:] }},
	{"with a dot behind its domain", func(a string) string { return a + "." }},
}

// wide is a letter as Unicode has it for East Asian typewriters, which normal forms take for the plain one.
func wide(c byte) string {
	if c > ' ' && c < 0x7f {
		return string(rune(c) - '!' + '！')
	}
	return string(rune(c))
}

func names(all []spelling) string {
	var out []string
	for _, s := range all {
		out = append(out, s.name)
	}
	return strings.Join(out, ", or ")
}
