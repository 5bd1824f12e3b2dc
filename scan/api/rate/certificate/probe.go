// Package certificate asks without a certificate, with headers that claim one, and over new connections.
package certificate

import (
	"context"
	"crypto/x509"
	_ "embed"
	"fmt"
	"net/http"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/rate"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/certificate", Title: "Client certificates are not held to", Severity: scan.High, CWE: []int{295, 290, 770},
		Standards: []string{"OWASP API2:2023", "OWASP API4:2023", "PCI DSS 4.0 8.3", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.TLS | api.Certificate, Whole: true, Apart: true,
	Fix: "Verify the certificate where TLS ends, take its name from the handshake and never from a header that strangers can send, and count limits by the certificate and not by the connection.",
	Run: run,
}

// claims are headers by which proxies tell apps of a certificate. %s is the name of a real one.
var claims = []map[string]string{
	{"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-S-DN": "CN=%s"},
	{"X-Client-Verify": "SUCCESS", "X-Client-Dn": "CN=%s"},
	{"X-SSL-Client-CN": "%s"},
	{"X-Forwarded-Client-Cert": `Hash=00;Subject="CN=%s";URI=`},
	{"X-Client-Cert-Subject": "CN=%s"},
	{"Client-Cert-Subject": "CN=%s"},
	{"X-Forwarded-User": "%s"},
}

func run(ctx context.Context, l *api.Look) {
	var who *identity.Identity
	for _, i := range l.Identities {
		if i.Certificate() != nil {
			who = i
			break
		}
	}
	var op *spec.Operation
	var held, bare *client.Exchange
	let := 0
	for _, o := range l.Operations {
		if o.Method != http.MethodGet || o.Demand == spec.Open {
			continue
		}
		r := l.Request(o, who)
		with, without := l.Ask(ctx, "with the certificate of "+who.Name, r.By(who)), l.Ask(ctx, "without a certificate", r)
		if !with.OK() {
			continue
		}
		if api.TurnedAway(without) || without.Kind() == answer.Denied {
			op, held, bare = o, with, without
			break
		}
		if let++; without.OK() {
			held, bare = with, without
		}
		if let == 8 {
			break
		}
	}
	switch {
	case op == nil && let == 0:
		l.CannotTell("no operation lets "+who.Name+" in", "give an identity with a certificate that may read something")
		return
	case op == nil:
		l.Found(api.Hit{
			Confidence: scan.Firm, Key: "bare", Evidence: api.Show(held, bare),
			Message: fmt.Sprintf("%d operations that let %s in by certificate answer whoever shows none just the same.", let, who.Name),
		})
		return
	}
	claimed := claim(ctx, l, op, who, held)
	if reconnect(ctx, l, op, who) || claimed {
		return
	}
	l.Clear("without a certificate nothing is answered, headers that claim one are not believed, and a new connection changes nothing")
}

// claim shows no certificate and says by header that it had one.
func claim(ctx context.Context, l *api.Look, op *spec.Operation, who *identity.Identity, held *client.Exchange) bool {
	name := who.Name
	if leaf, err := leafOf(who); err == nil && leaf != "" {
		name = leaf
	}
	for _, headers := range claims {
		r := held.Request.By(nil)
		key := ""
		for header, value := range headers {
			if key = max(key, header); value == "SUCCESS" {
				r = r.With(header, value)
				continue
			}
			r = r.With(header, fmt.Sprintf(value, name))
		}
		x := l.Ask(ctx, "no certificate, and "+key+" says there was one", r)
		if !x.OK() || !answer.SameShape(x.Answer, held.Answer) {
			continue
		}
		again := l.Ask(ctx, x.Title+", once more", r)
		if !again.OK() {
			continue
		}
		l.Found(api.Hit{
			Op: op, Severity: scan.Critical, Confidence: scan.Confirmed, Param: "header:" + key, Key: "claim", Evidence: api.Show(held, x, again),
			Message: fmt.Sprintf("%s believes the header %s: whoever writes it needs no certificate.", op.Name(), key),
		})
		return true
	}
	return false
}

// reconnect presses with a certificate and then connects anew.
func reconnect(ctx context.Context, l *api.Look, op *spec.Operation, who *identity.Identity) bool {
	m := rate.Press(ctx, l, op, l.Request(op, who).By(who))
	if m.Throttled == nil {
		return false
	}
	fresh := m.Request
	fresh.Fresh = true
	first := m.Passes(ctx, l, "over a new connection", fresh)
	if first == nil {
		return false
	}
	second := m.Passes(ctx, l, "over another new connection", fresh)
	if second == nil {
		return false
	}
	l.Found(api.Hit{
		Op: op, Confidence: scan.Confirmed, Key: "connection", Evidence: append(first, second[1]),
		Message: fmt.Sprintf("%s refuses the certificate of %s after %d requests, and serves it over a new connection: the limit counts by connection.", op.Name(), who.Name, m.Sent),
	})
	return true
}

// leafOf is the common name in an identity's certificate.
func leafOf(who *identity.Identity) (string, error) {
	cert := who.Certificate()
	if cert.Leaf != nil {
		return cert.Leaf.Subject.CommonName, nil
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return "", err
	}
	return leaf.Subject.CommonName, nil
}
