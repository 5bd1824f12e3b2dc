package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"sync"
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
)

// keys are made once: a certificate for each of two people, signed by themselves. The shop knows both by heart.
var keys = sync.OnceValue(func() map[string]tls.Certificate {
	all := map[string]tls.Certificate{}
	for i, name := range []string{"alice", "bob"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic("making a key: " + err.Error())
		}
		t := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(240 * time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
		if err != nil {
			panic("making a certificate: " + err.Error())
		}
		all[name] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	return all
})

// shown is whose certificate a request came with.
func shown(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	for name, cert := range keys() {
		if string(cert.Certificate[0]) == string(r.TLS.PeerCertificates[0].Raw) {
			return name
		}
	}
	return ""
}

func mutual(more func(s *fixture.Shop)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert}
		s.Who = func(r *http.Request) (*fixture.User, bool) { return s.User(shown(r)), false }
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Strict-Transport-Security", "max-age=31536000")
				next.ServeHTTP(w, r)
			})
		})
		more(s)
	}
}

func people(_ *fixture.Shop, o *api.Options) {
	o.Insecure = true
	o.Identities = []*identity.Identity{identity.WithCertificate("alice", "", keys()["alice"]), identity.WithCertificate("bob", "", keys()["bob"])}
}

// Samples are shops that hold to certificates more and less.
var Samples = []fixture.Sample{
	{Name: "none is needed", Kind: fixture.Vulnerable, Tune: people, Make: mutual(func(s *fixture.Shop) {
		s.Who = func(r *http.Request) (*fixture.User, bool) {
			if name := shown(r); name != "" {
				return s.User(name), false
			}
			return s.User("alice"), false
		}
	})},
	{Name: "a header is believed", Kind: fixture.Vulnerable, Tune: people, Make: mutual(func(s *fixture.Shop) {
		s.Who = func(r *http.Request) (*fixture.User, bool) {
			if r.Header.Get("X-SSL-Client-S-DN") == "CN=alice" {
				return s.User("alice"), false
			}
			return s.User(shown(r)), false
		}
	})},
	{Name: "by connection", Kind: fixture.Vulnerable, Tune: people, Make: mutual(func(s *fixture.Shop) {
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) { return c.R.RemoteAddr + r.Pattern, 20 }
	})},
	{Name: "by certificate", Kind: fixture.Fixed, Tune: people, Make: mutual(func(*fixture.Shop) {})},
	{Name: "demanded in the handshake", Kind: fixture.Fixed, Tune: people, Make: mutual(func(s *fixture.Shop) { s.TLS.ClientAuth = tls.RequireAnyClientCert })},
}
