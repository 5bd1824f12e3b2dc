// Package keyform spells a valid key otherwise while it is refused.
package keyform

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/keyform", Title: "Other spellings of a key have limits of their own", Severity: scan.Medium, CWE: []int{770, 178},
		Standards: []string{"OWASP API4:2023", "OWASP API6:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true, Needs: api.Identity,
	Fix: "Bring the credential into one form before it is counted, best by counting the account or key that it was found to be and not the text that was sent.",
	Run: run,
}

// spelling is another way to write a credential that a lenient server may still read.
type spelling struct {
	name string
	make func(r client.Request) client.Request
}

func run(ctx context.Context, l *api.Look) {
	var m *rate.Meter
	for _, limited := range rate.Limited(rate.Meters(ctx, l)) {
		if limited.Class == rate.Keyed {
			m = limited
		}
	}
	if m == nil {
		l.CannotTell("no limit was met for those who have a credential", "press harder: --burst 200")
		return
	}
	if !m.Hold(ctx, l) {
		l.CannotTell(m.Op.Name()+" did not go on refusing", "")
		return
	}
	var apart []string
	var shown []*client.Exchange
	all := spellings(m.Request.As)
	for _, s := range all {
		got := m.Passes(ctx, l, "the key "+s.name, s.make(m.Request))
		if got == nil {
			continue
		}
		apart = append(apart, s.name)
		if shown == nil {
			shown = got
		}
	}
	if apart == nil {
		l.Clear(fmt.Sprintf("%d other spellings of the key share its limit or are refused", len(all)))
		return
	}
	l.Found(api.Hit{
		Op: m.Op, Confidence: scan.Confirmed, Key: "spelling", Evidence: shown,
		Message: fmt.Sprintf("%s refuses the key after %d requests and serves the same key %s. Each spelling is one more quota.", m.Op.Name(), m.Sent, strings.Join(apart, ", or ")),
	})
}

// spellings of an identity's credential. Those with blanks go over the wire by hand, since net/http would tidy them.
func spellings(who *identity.Identity) []spelling {
	value := who.Secret().Reveal()
	var out []spelling
	line := func(name, text string) {
		out = append(out, spelling{name, func(r client.Request) client.Request {
			r.As, r.Lines = nil, []string{text}
			return r
		}})
	}
	as := func(name, v string) {
		if v != value {
			out = append(out, spelling{name, func(r client.Request) client.Request { return r.Claiming(who, v) }})
		}
	}
	h, q := http.Header{}, url.Values{}
	who.Apply(h, q)
	switch {
	case h.Get("Authorization") != "":
		scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
		line("after a scheme in small letters", "Authorization: "+strings.ToLower(scheme)+" "+token)
		line("after a scheme in capitals", "Authorization: "+strings.ToUpper(scheme)+" "+token)
		line("after two blanks", "Authorization: "+scheme+"  "+token)
		line("after a tab", "Authorization: "+scheme+"\t"+token)
		line("with a blank behind it", "Authorization: "+scheme+" "+token+" ")
		line("in quotes", "Authorization: "+scheme+` "`+token+`"`)
		line("with = behind it", "Authorization: "+scheme+" "+token+"=")
		line("with ; behind it", "Authorization: "+scheme+" "+token+";")
		line("with a comma and nothing behind it", "Authorization: "+scheme+" "+token+",")
		for _, name := range []string{"access_token", "token", "api_key"} {
			out = append(out, spelling{"in the address as " + name, func(r client.Request) client.Request { return r.By(nil).Query(name, token) }})
		}
	default:
		as("in capitals", strings.ToUpper(value))
		as("in small letters", strings.ToLower(value))
		as("with = behind it", value+"=")
		as("with ; behind it", value+";")
		as("in quotes", `"`+value+`"`)
		as("with a zero-width blank behind it", value+"\u200b")
		as("percent-encoded", percent(value))
		for name := range h {
			line("with a blank behind it", name+": "+value+" ")
			line("with two blanks before it", name+":   "+value)
			line("after a tab", name+":\t"+value)
			out = append(out, spelling{"sent twice", func(r client.Request) client.Request {
				r.As, r.Lines = nil, []string{name + ": " + value, name + ": " + value}
				return r
			}}, spelling{"in the address", func(r client.Request) client.Request { return r.By(nil).Query("api_key", value) }})
		}
		if len(q) > 0 {
			as("with a blank behind it", value+" ")
			as("with a blank before it", " "+value)
		}
	}
	return out
}

// percent encodes the first letter, which no rule asks for and every decoder undoes.
func percent(value string) string {
	if value == "" {
		return value
	}
	return fmt.Sprintf("%%%02X", value[0]) + value[1:]
}
