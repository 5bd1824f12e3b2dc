package protocol

import (
	"crypto/tls"
	"net/http"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// secure is a shop that speaks TLS and, by preference, HTTP/2; its limit counts by what key says besides who asks.
func secure(protocols []string, key func(r *http.Request) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols}
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Strict-Transport-Security", "max-age=31536000")
				next.ServeHTTP(w, r)
			})
		})
		plain := s.Limit
		s.Limit = func(c *fixture.Call, route *fixture.Route) (string, int) {
			who, most := plain(c, route)
			return who + key(c.R), most
		}
	}
}

func insecure(_ *fixture.Shop, o *api.Options) { o.Insecure = true }

func version(r *http.Request) string { return r.Proto }

func none(*http.Request) string { return "" }

var both, elder = []string{"h2", "http/1.1"}, []string{"http/1.1"}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a counter for each version", Kind: fixture.Vulnerable, Make: secure(both, version), Tune: insecure},
	{Name: "a counter for each elder version", Kind: fixture.Vulnerable, Make: secure(elder, version), Tune: insecure},
	{Name: "one counter", Kind: fixture.Fixed, Make: secure(both, none), Tune: insecure},
	{Name: "one counter, HTTP/1 only", Kind: fixture.Fixed, Make: secure(elder, none), Tune: insecure},
	{Name: "one counter, with noise", Kind: fixture.Noisy, Make: secure(both, none), Tune: insecure},
}
