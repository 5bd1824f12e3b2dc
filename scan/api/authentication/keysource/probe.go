// Package keysource sends tokens that say where the key to verify them is, and waits there.
package keysource

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/jwt"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/keysource", Title: "A token says where its key is, and is believed", Severity: scan.Critical, CWE: []int{347, 918},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Token, Whole: true,
	Fix: "Take keys from the one address in your settings, find them there by kid, and ignore jku, x5u, x5c and jwk in tokens.",
	Run: run,
}

// answerer is a listener that answers as it is told.
type answerer interface {
	api.Listener
	Answer(token string, h http.Handler)
}

// own is the key and certificate that the forged tokens point to.
type own struct {
	key *rsa.PrivateKey
	der []byte
}

var ours = sync.OnceValues(func() (own, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return own{}, fmt.Errorf("making a key: %w", err)
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "palisade"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return own{}, fmt.Errorf("making a certificate: %w", err)
	}
	return own{key, der}, nil
})

// kid names our key in whatever carries it.
const kid = "palisade"

func (o own) set() []byte {
	b, _ := json.Marshal(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(o.key.N.Bytes()),
		"x5c": []string{base64.StdEncoding.EncodeToString(o.der)},
	}}})
	return b
}

// pointer is a header by which a token says where its key is.
type pointer struct {
	field string
	serve []byte // what is there; nil: the key is in the header itself
	media string
}

func run(ctx context.Context, l *api.Look) {
	op, c := l.Guarded(ctx)
	if op == nil {
		l.NotGuarded()
		return
	}
	who := c.Valid.Request.As
	token, err := jwt.Parse(who.Token())
	if err != nil {
		l.CannotTell(err.Error(), "give an identity whose credential is a signed JSON Web Token")
		return
	}
	mine, err := ours()
	if err != nil {
		l.CannotTell(err.Error(), "")
		return
	}
	bare := l.Ask(ctx, "control: a key of our own, and not a word of it", c.Valid.Request.Claiming(who, who.WithToken(token.With(map[string]any{"alg": "RS256", "kid": kid}).RSA(mine.key))))
	if c.LetIn(bare) {
		l.CannotTell("a signature by any key is accepted, so where the key comes from makes no difference; see api/authentication/forgedtoken", "")
		return
	}
	pointers := []pointer{
		{"x5c", nil, ""},
		{"jku", mine.set(), "application/json"},
		{"x5u", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: mine.der}), "application/x-pem-file"},
	}
	served, _ := l.Listener.(answerer)
	tried := 0
	for _, p := range pointers {
		fields := map[string]any{"alg": "RS256", "kid": kid, p.field: []string{base64.StdEncoding.EncodeToString(mine.der)}}
		at := "token " + p.field
		if p.serve != nil {
			if served == nil {
				continue
			}
			fields[p.field] = served.Address(at)
			served.Answer(at, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", p.media)
				_, _ = w.Write(p.serve)
			}))
		}
		x := l.Ask(ctx, "forged: a key of our own by "+p.field, c.Valid.Request.Claiming(who, who.WithToken(token.With(fields).RSA(mine.key))))
		if !x.Kind().Tells() && x.Status < http.StatusInternalServerError {
			continue
		}
		tried++
		if c.LetIn(x) {
			if again := l.Again(ctx, x, c); again != nil {
				found(l, op.Name(), p.field, who.Name, api.Show(c.Valid, c.Junk, x, again))
				continue
			}
		}
		if p.serve != nil && len(served.Calls(ctx, at)) > 0 {
			l.Found(api.Hit{
				Op: op, Title: "The server fetches what an unverified token names", Severity: scan.Medium, Confidence: scan.Confirmed, Param: "header:Authorization", Key: p.field + " fetched",
				Evidence: api.Show(c.Valid, x),
				Message:  fmt.Sprintf("%s fetched the address in a token's %s before anything was verified, though it then refused the token.", op.Name(), p.field),
			})
		}
	}
	switch {
	case l.Told():
	case tried == 0:
		l.CannotTell("no forged token was answered", "")
	case served == nil:
		l.CannotTell("a certificate in the token itself was refused; whether an address in it is followed cannot be seen without a listener", "give an address of this machine that the target can reach: --listener 10.0.0.5:8999")
	default:
		l.Clear("keys that tokens bring or name are not used")
	}
}

func found(l *api.Look, operation, field, name string, evidence []*client.Exchange) {
	l.Found(api.Hit{
		Confidence: scan.Confirmed, Param: "header:Authorization", Key: field, Evidence: evidence,
		Message: fmt.Sprintf("%s takes the key of a token from the token's own %s: a token that we signed is accepted as %s's. Whoever can serve a file signs in as anybody.", operation, field, name),
	})
}
